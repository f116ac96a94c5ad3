"""Refusals at the door: journalled in sums, and none lost while the database is away."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from sqlalchemy import select

from certification.refusals import ACTION, Refusals
from certification.runtime import Runtime
from certification.store import JournalEntry
from tests.certification.away import FailingOnce

NEVER_S = 3600.0


def sums(rt: Runtime) -> list[tuple[str, str]]:
    """What the journal says of refusals: the route and the rest."""
    with rt.sessions() as session:
        entries = select(JournalEntry.subject, JournalEntry.detail).where(JournalEntry.action == ACTION)
        return [(subject, detail) for subject, detail in session.execute(entries.order_by(JournalEntry.seq))]


def test_refusals_are_journalled_in_sums(rt: Runtime) -> None:
    refusals = Refusals(rt, NEVER_S)
    for route in ("/voice", "/media", "/voice"):
        refusals.count(route)
    assert refusals.write()
    assert refusals.write()
    assert sums(rt) == [("/voice", '{"times":2}'), ("/media", '{"times":1}')]


def test_what_was_counted_while_the_database_was_away_is_not_lost(
    rt: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    refusals = Refusals(replace(rt, sessions=FailingOnce(rt.sessions)), NEVER_S)
    refusals.count("/voice")
    assert not refusals.write()
    assert "1 to be journalled later" in caplog.text
    refusals.count("/voice")
    assert refusals.write()
    assert sums(rt) == [("/voice", '{"times":2}')]


def test_the_timer_tries_again_by_itself(rt: Runtime) -> None:
    Refusals(replace(rt, sessions=FailingOnce(rt.sessions)), 0.05).count("/voice")
    for _ in range(100):
        if sums(rt):
            break
        time.sleep(0.05)
    assert sums(rt) == [("/voice", '{"times":1}')]
