"""A period that opens again: to its former last day, and with the ladder from its first rung."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from certification import certifying, people
from certification.evidence import Kind
from certification.ladder import climbing
from certification.runtime import Runtime
from certification.store import Climb, Period, Person
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.test_withdrawing import periods, put_back, recorded, take_back


def of_beijing(rt: Runtime) -> Person:
    """Somebody of a place where a year counts from the last success."""
    with rt.sessions.begin() as session:
        number = resident_number("110101", 1950, 5, 15)
        return people.add(session, rt, id_number=number, name="吴先生", region="beijing")


def test_where_a_year_counts_from_the_success_the_last_day_is_as_before(rt: Runtime, clock: Clock) -> None:
    person = of_beijing(rt)
    with rt.sessions.begin() as session:
        certifying.current_period(session, rt, session.get_one(Person, person.id))
    before = periods(rt, person)
    clock.forward(days=40)
    first = recorded(rt, person, Kind.DESK)
    counted = periods(rt, person)
    clock.forward(days=20)
    second = recorded(rt, person, Kind.VISIT)
    assert before[0][1] != counted[0][1] != periods(rt, person)[0][1]
    assert take_back(rt, second)
    assert periods(rt, person) == counted, "the first counts, for as long as it did"
    assert take_back(rt, first)
    assert periods(rt, person) == before
    assert put_back(rt, second)
    assert periods(rt, person)[0][2] == second


def test_of_long_ago_the_last_day_is_reckoned_anew_and_a_followed_period_keeps_its_own(
    rt: Runtime, clock: Clock
) -> None:
    person = of_beijing(rt)
    with rt.sessions.begin() as session:
        certifying.current_period(session, rt, session.get_one(Person, person.id))
    before = periods(rt, person)
    clock.forward(days=40)
    evidence = recorded(rt, person, Kind.DESK)
    with rt.sessions.begin() as session:
        session.scalars(select(Period)).one().due_before = None  # before anybody noted it
    assert take_back(rt, evidence) and periods(rt, person) == before
    assert put_back(rt, evidence)
    followed = periods(rt, person)[0][1]
    clock.at += timedelta(days=(followed - clock.at.date()).days + 2)
    with rt.sessions.begin() as session:
        certifying.current_period(session, rt, session.get_one(Person, person.id))
    assert take_back(rt, evidence)
    assert periods(rt, person)[0][1:] == (followed, None)


def test_whoever_is_late_by_then_goes_up_the_ladder_from_its_first_rung(rt: Runtime, wu: Person, clock: Clock) -> None:
    evidence = recorded(rt, wu, Kind.DESK)
    with rt.sessions.begin() as session:
        period = session.scalars(select(Period)).one()
    clock.forward(days=60)
    with rt.sessions() as session:
        assert climbing.overdue(session, rt) == []
    assert take_back(rt, evidence)
    with rt.sessions.begin() as session:
        assert climbing.overdue(session, rt) == [period.id]
        person = session.get_one(Person, wu.id)
        assert climbing.begin(session, rt, person, session.get_one(Period, period.id))
    with rt.sessions.begin() as session:
        climb = session.scalars(select(Climb)).one()
        clock.forward(hours=1)
        assert climbing.climb(session, rt, climb.id)
    assert put_back(rt, evidence)
    with rt.sessions.begin() as session:
        clock.forward(hours=1)
        assert climbing.climb(session, rt, climb.id)
    assert take_back(rt, evidence)
    with rt.sessions() as session:
        anew = session.scalars(select(Climb)).one()
        assert (anew.rung, anew.began_at, anew.stopped_at) == (None, rt.now(), None)
        assert anew.id != climb.id
