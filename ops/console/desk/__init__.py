"""The desk: somebody found by number or telephone, where they stand, and what a clerk does for them at the counter."""
