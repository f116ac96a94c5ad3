"""The demonstration: the whole service, a synthetic caller who is certified, and another who is not."""
