"""Evidence is recorded once, closes its period when it suffices, and gives a receipt."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from certification import certifying, people, receipts
from certification.certifying import Recorded, Status
from certification.evidence import Kind, Strength
from certification.periods import Interval
from certification.regions import SHANGHAI, Regions
from certification.runtime import Runtime
from certification.store import Evidence, JournalEntry, Period, Person
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.together import at_once


def record(
    session: Session, rt: Runtime, person: Person, kind: Kind = Kind.VOICE, ref: str = "1", at: datetime | None = None
) -> Recorded:
    strength = {Kind.VOICE: Strength.LIVE, Kind.PIN: Strength.POSSESSION, Kind.DESK: Strength.OFFICIAL}[kind]
    return certifying.record(
        session,
        rt,
        person,
        kind=kind,
        strength=strength,
        source="call",
        ref=ref,
        observed_at=at or rt.now(),
        detail={"llr": 4.2},
        actor="worker",
    )


def actions(rt: Runtime) -> list[str]:
    with rt.sessions() as session:
        written = session.scalars(select(JournalEntry.action).order_by(JournalEntry.seq)).all()
    return [action for action in written if not action.startswith("person")]


def test_a_live_voice_closes_the_quarter(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        assert certifying.status(session, rt, wu) == Status(False, date(2026, 3, 31), date(2026, 3, 31), None)
        recorded = record(session, rt, wu)
        assert recorded.closed
        assert receipts.check_digit(recorded.evidence.receipt[:-1]) == recorded.evidence.receipt[-1]
    with rt.sessions.begin() as session:
        receipt = recorded.evidence.receipt
        assert certifying.status(session, rt, wu) == Status(True, date(2026, 3, 31), date(2026, 6, 30), receipt)
        period = certifying.current_period(session, rt, wu)
        assert (period.opens, period.closed_at, period.closed_by) == (date(2026, 1, 1), rt.now(), recorded.evidence.id)
    assert actions(rt) == ["evidence recorded", "period closed"]


def test_recorded_twice_is_recorded_once(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        first = record(session, rt, wu)
    with rt.sessions.begin() as session:
        again = record(session, rt, wu)
    assert again.closed
    assert again.evidence.id == first.evidence.id
    assert again.evidence.receipt == first.evidence.receipt
    assert actions(rt) == ["evidence recorded", "period closed"]


def test_a_pin_is_recorded_and_leaves_the_period_open(rt: Runtime, wu: Person, clock: Clock) -> None:
    with rt.sessions.begin() as session:
        recorded = record(session, rt, wu, Kind.PIN)
        assert not recorded.closed
        assert receipts.check_digit(recorded.evidence.receipt[:-1]) == recorded.evidence.receipt[-1]
        assert not certifying.status(session, rt, wu).closed
        clock.forward(days=1)
        assert record(session, rt, wu, Kind.DESK).closed
    assert actions(rt) == ["evidence recorded", "evidence recorded", "period closed"]


def test_in_kunming_a_pin_closes_the_next_quarters_after_a_voice(rt: Runtime, wu: Person, clock: Clock) -> None:
    with rt.sessions.begin() as session:
        record(session, rt, wu)
        for quarter in range(1, 5):
            clock.forward(days=91)
            assert not certifying.status(session, rt, wu).closed
            assert record(session, rt, wu, Kind.PIN, f"pin {quarter}").closed
        clock.forward(days=91)
        assert not record(session, rt, wu, Kind.PIN, "pin 5").closed


def test_the_first_that_suffices_keeps_the_period(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        first = record(session, rt, wu)
        assert record(session, rt, wu, Kind.DESK).closed
        assert certifying.status(session, rt, wu).receipt == first.evidence.receipt


def test_a_call_before_midnight_weighed_after_it_counts_for_the_day_of_the_call(
    rt: Runtime, wu: Person, clock: Clock
) -> None:
    clock.at = datetime(2026, 3, 31, 16, 5, tzinfo=UTC)  # five past midnight on 1 April in Kunming
    with rt.sessions.begin() as session:
        recorded = record(session, rt, wu, at=datetime(2026, 3, 31, 15, 55, tzinfo=UTC))
        assert recorded.closed
        assert not certifying.status(session, rt, wu).closed
        assert session.scalars(select(Period.opens).where(Period.closed_at.is_not(None))).all() == [date(2026, 1, 1)]


def test_a_taken_receipt_number_is_drawn_again(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        seed = rt.random.getstate()
        first = record(session, rt, wu)
        rt.random.setstate(seed)
        second = record(session, rt, wu, ref="2")
        assert second.evidence.receipt != first.evidence.receipt


def test_recorded_by_several_at_the_same_time_is_recorded_once(rt: Runtime, wu: Person) -> None:
    def weigh() -> tuple[str, bool]:
        with rt.sessions.begin() as session:
            recorded = record(session, rt, session.get_one(Person, wu.id))
            return recorded.evidence.receipt, recorded.closed

    answers = at_once(4, weigh)
    assert len(answers) == 4
    assert len(set(answers)) == 1
    with rt.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Evidence)) == 1
        assert session.scalar(select(func.count()).select_from(Period)) == 1
    assert actions(rt) == ["evidence recorded", "period closed"]


def test_one_event_is_evidence_for_one_person(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        record(session, rt, wu)
        number = resident_number("530102", 1952, 8, 1)
        li = people.add(session, rt, id_number=number, name="李女士", region="kunming")
        with pytest.raises(ValueError, match="another person"):
            record(session, rt, li)


@pytest.mark.parametrize("hours", [0, 24 * 400])
def test_asking_where_a_person_stands_writes_nothing(rt: Runtime, wu: Person, clock: Clock, hours: int) -> None:
    clock.forward(hours=hours)
    with rt.sessions.begin() as session:
        certifying.status(session, rt, wu)
        opened = session.scalars(select(Period.opens)).all()
        assert opened == [date(2026, 1, 1)], "the period in which he came on the roll, and no other"


def told(rt: Runtime, **changes: object) -> Runtime:
    """The same service with other rules for Kunming."""
    kunming = rt.regions["kunming"].model_copy(update=changes)
    return replace(rt, regions=Regions({"kunming": kunming}, "kunming"))


def from_the_roll(rt: Runtime) -> Runtime:
    """The same with a year that counts from the last success, since before anybody came on the roll."""
    with rt.sessions.begin() as session:
        session.execute(delete(Period))
    return told(rt, interval=Interval.YEAR_FROM_SUCCESS)


def test_where_a_year_counts_from_the_last_success_the_latest_of_any_route_counts(
    rt: Runtime, wu: Person, clock: Clock
) -> None:
    rt = from_the_roll(rt)
    with rt.sessions.begin() as session:
        assert certifying.status(session, rt, wu) == Status(False, date(2027, 3, 9), date(2027, 3, 9), None)
        clock.forward(days=2)
        receipt = record(session, rt, wu).evidence.receipt
        assert certifying.status(session, rt, wu) == Status(True, date(2026, 12, 12), date(2027, 3, 12), receipt)
        clock.forward(days=30)
        receipt = record(session, rt, wu, Kind.DESK).evidence.receipt
        record(session, rt, wu, Kind.PIN, "not enough")
        record(session, rt, wu, ref="older", at=clock.at - timedelta(days=3))
        assert certifying.status(session, rt, wu) == Status(True, date(2027, 1, 11), date(2027, 4, 11), receipt)
        clock.at = datetime(2027, 1, 12, 3, 0, tzinfo=UTC)
        assert certifying.status(session, rt, wu) == Status(False, date(2027, 4, 11), date(2027, 4, 11), None)
        assert record(session, rt, wu, ref="next").closed
        assert certifying.status(session, rt, wu).next_due == date(2028, 1, 12)
    assert actions(rt).count("period prolonged") == 1


def test_evidence_of_a_missed_year_that_comes_late_closes_it_and_no_other(
    rt: Runtime, wu: Person, clock: Clock
) -> None:
    rt = from_the_roll(rt)
    then = rt.now()
    with rt.sessions.begin() as session:
        certifying.current_period(session, rt, wu)
        clock.at = datetime(2027, 3, 10, 3, 0, tzinfo=UTC)
        certifying.current_period(session, rt, wu)
        assert record(session, rt, wu, at=then).closed
        assert certifying.status(session, rt, wu) == Status(False, date(2028, 3, 9), date(2028, 3, 9), None)
        periods = session.scalars(select(Period.due).order_by(Period.opens)).all()
        assert periods == [date(2027, 3, 9), date(2028, 3, 9)]


@pytest.mark.parametrize("interval", Interval)
def test_a_change_of_the_rules_takes_no_certification_away(
    rt: Runtime, wu: Person, clock: Clock, interval: Interval
) -> None:
    with rt.sessions.begin() as session:
        record(session, rt, wu)
        due = certifying.status(session, rt, wu).due
        rules = rt.regions["kunming"].evidence.model_copy(update={"needs": Strength.OFFICIAL, "lesser": None})
        changed = told(rt, interval=interval, evidence=rules)
        clock.at = datetime.combine(due, time(23, 59), SHANGHAI)
        assert certifying.status(session, changed, wu).closed
        clock.forward(minutes=1)
        assert not certifying.status(session, changed, wu).closed
        opens = certifying.current_period(session, changed, wu).opens
        assert opens == due + timedelta(days=1)


def test_what_suffices_by_rules_of_today_closes_the_period_when_it_is_considered_again(rt: Runtime, wu: Person) -> None:
    easier = told(rt, evidence=rt.regions["kunming"].evidence.model_copy(update={"needs": Strength.POSSESSION}))
    with rt.sessions.begin() as session:
        assert not record(session, rt, wu, Kind.PIN).closed
        period = certifying.current_period(session, rt, wu).id
        assert not certifying.close_again(session, rt, period, "cli")
        assert certifying.close_again(session, easier, period, "cli")
        assert certifying.status(session, rt, wu).closed
