"""Attempts count when they were really made; outages stop the clock; what was declared once is known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from certification import contacts, needs, outages, people
from certification.contacts import REAL, AttemptOfAnother, Channel, Outcome
from certification.needs import Declared
from certification.runtime import Runtime
from certification.store import Contact, JournalEntry, Outage, Person
from tests.certification.conftest import MORNING, Clock
from tests.certification.numbers import resident_number
from tests.certification.reached import really_tried
from tests.certification.together import at_once


def note(rt: Runtime, person: Person, outcome: Outcome, ref: str = "1", channel: Channel = Channel.SMS) -> None:
    with rt.sessions.begin() as session:
        contacts.note(session, rt, person, channel=channel, ref=ref, outcome=outcome)


def tried(rt: Runtime, person: Person) -> frozenset[Channel]:
    with rt.sessions() as session:
        return really_tried(session, person.id, MORNING)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_what_was_really_made_is_an_attempt(rt: Runtime, wu: Person, outcome: Outcome) -> None:
    note(rt, wu, outcome)
    assert tried(rt, wu) == ({Channel.SMS} if outcome in REAL else set())
    none = {Outcome.QUEUED, Outcome.SENT, Outcome.FAILED, Outcome.UNDELIVERED, Outcome.BUSY}
    assert none.isdisjoint(REAL), "neither rung nor arrived"


def test_events_in_any_order_come_to_the_same_and_all_are_kept(rt: Runtime, wu: Person) -> None:
    orders = {
        "a": (Outcome.QUEUED, Outcome.SENT, Outcome.DELIVERED),
        "b": (Outcome.DELIVERED, Outcome.SENT, Outcome.QUEUED),
        "c": (Outcome.SENT, Outcome.DELIVERED, Outcome.UNDELIVERED, Outcome.DELIVERED),
    }
    for ref, outcomes in orders.items():
        for outcome in outcomes:
            note(rt, wu, outcome, ref)
    with rt.sessions() as session:
        kept = {one.ref: one for one in session.scalars(select(Contact))}
        assert {one.outcome for one in kept.values()} == {Outcome.DELIVERED}
        assert {ref: [event for event, _ in one.events] for ref, one in kept.items()} == {
            ref: [outcome.value for outcome in outcomes] for ref, outcomes in orders.items()
        }
        assert all(one.settled_at for one in kept.values())


def test_events_at_the_same_time_are_all_kept(rt: Runtime, wu: Person) -> None:
    at_once(4, lambda: note(rt, wu, Outcome.RUNG, channel=Channel.CALL))
    with rt.sessions() as session:
        assert [len(one.events) for one in session.scalars(select(Contact))] == [4]
        rung = select(func.count()).where(JournalEntry.action == "attempt rung")
        assert session.scalars(rung).one() == 1


def test_an_attempt_to_reach_somebody_else_is_none_of_theirs(rt: Runtime, wu: Person) -> None:
    note(rt, wu, Outcome.QUEUED)
    with rt.sessions.begin() as session:
        number = resident_number("530102", 1940, 5, 15)
        other = people.add(session, rt, id_number=number, name="李", region="kunming")
    with pytest.raises(AttemptOfAnother, match="联系别人"):
        note(rt, other, Outcome.DELIVERED)
    assert tried(rt, wu) == tried(rt, other) == frozenset()


def test_what_was_tried_before_does_not_count(rt: Runtime, wu: Person, clock: Clock) -> None:
    note(rt, wu, Outcome.DELIVERED)
    clock.forward(days=1)
    note(rt, wu, Outcome.RUNG, "2", Channel.CALL)
    with rt.sessions() as session:
        assert really_tried(session, wu.id, MORNING + timedelta(hours=1)) == {Channel.CALL}
    assert tried(rt, wu) == {Channel.SMS, Channel.CALL}


def test_a_service_that_was_away_notes_it_once(rt: Runtime, clock: Clock) -> None:
    def sweep() -> None:
        with rt.sessions.begin() as session:
            outages.seen(session, rt)

    sweep()
    clock.forward(minutes=15)
    sweep()
    clock.forward(hours=3)
    at_once(4, sweep)
    with rt.sessions() as session:
        [outage] = session.scalars(select(Outage)).all()
        assert outage.ended_at is not None
        assert (outage.ended_at - outage.began_at, outage.noted_by) == (timedelta(hours=3), "schedule")
        assert not outages.running(session)
        assert outages.stopped(session, MORNING, clock.at) == timedelta(hours=3)


def test_an_outage_that_somebody_notes_runs_until_it_is_ended(rt: Runtime, clock: Clock) -> None:
    with rt.sessions.begin() as session:
        outage = outages.begin(session, rt, "线路中断", "admin", MORNING - timedelta(hours=2))
        assert outages.running(session)
        assert outages.stopped(session, MORNING - timedelta(days=1), MORNING + timedelta(hours=1)) == timedelta(hours=3)
        clock.forward(hours=4)
        assert outages.end(session, rt, outage, "admin")
        assert not outages.end(session, rt, outage, "admin")
        assert not outages.running(session)
        assert outages.stopped(session, MORNING, MORNING + timedelta(days=9)) == timedelta(hours=4)


hours = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(spans=st.lists(hours, max_size=5), window=hours)
def test_time_that_stood_still_is_counted_hour_by_hour(
    sessions: sessionmaker[Session], spans: list[list[int]], window: list[int]
) -> None:
    with sessions() as session:
        for number, (began, ended) in enumerate(spans):
            at = {"began_at": MORNING + timedelta(hours=began), "ended_at": MORNING + timedelta(hours=ended)}
            session.add(Outage(id=str(number), what="x", noted_by="x", **at))
        session.flush()
        found = outages.stopped(session, *(MORNING + timedelta(hours=hour) for hour in window))
        session.rollback()
    out = {hour for began, ended in spans for hour in range(began, ended)}
    assert found == timedelta(hours=len(out & set(range(*window))))


def test_needs_are_declared_once(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        assert needs.declare(session, rt, wu, Declared.CANNOT_SPEAK, "clerk")
        assert not needs.declare(session, rt, wu, Declared.CANNOT_SPEAK, "clerk")
        assert needs.declare(session, rt, wu, Declared.ALONE, "clerk")
        assert needs.of(session, wu.id) == {Declared.CANNOT_SPEAK, Declared.ALONE}
        assert needs.withdraw(session, rt, wu, Declared.ALONE, "clerk")
        assert not needs.withdraw(session, rt, wu, Declared.ALONE, "clerk")
        assert needs.of(session, wu.id) == {Declared.CANNOT_SPEAK}
