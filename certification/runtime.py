"""What the edges hand in: settings, sessions, keys, rules, the queue, time and chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random, SystemRandom
from types import MappingProxyType

from sqlalchemy.orm import Session, sessionmaker

from certification.keys import KeyRing
from certification.regions import Regions
from certification.settings import Settings
from certification.store import open_sessions
from certification.store.sessions import Enqueue

DIALECTS = MappingProxyType({"mandarin": ("普通话",), "cantonese": ("粤语",), "sichuanese": ("四川话",)})


class QueueUnavailable(OSError):
    """The queue cannot take a job now. The row it was for is committed, and the sweep finds it."""


def utc_now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything the domain needs and does not make itself. `enqueue(job, identifier)` raises QueueUnavailable.

    `dialects`: what the line speaks, by code, each with its names in Chinese, the usual one first.
    """

    settings: Settings
    sessions: sessionmaker[Session]
    keys: KeyRing
    regions: Regions
    enqueue: Enqueue
    now: Callable[[], datetime]
    random: Random
    dialects: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: DIALECTS)

    @classmethod
    def of(cls, settings: Settings, enqueue: Enqueue) -> Runtime:
        """The runtime of a real process, as its settings say."""
        return cls(
            settings=settings,
            sessions=open_sessions(settings.database_url),
            keys=KeyRing.from_text(settings.keys),
            regions=Regions.load(settings.regions, settings.default_region),
            enqueue=enqueue,
            now=utc_now,
            random=SystemRandom(),
        )
