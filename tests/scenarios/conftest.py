"""An office with a database of its own for each scenario, and one running service for the calls that need a voice."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from certification.settings import Settings
from ops import compose
from ops.switch import Call
from tests.conversations.conftest import regions, town
from tests.conversations.speakers import Speaker
from tests.conversations.town import Resident, Town
from tests.conversations.walks import understood
from tests.ops.test_commands import settings
from tests.scenarios.place import Place
from tests.sms.outbox.conftest import redis_url

__all__ = ["redis_url", "regions", "settings", "town"]


@dataclass(frozen=True, slots=True)
class Certified:
    """Somebody of Kunming, and the call by which they certified."""

    resident: Resident
    call: Call


@pytest.fixture(scope="session")
def certified(town: Town, shared: Path) -> Certified:
    """A real voice that certifies over the running service, heard to the end."""
    speaker = Speaker(shared, "s25")  # as in most conversations: these test the way, not the models
    resident = town.resident(region="kunming", voice=speaker)
    return Certified(resident, understood(resident, speaker.repeats).ended())


@pytest.fixture
def place(settings: dict[str, str], migrated_sqlite: Path) -> Iterator[Place]:
    """An office that has just been set up."""
    yield from _set_up(settings, migrated_sqlite)


@pytest.fixture
def in_writing(settings: dict[str, str], migrated_sqlite: Path, redis_url: str) -> Iterator[Place]:
    """An office whose line writes texts, too."""
    yield from _set_up(settings | {"SMS_PROVIDERS": "console", "REDIS_URL": redis_url}, migrated_sqlite)


def _set_up(settings: dict[str, str], migrated_sqlite: Path) -> Iterator[Place]:
    shutil.copy(migrated_sqlite, Path(settings["STILLHERE_DATA"]) / "stillhere.db")
    rt = compose.runtime(Settings.read(settings))
    yield Place(settings, rt)
    rt.sessions.kw["bind"].dispose()
