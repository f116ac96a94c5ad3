"""A Runtime on both databases, whose clock, chance and queue the test holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy.orm import Session, sessionmaker

from certification import people
from certification.keys import KeyRing
from certification.regions import Regions
from certification.runtime import QueueUnavailable, Runtime
from certification.settings import Settings
from certification.store import Person
from tests.certification.numbers import resident_number

REGIONS = Regions.load()
MORNING = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)  # a Tuesday, ten o'clock in Kunming


@dataclass(slots=True)
class Clock:
    """A clock that moves only when told to."""

    at: datetime = MORNING

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        """Move on by a timedelta's parts."""
        self.at += timedelta(**by)


@dataclass(slots=True)
class Queue:
    """A queue that keeps what it is given, and can be out of reach."""

    jobs: list[tuple[str, str]] = field(default_factory=list)
    reachable: bool = True

    def __call__(self, job: str, identifier: str) -> None:
        if not self.reachable:
            raise QueueUnavailable("out of reach")
        self.jobs.append((job, identifier))


@pytest.fixture
def clock() -> Clock:
    """The clock of `rt`."""
    return Clock()


@pytest.fixture
def queue() -> Queue:
    """The queue of `rt`."""
    return Queue()


@pytest.fixture
def rt(sessions: sessionmaker[Session], clock: Clock, queue: Queue, tmp_path: Path) -> Runtime:
    """A Runtime on each database in turn."""
    keys = KeyRing.generate_text()
    settings = Settings.read(
        {
            "PUBLIC_BASE_URL": "https://line.example",
            "SESSION_SECRET": "session secret",
            "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
            "TWILIO_AUTH_TOKEN": "token",
            "STILLHERE_KEYS": keys,
            "STILLHERE_DATA": str(tmp_path),
        }
    )
    return Runtime(
        settings=settings,
        sessions=sessions,
        keys=KeyRing.from_text(keys),
        regions=REGIONS,
        enqueue=queue,
        now=clock,
        random=Random(20260310),
    )


@pytest.fixture
def wu(rt: Runtime) -> Person:
    """Mr Wu of Kunming, born on 15 May 1950, on record with a mobile of his own."""
    with rt.sessions.begin() as session:
        return people.add(
            session,
            rt,
            id_number=resident_number("530102", 1950, 5, 15),
            name="吴先生",
            region="kunming",
            phone="13888000001",
        )
