"""Whole calls over sockets: real processes, real models, real recordings of the tuning speakers."""
