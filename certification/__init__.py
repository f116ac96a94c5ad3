"""The domain: who must certify, by when, what evidence counts, and what was decided."""
