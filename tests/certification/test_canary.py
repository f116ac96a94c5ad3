"""A key ring that is not this database's is noticed; a newer key before the older ones is none of that."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session, sessionmaker

from certification import canary
from certification.canary import KeysOfAnother
from certification.keys import KeyRing
from tests.certification.conftest import MORNING
from tests.certification.together import at_once

FIRST, NEWER, OTHER = KeyRing.generate_text("first"), KeyRing.generate_text("newer"), KeyRing.generate_text("first")


def check(sessions: sessionmaker[Session], ring: str) -> None:
    canary.check(sessions, KeyRing.from_text(ring), MORNING)


def test_the_same_ring_passes_whenever_it_comes(sessions: sessionmaker[Session]) -> None:
    check(sessions, FIRST)
    check(sessions, FIRST)


@pytest.mark.parametrize("ring", [OTHER, NEWER, f"{NEWER},{OTHER}"], ids=["other", "newer", "both"])
def test_a_ring_without_the_database_s_key_is_named(sessions: sessionmaker[Session], ring: str) -> None:
    check(sessions, FIRST)
    with pytest.raises(KeysOfAnother, match="STILLHERE_KEYS is not the key ring of this database") as caught:
        check(sessions, ring)
    assert "放回" in caught.value.zh
    check(sessions, FIRST)


def test_a_ring_that_still_holds_the_old_key_passes(sessions: sessionmaker[Session]) -> None:
    check(sessions, FIRST)
    check(sessions, f"{NEWER},{FIRST}")
    check(sessions, FIRST)


def test_processes_that_start_together_agree(sessions: sessionmaker[Session]) -> None:
    at_once(4, lambda: check(sessions, FIRST))
