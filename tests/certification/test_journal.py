"""The journal's chain holds, notices what is done to it, and takes writers at the same time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, sessionmaker

from certification import journal
from certification.store import JournalEntry, JournalHead
from tests.certification.conftest import MORNING
from tests.certification.together import at_once


def fill(sessions: sessionmaker[Session], entries: int = 3) -> None:
    for number in range(entries):
        with sessions.begin() as session:
            journal.write(session, MORNING, "clerk", "person added", f"person:{number}", 姓="吴", number=number)


def verdict(sessions: sessionmaker[Session]) -> journal.Verified | journal.Broken:
    with sessions() as session:
        return journal.verify(session)


def test_an_empty_journal_is_whole(sessions: sessionmaker[Session]) -> None:
    assert verdict(sessions) == journal.Verified(0, journal.BEGINNING)


def test_entries_follow_each_other(sessions: sessionmaker[Session]) -> None:
    fill(sessions)
    with sessions.begin() as session:
        journal.write(session, MORNING, "clerk", "PIN set", "person:1")
        journal.write(session, MORNING, "clerk", "PIN set", "person:2")
    with sessions() as session:
        entries = session.scalars(select(JournalEntry).order_by(JournalEntry.seq)).all()
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry.previous for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]
    assert verdict(sessions) == journal.Verified(5, entries[-1].hash)


def test_whatever_a_stranger_sent_can_be_journalled(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        journal.write(session, MORNING, "carrier", "request refused", "/\0\ud800" + "x" * 500, query="\0\ud800吴")
    assert isinstance(verdict(sessions), journal.Verified)


def test_what_is_rolled_back_was_never_written(sessions: sessionmaker[Session]) -> None:
    fill(sessions, 1)
    with sessions() as session:
        journal.write(session, MORNING, "clerk", "PIN set", "person:1")
        session.rollback()
        session.commit()
    match verdict(sessions):
        case journal.Verified(entries, _):
            assert entries == 1
        case broken:
            pytest.fail(str(broken))


def test_an_entry_waits_through_savepoints(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        journal.write(session, MORNING, "clerk", "PIN set", "person:1")
        session.begin_nested().commit()
        assert session.get(JournalEntry, 1) is None
        session.begin_nested().rollback()
        session.commit()
        assert session.get(JournalEntry, 1) is not None


@pytest.mark.parametrize("change", [{"actor": "nobody"}, {"action": "x"}, {"subject": "x"}, {"detail": "{}"}])
def test_an_altered_entry_breaks_the_chain(sessions: sessionmaker[Session], change: dict[str, str]) -> None:
    fill(sessions)
    with sessions.begin() as session:
        session.execute(update(JournalEntry).where(JournalEntry.seq == 2).values(**change))
    assert verdict(sessions) == journal.Broken(2, "altered")


def test_a_missing_entry_breaks_the_chain(sessions: sessionmaker[Session]) -> None:
    fill(sessions)
    with sessions.begin() as session:
        session.execute(delete(JournalEntry).where(JournalEntry.seq == 2))
    assert verdict(sessions) == journal.Broken(2, "missing")


def test_a_rewritten_entry_breaks_the_next(sessions: sessionmaker[Session]) -> None:
    fill(sessions)
    with sessions.begin() as session:
        second = session.get_one(JournalEntry, 2)
        second.actor = "nobody"
        second.hash = journal.link(second)
    assert verdict(sessions) == journal.Broken(3, "does not follow the entry before it")


def test_a_cut_end_is_noticed_by_the_head(sessions: sessionmaker[Session]) -> None:
    fill(sessions)
    with sessions.begin() as session:
        session.execute(delete(JournalEntry).where(JournalEntry.seq == 3))
    assert verdict(sessions) == journal.Broken(3, "the head names another end")
    with sessions.begin() as session:
        session.execute(delete(JournalHead))
    assert verdict(sessions) == journal.Broken(3, "the head names another end")


def test_writers_at_the_same_time_make_one_chain(sessions: sessionmaker[Session]) -> None:
    def write() -> None:
        for number in range(5):
            with sessions.begin() as session:
                journal.write(session, MORNING, "writer", "counted", "test", number=number)

    at_once(4, write)
    found = verdict(sessions)
    assert isinstance(found, journal.Verified)
    assert found.entries == 20


def test_what_one_act_does_many_times_over_is_written_once_in_a_while(sessions: sessionmaker[Session]) -> None:
    def hear(minutes: int, actor: str = "li", case: str = "1") -> None:
        with sessions.begin() as session:
            at, quarter = MORNING + timedelta(minutes=minutes), timedelta(minutes=15)
            journal.write_once(session, at, quarter, actor, "recording listened to", "recording:1", case=case)

    hear(0)
    for minutes in (1, 14):
        hear(minutes)
    hear(2, actor="wang")
    hear(2, case="2")
    hear(15)
    with sessions() as session:
        found = session.execute(select(JournalEntry.actor, JournalEntry.detail).order_by(JournalEntry.seq)).all()
    assert found == [("li", '{"case":"1"}'), ("wang", '{"case":"1"}'), ("li", '{"case":"2"}'), ("li", '{"case":"1"}')]
    assert isinstance(verdict(sessions), journal.Verified)
