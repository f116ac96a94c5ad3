"""The runtime of the domain's tests, for the processes around it."""

from tests.certification.conftest import clock, queue, rt

__all__ = ["clock", "queue", "rt"]
