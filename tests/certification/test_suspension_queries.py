"""What is asked of the database to say whom to suspend: as much for many as for one, and of each their own."""

from __future__ import annotations

from certification import certifying
from certification.contacts import Channel
from certification.runtime import Runtime
from certification.store import Assessment, Call
from certification.suspension.checks import Block, before_signing
from certification.suspension.histories import Overdue, histories, overdue
from tests.certification import suspending
from tests.certification.conftest import MORNING, Clock
from tests.certification.suspending import OVER, REGION, pensioner, tried
from tests.certification.test_opening import statements


def known(rt: Runtime) -> list[Overdue]:
    """What is on record of everybody whose period is over."""
    with rt.sessions() as session:
        return list(histories(session, rt, REGION, overdue(session, REGION, certifying.day_of(rt.now()))))


def asked(rt: Runtime) -> int:
    """How many statements that takes."""
    return len(statements(rt, lambda: known(rt)))


def test_for_many_people_no_more_is_asked_than_for_one(rt: Runtime, clock: Clock) -> None:
    suspending.overdue(rt, clock)
    few = asked(rt)
    for year in range(1951, 1956):
        suspending.overdue(rt, clock, year=year)
    assert (asked(rt), len(known(rt))) == (few, 6)


def test_whoever_was_tried_on_one_channel_borrows_none_of_others(rt: Runtime, clock: Clock) -> None:
    clock.at, theirs = MORNING, dict[str, frozenset[str]]()
    with rt.sessions.begin() as session:
        for year, channels in ((1950, (Channel.SMS,)), (1951, (Channel.CALL, Channel.CALL)), (1952, ())):
            person = pensioner(session, rt, year)
            certifying.current_period(session, rt, person)
            tried(session, rt, person, *channels)
            theirs[person.id] = frozenset(one.value for one in channels)
    clock.at = OVER
    assert {one.person_id: one.history.channels for one in known(rt)} == theirs


def test_a_voice_that_is_not_weighed_yet_holds_whoever_it_is_of(rt: Runtime, clock: Clock) -> None:
    wu, other = suspending.overdue(rt, clock), suspending.overdue(rt, clock, year=1951)
    with rt.sessions.begin() as session:
        call = Call(sid="CA1", started_at=rt.now(), touched_at=rt.now(), state={})
        session.add(call)
        session.flush()
        voice = {"purpose": "certify", "recordings": [], "asked_at": rt.now(), "state": "pending"}
        session.add(Assessment(call_id=call.id, person_id=wu.id, **voice))
    held = {one.person_id: before_signing(one.history) for one in known(rt)}
    assert held == {wu.id: (Block.OPEN_CASE,), other.id: ()}
