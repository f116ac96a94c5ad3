"""What stands about a number: no reminders, nothing arrives there; found again under a newer key."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from certification import standings
from certification.keys import KeyRing
from certification.runtime import Runtime
from certification.store import JournalEntry, NumberStanding

NUMBER, OTHER = "+8613888000001", "+8613888000002"


def test_reminders_are_stopped_and_started_once(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        assert not standings.opted_out(session, rt.keys, NUMBER)
        assert not standings.opt_in(session, rt, NUMBER)
        assert [standings.opt_out(session, rt, NUMBER) for _ in range(2)] == [True, False]
        assert standings.opted_out(session, rt.keys, NUMBER)
        assert not standings.opted_out(session, rt.keys, OTHER)
        assert [standings.opt_in(session, rt, NUMBER) for _ in range(2)] == [True, False]
        assert not standings.opted_out(session, rt.keys, NUMBER)
        assert standings.opt_out(session, rt, NUMBER)
    with rt.sessions() as session:
        assert len(session.scalars(select(NumberStanding)).all()) == 1
        entries = session.scalars(select(JournalEntry).order_by(JournalEntry.seq)).all()
    assert [one.action.split()[1] for one in entries] == ["stopped", "started", "stopped"]
    assert not [one for one in entries if NUMBER[3:] in f"{one.subject}{one.detail}"]


def test_a_fault_stands_until_something_comes_from_there(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        standings.opt_out(session, rt, NUMBER)
        assert not standings.works(session, rt, NUMBER)
        assert [standings.mark_fault(session, rt, NUMBER, "30005") for _ in range(2)] == [True, False]
        assert standings.mark_fault(session, rt, OTHER, "21614")
        assert standings.mark_fault(session, rt, NUMBER, "30006" * 20)
        assert standings.fault_of(session, rt.keys, NUMBER) == ("30006" * 20)[:60]
        assert [standings.works(session, rt, NUMBER) for _ in range(2)] == [True, False]
        assert standings.fault_of(session, rt.keys, NUMBER) is None
        assert standings.fault_of(session, rt.keys, OTHER) == "21614"
        assert standings.opted_out(session, rt.keys, NUMBER)


def test_a_newer_key_forgets_nothing(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        standings.opt_out(session, rt, NUMBER)
        standings.mark_fault(session, rt, NUMBER, "30005")
    newer = replace(rt, keys=KeyRing.from_text(f"{KeyRing.generate_text('newer')},{rt.settings.keys}"))
    with rt.sessions.begin() as session:
        assert standings.opted_out(session, newer.keys, NUMBER)
        assert not standings.opt_out(session, newer, NUMBER)
        assert standings.fault_of(session, newer.keys, NUMBER) == "30005"
        assert standings.mark_fault(session, newer, NUMBER, "30006")
        assert standings.works(session, newer, NUMBER)
        assert standings.fault_of(session, newer.keys, NUMBER) is None
        assert standings.opt_in(session, newer, NUMBER)
        assert not standings.opted_out(session, newer.keys, NUMBER)
