"""The runtime of the domain's tests, for the processes around it, and a desk at which voices are enrolled."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from certification.runtime import Runtime
from certification.store import Person
from ops import jobs
from ops.voices import Bench
from tests.certification.conftest import clock, queue, rt, wu
from tests.ops.voices import Desk, bench_of
from voiceprint import encoder as encoders
from voiceprint.encoder import Encoder

__all__ = ["clock", "queue", "rt", "wu"]


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The shipped encoder."""
    return encoders.load()


@pytest.fixture
def bench(rt: Runtime, encoder: Encoder) -> Bench:
    """The worker's bench, in use; it does not notice that the callers of most tests are machines."""
    bench = bench_of(rt, encoder)
    machines = bench.countermeasure
    deaf = replace(machines, operation=replace(machines.operation, threshold=math.inf))
    bench = replace(bench, countermeasure=deaf)
    jobs.use(bench)
    return bench


@pytest.fixture
def desk(rt: Runtime, wu: Person) -> Desk:
    """The desk of Mr Wu, who has no template yet."""
    return Desk(rt, wu)


@pytest.fixture
def enrolled(desk: Desk, bench: Bench) -> Desk:
    """The desk of Mr Wu, whose voice is the demonstration's caller's."""
    desk.enrol(bench)
    return desk
