"""The suspension firewall: who may be suspended, the lists that say so, their signatures, and payment made again."""
