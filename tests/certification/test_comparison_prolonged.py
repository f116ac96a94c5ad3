"""Where a year counts from the last success: runs that prolong a period, and that are undone under one another."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from certification import certifying
from certification.comparison import releasing, undoing
from certification.evidence import Kind, Strength
from certification.periods import Interval
from certification.regions import Regions
from certification.runtime import Runtime
from certification.store import Evidence, Period, Person
from tests.certification.comparing import closed, compare, number, released, residents, run, signals
from tests.certification.conftest import Clock
from tests.certification.test_opening import asking

FIRST, SECOND = date(2027, 3, 9), date(2028, 3, 9)  # without a success, the first two years end so


@pytest.fixture
def yearly(rt: Runtime) -> Runtime:
    """Qingdao counts a year from the last success."""
    return asking(rt, Interval.YEAR_FROM_SUCCESS)


def medical(tmp_path: Path, day: str) -> Path:
    """A record of a visit on a day."""
    return signals(tmp_path / f"{day}.csv", [(number(1), "medical", day, "alive")])


def on(clock: Clock, day: date) -> None:
    """It is noon on a day."""
    clock.at = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def periods(rt: Runtime) -> list[tuple[date, date, bool]]:
    """First and last day of each period on record, and whether it is closed."""
    with rt.sessions() as session:
        rows = session.scalars(select(Period).order_by(Period.opens)).all()
        return [(row.opens, row.due, row.closed_at is not None) for row in rows]


def called(rt: Runtime, ref: str) -> None:
    """The person certifies by voice today."""
    with rt.sessions.begin() as session:
        voice: dict[str, Any] = {"source": "call", "ref": ref, "actor": "line"}
        person = session.scalars(select(Person)).one()
        certifying.record(session, rt, person, kind=Kind.VOICE, strength=Strength.LIVE, observed_at=rt.now(), **voice)


def test_a_sign_of_after_a_period_that_an_undone_run_had_prolonged_closes_the_next(
    yearly: Runtime, tmp_path: Path, clock: Clock
) -> None:
    residents(yearly, 1)
    on(clock, date(2026, 9, 1))
    first = released(yearly, medical(tmp_path, "2026-08-31"))
    assert periods(yearly) == [(date(2026, 3, 10), date(2027, 5, 31), True)]
    on(clock, date(2027, 4, 20))
    second = compare(yearly, medical(tmp_path, "2027-04-15"))
    undoing.undo(yearly, first.id, "supervisor", "another city's file")
    assert periods(yearly) == [(date(2026, 3, 10), FIRST, False)]
    releasing.release(yearly, second.id, "supervisor")
    missed, present = (date(2026, 3, 10), FIRST, False), (date(2027, 3, 10), date(2028, 1, 15), True)
    assert periods(yearly) == [missed, present]
    undoing.undo(yearly, second.id, "supervisor", "that one, too")
    assert periods(yearly) == [missed, (date(2027, 3, 10), SECOND, False)]


def test_a_sign_of_after_the_period_closes_nothing_where_the_number_cannot_be_read(
    yearly: Runtime, tmp_path: Path, clock: Clock
) -> None:
    [one] = residents(yearly, 1)
    on(clock, date(2026, 9, 1))
    first = released(yearly, medical(tmp_path, "2026-08-31"))
    on(clock, date(2027, 4, 20))
    second = compare(yearly, medical(tmp_path, "2027-04-15"))
    undoing.undo(yearly, first.id, "supervisor", "another city's file")
    with yearly.sessions.begin() as session:
        session.execute(update(Person).values(number_sealed=b"broken"))
    releasing.release(yearly, second.id, "supervisor")
    assert periods(yearly) == [(date(2026, 3, 10), FIRST, False)]
    assert run(yearly, second.id).counts["changed"] == 1
    with yearly.sessions() as session:
        signs = select(Evidence.person_id).where(Evidence.withdrawn_at.is_(None))
        assert session.scalars(signs).all() == [one], "nothing is lost"


def test_runs_undone_in_the_order_of_their_release_leave_the_period_as_it_was(
    yearly: Runtime, tmp_path: Path, clock: Clock
) -> None:
    residents(yearly, 1)
    on(clock, date(2026, 9, 1))
    first = released(yearly, medical(tmp_path, "2026-08-31"))
    on(clock, date(2027, 2, 1))
    second = released(yearly, medical(tmp_path, "2027-01-20"))
    assert periods(yearly) == [(date(2026, 3, 10), date(2027, 10, 20), True)]
    undoing.undo(yearly, first.id, "supervisor", "another city's file")
    assert periods(yearly) == [(date(2026, 3, 10), date(2027, 10, 20), True)]
    undoing.undo(yearly, second.id, "supervisor", "that one, too")
    assert periods(yearly) == [(date(2026, 3, 10), FIRST, False)]


def test_a_run_that_was_undone_leaves_what_later_calls_prolonged(yearly: Runtime, tmp_path: Path, clock: Clock) -> None:
    residents(yearly, 1)
    for day in (date(2026, 6, 1), date(2026, 8, 1)):
        on(clock, day)
        called(yearly, day.isoformat())
    before = periods(yearly)
    assert before == [(date(2026, 3, 10), date(2027, 5, 1), True)]
    on(clock, date(2026, 9, 1))
    found = released(yearly, medical(tmp_path, "2026-08-31"))
    assert periods(yearly) == [(date(2026, 3, 10), date(2027, 5, 31), True)]
    undoing.undo(yearly, found.id, "supervisor", "another city's file")
    assert periods(yearly) == before


def test_beside_a_sign_that_lost_its_backing_a_stronger_one_of_the_period_closes_it(
    rt: Runtime, tmp_path: Path, clock: Clock
) -> None:
    rt = asking(rt, Interval.QUARTER)
    rules = rt.regions["qingdao"].evidence
    assert rules.lesser is not None
    rules = rules.model_copy(update={"lesser": rules.lesser.model_copy(update={"months": 1})})
    rt = replace(
        rt, regions=Regions({"qingdao": rt.regions["qingdao"].model_copy(update={"evidence": rules})}, "qingdao")
    )
    on(clock, date(2026, 1, 5))
    [one] = residents(rt, 1)
    on(clock, date(2026, 3, 10))
    backing = released(rt, medical(tmp_path, "2026-02-20"))
    rows = [(number(1), "medical", "2026-01-12", "alive"), (number(1), "bank_card", "2026-03-05", "alive")]
    found = compare(rt, signals(tmp_path / "both.csv", rows))
    undoing.undo(rt, backing.id, "supervisor", "another city's file")
    assert not closed(rt, one)
    releasing.release(rt, found.id, "supervisor")
    assert closed(rt, one) and run(rt, found.id).counts["changed"] == 1
    undoing.undo(rt, found.id, "supervisor", "that one, too")
    assert not closed(rt, one)
