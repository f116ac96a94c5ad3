"""Suspensions: the lists, who signs them, and payment made again."""
