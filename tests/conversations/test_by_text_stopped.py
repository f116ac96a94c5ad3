"""Somebody stopped our messages at the carrier itself: that stands until they start again, and is on record."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from certification import standings
from certification.runtime import Runtime
from certification.store import JournalEntry, Person
from tests.certification.conftest import clock, queue, rt
from tests.conversations.correspondents import WU, Writes, writes, wu

__all__ = ["clock", "queue", "rt", "writes", "wu"]
STOPPED, LANDLINE = "21610", "30006"


def mark(rt: Runtime, code: str) -> None:
    with rt.sessions.begin() as session:
        standings.mark_fault(session, rt, WU, code)


def fault(rt: Runtime) -> str | None:
    with rt.sessions() as session:
        return standings.fault_of(session, rt.keys, WU)


def found_to_work(rt: Runtime) -> list[str]:
    """The codes that were forgotten, by the journal."""
    with rt.sessions() as session:
        entries = select(JournalEntry.detail).where(JournalEntry.action == "number found to work")
        return [json.loads(one)["code"] for one in session.scalars(entries)]


@pytest.mark.parametrize("body", ["恢复", "START", "unstop", " Yes ", "我要恢复提醒"], ids=str.strip)
def test_whoever_starts_again_is_written_to_again(rt: Runtime, wu: Person, writes: Writes, body: str) -> None:
    mark(rt, STOPPED)
    writes().writes(body)
    assert (fault(rt), found_to_work(rt)) == (None, [STOPPED])


@pytest.mark.parametrize("body", ["谢谢", "退订", "是", "今天天气很好啊"])
def test_what_else_they_write_ends_no_stop_at_the_carrier(rt: Runtime, wu: Person, writes: Writes, body: str) -> None:
    mark(rt, STOPPED)
    writes().writes(body)
    assert (fault(rt), found_to_work(rt)) == (STOPPED, [])


def test_another_fault_is_forgotten_with_any_text(rt: Runtime, wu: Person, writes: Writes) -> None:
    mark(rt, LANDLINE)
    writes().writes("谢谢")
    assert (fault(rt), found_to_work(rt)) == (None, [LANDLINE])
