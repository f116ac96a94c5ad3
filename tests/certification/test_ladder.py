"""The ladder: rungs that can serve, waits that count from what was really done, and a success that stops it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from certification import bereavement, certifying, contacts, needs, outages, people, visits
from certification.bereavement import Verdict
from certification.contacts import REAL, Channel, Outcome
from certification.evidence import Kind, Strength
from certification.ladder import climbing
from certification.ladder.steps import Rung, Standing, Who, next_rung
from certification.needs import Declared
from certification.periods import Dates, Interval, Kept, add_months, span
from certification.runtime import Runtime
from certification.store import Case, Climb, Contact, Period, Person, Visit, only_read
from tests.certification.conftest import MORNING, Clock
from tests.certification.numbers import resident_number
from tests.certification.reached import really_tried
from tests.certification.test_periods import days, intervals, lives
from tests.certification.together import at_once

RUNGS = [Rung(name, timedelta(days=7)) for name in ("message", "call", "operator", "visit")]
ANYBODY = Who(frozenset(), mobile=True, phone=True, age=70, failures=0)
whos = st.builds(
    Who,
    st.frozensets(st.sampled_from(list(Declared))),
    st.booleans(),
    st.booleans(),
    st.integers(50, 110),
    st.integers(0, 3),
)


def standing(rung: int, outcome: Outcome, days: float, made: bool = True, still: float = 0) -> Standing:
    at = MORNING - timedelta(days=days)
    return Standing(rung, at, outcome, at if made else None, timedelta(days=still))


@given(whos)
def test_whoever_they_are_they_begin_where_they_can_be_reached_and_end_at_home(who: Who) -> None:
    rung: int | None = None
    climbed: list[str] = []
    for _ in RUNGS:
        now = None if rung is None else standing(rung, Outcome.FAILED, 0)
        rung = next_rung(RUNGS, who, now, MORNING)
        if rung is None:
            break
        climbed.append(RUNGS[rung].name)
    assert climbed == sorted(climbed, key=[one.name for one in RUNGS].index)
    assert climbed[-1] == "visit"
    assert "message" not in climbed or (who.mobile and Declared.NO_MOBILE not in who.needs)
    if who.needs & {Declared.CANNOT_SPEAK, Declared.HARD_OF_HEARING}:
        assert not {"call", "operator"} & set(climbed)


@given(st.sampled_from(list(Outcome)), st.floats(0, 30), st.floats(0, 10))
def test_a_rung_is_left_when_its_time_is_over_and_no_sooner(outcome: Outcome, days: float, still: float) -> None:
    found = next_rung(RUNGS, ANYBODY, standing(0, outcome, days, outcome in REAL, still), MORNING)
    over = outcome in (Outcome.FAILED, Outcome.UNDELIVERED) or timedelta(days=days) >= timedelta(days=7 + still)
    assert found == (1 if over else None)


def test_the_top_is_the_end() -> None:
    assert next_rung(RUNGS, ANYBODY, standing(3, Outcome.WENT, 99), MORNING) is None


@pytest.mark.parametrize(
    ("who", "first"),
    [
        (ANYBODY, False),
        (replace(ANYBODY, age=80), True),
        (replace(ANYBODY, needs=frozenset({Declared.ALONE})), True),
        (replace(ANYBODY, needs=frozenset({Declared.ILLNESS})), True),
        (replace(ANYBODY, needs=frozenset({Declared.SOLE_INCOME})), True),
        (replace(ANYBODY, needs=frozenset({Declared.HARD_OF_HEARING})), False),
        (replace(ANYBODY, failures=1), True),
    ],
)
def test_the_old_the_ill_and_those_alone_go_first(who: Who, first: bool) -> None:
    assert who.goes_first(80, ("alone", "illness", "sole_income", "failures")) is first
    assert not replace(who, age=70).goes_first(80, ())


@given(intervals, lives(), days)
def test_no_open_period_is_longer_than_the_sweep_looks_back(
    interval: Interval, life: tuple[Dates, list[Kept]], day: date
) -> None:
    found = span(interval, life[0], day, life[1])
    closed = [one.span for one in life[1] if one.success is not None]
    assert found in closed or found.due < add_months(found.opens, climbing.LONGEST_MONTHS)


class Town:
    """Mr Wu of Kunming, whose quarter is over, on the ladder."""

    def __init__(self, rt: Runtime, wu: Person, clock: Clock) -> None:
        self.rt, self.wu, self.clock = rt, wu, clock
        with rt.sessions.begin() as session:
            self.period = certifying.current_period(session, rt, wu).id
        clock.at = datetime.combine(certifying_due(rt, self.period), MORNING.timetz()) + timedelta(days=1)
        with rt.sessions.begin() as session:
            assert climbing.overdue(session, rt) == [self.period]
            assert climbing.begin(session, rt, session.get_one(Person, wu.id), session.get_one(Period, self.period))
            assert climbing.overdue(session, rt) == []
            [self.climb] = climbing.climbing(session, rt)

    def sweep(self) -> bool:
        with self.rt.sessions.begin() as session:
            return climbing.climb(session, self.rt, self.climb)

    def rung(self) -> str | None:
        with self.rt.sessions() as session:
            row = session.get_one(Climb, self.climb)
            return None if row.rung is None else row.rungs[row.rung][0]

    def asked(self) -> list[tuple[str, str | None]]:
        """What was asked of humans about Mr Wu, and what came of it."""
        with self.rt.sessions() as session:
            only_read(session)
            mine = select(Case.kind, Case.verdict).where(Case.person_id == self.wu.id)
            return [(kind, verdict) for kind, verdict in session.execute(mine.order_by(Case.opened_at, Case.kind))]

    def note(self, channel: Channel, rung: str, outcome: Outcome) -> None:
        with self.rt.sessions.begin() as session:
            wu, ref = session.get_one(Person, self.wu.id), climbing.attempt(self.climb, rung)
            contacts.note(session, self.rt, wu, channel=channel, ref=ref, outcome=outcome)


def certifying_due(rt: Runtime, period: str) -> datetime:
    with rt.sessions() as session:
        return session.get_one(Period, period).due  # type: ignore[return-value]


@pytest.fixture
def town(rt: Runtime, wu: Person, clock: Clock) -> Town:
    """The ladder of Mr Wu."""
    return Town(rt, wu, clock)


def test_message_call_operator_visit(town: Town) -> None:
    assert town.sweep()
    assert town.rung() == "message"
    town.note(Channel.SMS, "message", Outcome.DELIVERED)
    town.clock.forward(days=6.9)
    assert not town.sweep()
    town.clock.forward(days=0.1)
    assert town.sweep() and town.rung() == "call"
    assert town.asked() == [("to_call", None)], "the line calls nobody by itself: a human does"
    town.note(Channel.CALL, "call", Outcome.FAILED)
    assert town.sweep() and town.rung() == "operator"
    assert town.asked() == [("to_call", "passed"), ("unreached", None)]
    town.note(Channel.OPERATOR, "operator", Outcome.RUNG)
    town.clock.forward(days=7)
    assert town.sweep() and town.rung() == "visit"
    with town.rt.sessions.begin() as session:
        assert really_tried(session, town.wu.id, MORNING) == {Channel.SMS, Channel.OPERATOR}
        [visit] = session.scalars(select(Visit)).all()
        visits.assign(session, town.rt, visit, visitor="李", on=certifying.day_of(town.rt.now()), by="s")
        text = "没人"
        visits.report(session, town.rt, visit, visitor="李", outcome=visits.Outcome.ABSENT, text=text)
    town.clock.forward(days=99)
    assert not town.sweep()
    with town.rt.sessions() as session:
        assert Channel.VISIT in really_tried(session, town.wu.id, MORNING)


def test_what_was_only_queued_is_no_attempt_and_holds_nobody_up(town: Town) -> None:
    town.sweep()
    town.clock.forward(days=7)
    assert town.sweep() and town.rung() == "call"
    with town.rt.sessions() as session:
        assert really_tried(session, town.wu.id, MORNING) == frozenset()


def test_the_call_that_was_asked_for_is_taken_back(town: Town) -> None:
    town.sweep()
    town.note(Channel.SMS, "message", Outcome.UNDELIVERED)
    assert town.sweep() and town.asked() == [("to_call", None)]
    for cause in ("nobody's", "run:1"):
        with town.rt.sessions.begin() as session:
            session.get_one(Climb, town.climb).cause = "run:1"
            session.flush()
            climbing.take_back(session, town.rt, [town.period], cause, "undone")
    assert town.asked() == [("to_call", "undone")]


def test_an_outage_prolongs_the_wait(town: Town) -> None:
    town.sweep()
    town.note(Channel.SMS, "message", Outcome.DELIVERED)
    with town.rt.sessions.begin() as session:
        outage = outages.begin(session, town.rt, "短信中断", "admin")
    town.clock.forward(days=3)
    with town.rt.sessions.begin() as session:
        outages.end(session, town.rt, session.merge(outage), "admin")
    town.clock.forward(days=6)
    assert not town.sweep()
    town.clock.forward(days=1)
    assert town.sweep() and town.rung() == "call"


def test_a_success_stops_it_and_takes_back_what_it_asked_of_humans(town: Town) -> None:
    for rung in ("message", "call", "operator", "visit"):
        assert town.sweep() and town.rung() == rung
        town.clock.forward(days=14)
    with town.rt.sessions.begin() as session:
        wu, period = session.get_one(Person, town.wu.id), session.get_one(Period, town.period)
        at = datetime.combine(period.opens, MORNING.timetz())
        desk = {"kind": Kind.DESK, "strength": Strength.OFFICIAL, "source": "desk", "ref": "1", "actor": "clerk"}
        assert certifying.record(session, town.rt, wu, observed_at=at, **desk).closed  # type: ignore[arg-type]
    assert town.sweep()
    assert not town.sweep()
    with town.rt.sessions() as session:
        assert session.get_one(Climb, town.climb).why == "certified"
        assert town.asked() == [("to_call", "passed"), ("unreached", "certified")]
        assert [visit.state for visit in session.scalars(select(Visit))] == ["dropped"]
        assert climbing.climbing(session, town.rt) == []
        period = session.get_one(Period, town.period)
        assert not climbing.begin(session, town.rt, session.get_one(Person, town.wu.id), period)


def test_a_house_of_mourning_is_left_in_peace(town: Town) -> None:
    with town.rt.sessions.begin() as session:
        wu = session.get_one(Person, town.wu.id)
        bereavement.report(session, town.rt, wu, source="sms", ref="1", by="line")
    assert not town.sweep()
    assert town.rung() is None
    with town.rt.sessions.begin() as session:
        bereavement.answer(session, town.rt, session.get_one(Person, town.wu.id), Verdict.ALIVE, "operator")
    assert town.sweep() and town.rung() == "message"


def test_whoever_cannot_speak_is_not_called(town: Town) -> None:
    with town.rt.sessions.begin() as session:
        needs.declare(session, town.rt, session.get_one(Person, town.wu.id), Declared.CANNOT_SPEAK, "clerk")
    town.sweep()
    town.note(Channel.SMS, "message", Outcome.UNDELIVERED)
    assert town.sweep() and town.rung() == "visit"


def test_sweeps_at_the_same_time_climb_one_rung(town: Town) -> None:
    assert sorted(at_once(3, town.sweep)) == [False, False, True]
    with town.rt.sessions() as session:
        assert len(session.scalars(select(Contact)).all()) == 1


def test_who_goes_first_comes_first(town: Town) -> None:
    with town.rt.sessions.begin() as session:
        number = resident_number("530102", 1940, 5, 15)
        old = people.add(session, town.rt, id_number=number, name="李", region="kunming", phone="13888000009")
        town.clock.at -= timedelta(days=20)
        period = certifying.current_period(session, town.rt, old)
        town.clock.at += timedelta(days=20)
        assert climbing.begin(session, town.rt, old, period)
        assert not climbing.begin(session, town.rt, old, period)
        first, second = (session.get_one(Climb, one) for one in climbing.climbing(session, town.rt))
        assert (first.person_id, first.first, second.person_id, second.first) == (old.id, True, town.wu.id, False)


def test_nobody_is_on_two_ladders(town: Town) -> None:
    for rung in ("message", "call", "operator"):
        assert town.sweep() and town.rung() == rung
        town.clock.forward(days=14)
    town.clock.forward(days=100)
    with town.rt.sessions.begin() as session:
        wu = session.get_one(Person, town.wu.id)
        town.clock.at -= timedelta(days=60)
        later = certifying.current_period(session, town.rt, wu)
        town.clock.at += timedelta(days=60)
        assert climbing.overdue(session, town.rt) == [later.id]
        assert climbing.begin(session, town.rt, wu, later)
        assert len(climbing.climbing(session, town.rt)) == 1
        assert session.get_one(Climb, town.climb).why == "superseded"
    assert town.asked() == [("to_call", "passed"), ("unreached", "superseded")]


@pytest.mark.parametrize(("months", "found"), [(24, 1), (26, 0)], ids=["a-long-one-ago", "longer-ago-than-any"])
def test_what_was_missed_many_years_ago_is_not_gone_through(
    rt: Runtime, wu: Person, clock: Clock, months: int, found: int
) -> None:
    with rt.sessions.begin() as session:
        due = certifying.current_period(session, rt, wu).due
    clock.at = datetime.combine(add_months(due, months), MORNING.timetz())
    with rt.sessions() as session:
        assert len(climbing.overdue(session, rt)) == found


def test_who_is_certified_for_a_later_period_is_left_alone(town: Town) -> None:
    assert town.sweep()
    with town.rt.sessions.begin() as session:
        wu = session.get_one(Person, town.wu.id)
        desk = {"kind": Kind.DESK, "strength": Strength.OFFICIAL, "source": "desk", "ref": "1", "actor": "clerk"}
        now = town.rt.now()
        assert certifying.record(session, town.rt, wu, observed_at=now, **desk).closed  # type: ignore[arg-type]
    town.clock.forward(days=7)
    assert town.sweep()
    with town.rt.sessions() as session:
        assert session.get_one(Period, town.period).closed_at is None
        assert session.get_one(Climb, town.climb).why == "certified"
        assert climbing.overdue(session, town.rt) == []
