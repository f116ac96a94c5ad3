"""The runtime of the domain's tests."""

from tests.certification.conftest import clock, queue, rt

__all__ = ["clock", "queue", "rt"]
