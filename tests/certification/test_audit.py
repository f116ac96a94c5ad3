"""The journal searched, its entries held against their neighbours, and the whole of it verified in slices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from certification import audit, journal, verification
from certification.audit import TECHNICAL, Wanted
from certification.journal import Broken, Verified
from certification.runtime import Runtime
from certification.store import JournalCheck
from tests.certification.conftest import MORNING, Clock
from tests.certification.suspending import journalled

DAY = timedelta(days=1)


def fill(rt: Runtime, days: int = 10) -> None:
    """Three entries a day, from the tenth of March on."""
    for n in range(days):
        with rt.sessions.begin() as session:
            journal.write(session, MORNING + n * DAY, "line", "call ended", f"call:{n}")
            journal.write(session, MORNING + n * DAY, "李审核", "case taken", f"case:{n % 2}", kind="voice_doubt")
            journal.write(session, MORNING + n * DAY, "cli", "staff added", f"staff:{n}")


def found(rt: Runtime, most: int = 100, before: int | None = None, **wanted: object) -> list[int]:
    with rt.sessions() as session:
        return [one.seq for one in audit.search(session, Wanted(**wanted), most, before)]  # type: ignore[arg-type]


def test_entries_are_found_by_what_whom_who_and_when_newest_first(rt: Runtime) -> None:
    fill(rt)
    assert found(rt) == list(range(30, 0, -1))
    assert found(rt, most=4, before=10) == [9, 8, 7, 6]
    assert found(rt, action="call ended") == list(range(28, 0, -3))
    assert found(rt, subject="case:1", most=3) == [29, 23, 17]
    assert found(rt, actor="李审核", subject="case:1", before=17) == [11, 5]
    assert found(rt, actor="nobody") == []
    assert found(rt, since=date(2026, 3, 18)) == [30, 29, 28, 27, 26, 25]
    assert found(rt, until=date(2026, 3, 10)) == [3, 2, 1]
    assert found(rt, since=date(2026, 3, 12), until=date(2026, 3, 13), action="staff added") == [12, 9]
    assert found(rt, since=date(2027, 1, 1)) == found(rt, until=date(2020, 1, 1)) == []


def test_of_some_kinds_the_newest_are_found_in_order(rt: Runtime) -> None:
    fill(rt)
    mine = ("case taken", "staff added", "no such")
    assert found(rt, kinds=mine, most=5) == [30, 29, 27, 26, 24]
    assert found(rt, kinds=mine, most=2, before=24) == [23, 21]
    assert found(rt, kinds=TECHNICAL, actor="cli", until=date(2026, 3, 11)) == [6, 3]
    assert found(rt, kinds=mine, action="call ended") == []
    assert found(rt, kinds=mine, action="case taken", most=1) == [29]


def test_a_day_is_shanghais_and_entries_may_be_out_of_order_by_a_transaction(rt: Runtime) -> None:
    midnight = MORNING.replace(hour=16)  # of the eleventh of March in Shanghai
    for at in (midnight - DAY / 48, midnight + DAY / 48, midnight - DAY / 96, midnight + DAY / 24):
        with rt.sessions.begin() as session:
            journal.write(session, at, "line", "call ended", "call:x")
    assert found(rt, until=date(2026, 3, 10)) == [3, 1]
    assert found(rt, since=date(2026, 3, 11)) == [4, 2]


def test_everything_is_gone_through_and_the_kinds_there_are_are_known(rt: Runtime) -> None:
    with rt.sessions() as session:
        assert audit.kinds(session) == [] and list(audit.every(session, Wanted(), 5)) == []
    fill(rt)
    with rt.sessions() as session:
        assert audit.kinds(session) == ["call ended", "case taken", "staff added"]
        assert (audit.kinds(session, "cli"), audit.kinds(session, "nobody")) == (["staff added"], [])
        for most, at_once in ((100, 7), (30, 30), (30, 10), (11, 4)):
            gone = [one.seq for one in audit.every(session, Wanted(), most, at_once)]
            assert gone == list(range(30, 0, -1))[:most], (most, at_once)


def sql(rt: Runtime, statement: str) -> None:
    with rt.sessions.begin() as session:
        session.execute(text(statement))


def relinked(rt: Runtime, seq: int) -> None:
    """Alter an entry and make its own hash anew, as somebody would who knows how."""
    with rt.sessions.begin() as session:
        [entry] = audit.search(session, Wanted(), 1, seq + 1)
        entry.actor = "somebody else"
        entry.hash = journal.link(entry)


TAMPERED: dict[str, tuple[Callable[[Runtime], None], dict[int, str]]] = {
    "altered": (lambda rt: sql(rt, "UPDATE journal SET actor = 'x' WHERE seq = 5"), {5: journal.ALTERED}),
    "altered and linked": (lambda rt: relinked(rt, 5), {5: journal.APART, 6: journal.APART}),
    "taken away": (lambda rt: sql(rt, "DELETE FROM journal WHERE seq = 5"), {4: journal.MISSING, 6: journal.MISSING}),
    "cut off": (lambda rt: sql(rt, "DELETE FROM journal WHERE seq = 30"), {29: journal.MISSING}),
    "the last altered": (lambda rt: relinked(rt, 30), {30: journal.APART}),
    "the first altered": (lambda rt: relinked(rt, 1), {1: journal.APART, 2: journal.APART}),
    "another head": (lambda rt: sql(rt, "UPDATE journal_head SET hash = 'x'"), {30: journal.APART}),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_an_entry_is_held_against_itself_and_its_neighbours(rt: Runtime, how: str) -> None:
    tamper, broken = TAMPERED[how]
    fill(rt)
    with rt.sessions() as session:
        assert audit.faults(session, audit.search(session, Wanted(), 100)) == {}
        assert audit.faults(session, []) == {}
    tamper(rt)
    with rt.sessions() as session:
        assert audit.faults(session, audit.search(session, Wanted(), 100)) == broken
    for seq, why in broken.items():  # and so it is where the entry stands alone on a page
        with rt.sessions() as session:
            assert audit.faults(session, audit.search(session, Wanted(), 1, seq + 1)) == {seq: why}


def check(rt: Runtime, slice_: int = 7) -> JournalCheck:
    """Verify the whole journal, slice by slice."""
    with rt.sessions.begin() as session:
        identifier = verification.begin(session, rt, "钱审计")
    for _ in range(100):
        with rt.sessions() as session:
            going = session.get_one(JournalCheck, identifier)
            if going.ended_at is not None:
                return going
            seen = verification.look(session, going, slice_)
        with rt.sessions.begin() as session:
            verification.note(session, rt, going, seen)
    raise AssertionError("it never ended")


@pytest.mark.parametrize("slice_", [1, 7, 15, 30, 1000])
def test_a_whole_journal_is_found_whole_and_what_was_written_meanwhile_is_the_next_ones(
    rt: Runtime, slice_: int
) -> None:
    fill(rt)
    done = check(rt, slice_)
    assert (done.seq, done.until, done.broken_at) == (30, 30, None)
    assert done.hash == done.head
    assert len(journalled(rt, "journal verified")) == len(journalled(rt, "journal verification begun")) == 1
    assert check(rt, slice_).until == 33 - 1
    with rt.sessions() as session:
        assert [one.until for one in verification.last(session, 5)] == [32, 30]
        assert isinstance(journal.verify(session), Verified)


@pytest.mark.parametrize("how", TAMPERED)
@pytest.mark.parametrize("slice_", [3, 1000])
def test_the_first_entry_that_does_not_hold_is_named(rt: Runtime, how: str, slice_: int) -> None:
    fill(rt)
    TAMPERED[how][0](rt)
    with rt.sessions() as session:
        whole = journal.verify(session)
    assert isinstance(whole, Broken)
    done = check(rt, slice_)
    assert done.why is not None
    assert done.broken_at == min(whole.seq, 30), "as the whole walk says, which names an end that is not there"
    assert len(journalled(rt, "journal found broken")) == 1


def test_an_empty_journal_is_whole(rt: Runtime) -> None:
    done = check(rt)
    assert (done.until, done.broken_at, done.ended_at) == (0, None, rt.now())


def test_what_is_beyond_the_head_is_found(rt: Runtime) -> None:
    fill(rt, days=1)
    sql(
        rt,
        "INSERT INTO journal SELECT 9, at, actor, action, subject, detail, previous, hash FROM journal WHERE seq = 3",
    )
    assert check(rt).broken_at == 9


def test_two_who_look_on_walk_no_slice_twice(rt: Runtime, clock: Clock) -> None:
    fill(rt)
    with rt.sessions.begin() as session:
        identifier = verification.begin(session, rt, "钱审计")
        assert verification.begin(session, rt, "孙管理") == identifier, "it goes on"
    with rt.sessions() as session:
        first, second = session.get_one(JournalCheck, identifier), None
        seen = verification.look(session, first, 10)
    with rt.sessions() as session:
        second = session.get_one(JournalCheck, identifier)
    clock.forward(minutes=1)
    for one in (first, second):
        with rt.sessions.begin() as session:
            verification.note(session, rt, one, seen)
    with rt.sessions() as session:
        assert session.get_one(JournalCheck, identifier).seq == 10
        going = session.get_one(JournalCheck, identifier)
    with rt.sessions.begin() as session:
        verification.note(session, rt, first, Broken(5, journal.ALTERED))
        assert session.get_one(JournalCheck, identifier).broken_at is None, "an old look says nothing"
    assert going.ended_at is None
