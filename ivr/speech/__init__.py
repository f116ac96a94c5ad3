"""Hearing: telephone audio in, the words of a small grammar out."""
