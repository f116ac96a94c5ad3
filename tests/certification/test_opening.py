"""Everybody has the period on record in which today lies: of whom nothing is ever heard, too, and nothing older."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, time
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, select, update
from sqlalchemy.orm import Session

from certification import bereavement, certifying, opening, people, roll
from certification.bereavement import Verdict
from certification.evidence import Kind, Strength
from certification.ladder import climbing
from certification.periods import Dates, Interval, Kept, Span, span
from certification.regions import SHANGHAI, Regions
from certification.runtime import Runtime
from certification.store import Evidence, JournalEntry, Period, Person, new_id
from tests.certification.comparing import compare, number, outcomes, residents, signals
from tests.certification.conftest import MORNING, Clock
from tests.certification.numbers import resident_number
from tests.certification.test_periods import days, intervals, lives
from tests.certification.together import at_once

CITIES = {"beijing": "year_from_success", "changsha": "year", "kunming": "quarter", "qingdao": "month"}
"""A built-in region for each interval."""
_orders = count(1)


class Killed(Exception):
    """The process was killed here."""


def asking(rt: Runtime, interval: Interval, code: str = "qingdao") -> Runtime:
    """The runtime with another interval in a region."""
    changed = rt.regions[code].model_copy(update={"interval": interval})
    return replace(rt, regions=Regions({one.code: one for one in rt.regions} | {code: changed}, "default"))


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), SHANGHAI)


def living(session: Session, rt: Runtime, dates: Dates, kept: list[Kept]) -> Person:
    """Somebody of whom this is on record."""
    order, born = next(_orders), dates.born
    number = resident_number(f"{370000 + order // 999}", born.year, born.month, born.day, 1 + order % 999)
    person = people.add(session, rt, id_number=number, name="吴", region="qingdao")
    session.execute(delete(Period).where(Period.person_id == person.id))
    person.created_at = noon(dates.since)
    for one in kept:
        period = Period(id=new_id(), person_id=person.id, opens=one.opens, due=one.due)
        session.add(period)
        if one.success is not None:
            facts = {"kind": Kind.DESK.value, "strength": int(Strength.OFFICIAL), "source": "test"}
            receipt = {"ref": period.id, "receipt": period.id[:20], "recorded_at": MORNING}
            sign = Evidence(id=new_id(), person_id=person.id, observed_at=noon(one.success), **facts, **receipt)
            session.add(sign)
            session.flush()
            period.closed_by, period.closed_at = sign.id, noon(one.success)
    session.flush()
    return person


def periods(rt: Runtime, person_id: str | None = None) -> list[Span]:
    """What is on record of somebody, or of everybody."""
    with rt.sessions() as session:
        rows = select(Period.opens, Period.due).order_by(Period.person_id, Period.opens)
        theirs = rows if person_id is None else rows.where(Period.person_id == person_id)
        return [Span(*row) for row in session.execute(theirs)]


def forget(rt: Runtime) -> None:
    """As it was before periods were opened for everybody."""
    with rt.sessions.begin() as session:
        session.execute(delete(Period))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(interval=intervals, found=st.lists(lives(), min_size=1, max_size=4), day=days)
def test_it_opens_what_a_call_would(
    rt: Runtime, clock: Clock, interval: Interval, found: list[tuple[Dates, list[Kept]]], day: date
) -> None:
    clock.at = MORNING
    rt = asking(rt, interval)
    with rt.sessions.begin() as session:
        everybody = [living(session, rt, dates, kept) for dates, kept in found]
        on_record = certifying.kept(session, [one.id for one in everybody])
    clock.at = noon(day)
    expected = {one.id: span(interval, certifying.dates(rt, one), day, on_record[one.id]) for one in everybody}
    opening.open_all(rt, "qingdao")
    for one in everybody:
        kept = {one.span for one in on_record[one.id]}
        assert set(periods(rt, one.id)) == kept | {expected[one.id]}
        with rt.sessions.begin() as session:
            present = certifying.current_period(session, rt, one)
            assert Span(present.opens, present.due) == expected[one.id]
        assert len(periods(rt, one.id)) == len(kept | {expected[one.id]})


def imported(rt: Runtime, tmp_path: Path) -> None:
    """A city of each interval, for the first time."""
    rows = [
        f"{resident_number('530102', 1950, month, 28, 1 + order)},吴,{city}"
        for order, city in enumerate(CITIES)
        for month in range(1, 13)
    ]
    path = tmp_path / "roll.csv"
    path.write_text("\n".join(["id_number,name,region", *rows]), encoding="utf-8")
    assert roll.import_csv(rt.sessions, rt, path).added == len(rows)


@pytest.mark.parametrize("before", [False, True], ids=["new", "before"])
def test_a_first_import_puts_nobody_on_the_ladder(rt: Runtime, tmp_path: Path, before: bool) -> None:
    assert {code: rt.regions[code].interval.value for code in CITIES} == CITIES
    imported(rt, tmp_path)
    if before:
        forget(rt)
        assert opening.go_on(rt) == 48
    today = certifying.day_of(rt.now())
    found = periods(rt)
    assert len(found) == 48 and all(today in one for one in found)
    with rt.sessions() as session:
        assert climbing.overdue(session, rt) == []
    assert opening.go_on(rt) == 0


@pytest.mark.parametrize("before", [False, True], ids=["new", "before"])
def test_who_is_imported_on_the_last_day_of_a_month_is_not_overdue_the_next(
    rt: Runtime, clock: Clock, tmp_path: Path, before: bool
) -> None:
    rt = asking(rt, Interval.MONTH)
    clock.at = noon(date(2026, 3, 31))
    with rt.sessions.begin() as session:
        person = people.add(session, rt, id_number=resident_number("530102", 1950, 3, 28), name="吴", region="qingdao")
    if before:
        forget(rt)
    for day in (date(2026, 4, 1), date(2026, 4, 30)):
        clock.at = noon(day)
        opening.go_on(rt)
        with rt.sessions() as session:
            assert climbing.overdue(session, rt) == []
    assert periods(rt, person.id) == [Span(date(2026, 3, 1), date(2026, 4, 30))]
    clock.at = noon(date(2026, 5, 1))
    with rt.sessions() as session:
        assert len(climbing.overdue(session, rt)) == 1, "after a whole month"


def test_of_whom_nothing_is_ever_heard_is_overdue_when_it_is_over(rt: Runtime, wu: Person, clock: Clock) -> None:
    for _ in range(3):
        opening.go_on(rt)
        clock.forward(days=91)
    opening.go_on(rt)
    assert [one.opens for one in periods(rt, wu.id)] == [date(2026, month, 1) for month in (1, 4, 7, 10)]
    with rt.sessions() as session:
        [over] = climbing.overdue(session, rt)
        assert session.get_one(Period, over).opens == date(2026, 7, 1)


def test_a_service_that_was_away_opens_only_the_present_period(rt: Runtime, wu: Person, clock: Clock) -> None:
    clock.forward(days=300)
    opening.go_on(rt)
    assert [one.opens for one in periods(rt, wu.id)] == [date(2026, 1, 1), date(2027, 1, 1)]


def test_the_dead_have_none_opened_and_the_living_have(rt: Runtime, clock: Clock) -> None:
    dead, doubted, alive = residents(rt, 3)
    forget(rt)
    with rt.sessions.begin() as session:
        for one in (dead, doubted, alive):
            bereavement.report(session, rt, session.get_one(Person, one), source="desk", ref=one, by="clerk")
        assert bereavement.answer(session, rt, session.get_one(Person, dead), Verdict.DEAD, "operator") == 1
        assert bereavement.deceased(session, dead)
        bereavement.answer(session, rt, session.get_one(Person, alive), Verdict.ALIVE, "operator")
    assert opening.open_all(rt, "qingdao") == 2
    assert [len(periods(rt, one)) for one in (dead, doubted, alive)] == [0, 1, 1]
    with rt.sessions.begin() as session:
        bereavement.report(session, rt, session.get_one(Person, dead), source="desk", ref="again", by="clerk")
        bereavement.answer(session, rt, session.get_one(Person, dead), Verdict.ALIVE, "operator")
    assert opening.open_all(rt, "qingdao") == 1


def test_killed_after_any_slice_it_goes_on_and_opens_each_once(rt: Runtime) -> None:
    residents(rt, 7)
    forget(rt)
    told: list[int] = []

    def killed(some: int) -> None:
        told.append(some)
        raise Killed

    for _ in range(4):
        with suppress(Killed):
            opening.open_all(rt, "qingdao", killed, size=2)
    assert told == [2, 2, 2, 1]
    assert len(periods(rt)) == 7
    assert opening.open_all(rt, "qingdao") == 0


def test_slices_open_everybody_and_say_how_many(rt: Runtime) -> None:
    residents(rt, 7)
    forget(rt)
    told: list[int] = []
    assert opening.open_all(rt, "qingdao", told.append, size=3) == 7
    assert told == [3, 3, 1]


def statements(rt: Runtime, act: Callable[[], object]) -> list[str]:
    """What an act says to the database."""
    said: list[str] = []

    def listen(*heard: object) -> None:
        said.append(str(heard[2]))

    engine = rt.sessions.kw["bind"]
    event.listen(engine, "before_cursor_execute", listen)
    act()
    event.remove(engine, "before_cursor_execute", listen)
    return said


def test_a_round_is_made_once_a_day_and_then_costs_one_row(rt: Runtime, clock: Clock) -> None:
    residents(rt, 3)
    forget(rt)
    assert [opening.go_on(rt) for _ in range(3)] == [3, 0, 0]
    [said] = [one for one in statements(rt, lambda: opening.go_on(rt)) if "SELECT" in one]
    assert "FROM openings" in said
    forget(rt)
    clock.forward(days=1)
    assert [opening.go_on(rt) for _ in range(3)] == [3, 0, 0]
    with rt.sessions() as session:
        noted = select(JournalEntry.detail).where(JournalEntry.action == "periods opened")
        assert session.scalars(noted.order_by(JournalEntry.seq)).all() == [
            '{"day":"2026-03-10","opened":3}',
            '{"day":"2026-03-11","opened":3}',
        ]


def test_several_sweeps_at_once_open_each_once(rt: Runtime) -> None:
    residents(rt, 5)
    forget(rt)
    at_once(4, lambda: opening.open_all(rt, "qingdao", size=2))
    assert len(periods(rt)) == 5


def test_whoever_cannot_be_read_keeps_nobody_else_waiting(rt: Runtime, caplog: pytest.LogCaptureFixture) -> None:
    found = residents(rt, 3, "changsha")
    forget(rt)
    with rt.sessions.begin() as session:
        session.execute(update(Person).where(Person.id == found[1]).values(number_sealed=b"broken"))
    assert [opening.go_on(rt) for _ in range(2)] == [2, 0]
    assert [len(periods(rt, one)) for one in found] == [1, 0, 1]
    assert found[1] in caplog.text and number(2) not in caplog.text


def test_a_region_without_rules_of_its_own_is_gone_through_too(rt: Runtime) -> None:
    [one] = residents(rt, 1)
    forget(rt)
    with rt.sessions.begin() as session:
        session.execute(update(Person).values(region="gone"))
    assert opening.go_on(rt) == 1
    [found] = periods(rt, one)
    assert found == Span(date(2025, 5, 15), date(2026, 5, 14))


def test_the_day_is_shanghais(rt: Runtime, wu: Person, clock: Clock) -> None:
    clock.at = datetime(2026, 3, 31, 15, 59, tzinfo=UTC)
    assert opening.go_on(rt) == 0
    clock.forward(minutes=1)
    assert opening.go_on(rt) == 1
    assert len(periods(rt, wu.id)) == 2


def test_of_whom_nothing_was_ever_heard_is_compared(rt: Runtime, tmp_path: Path) -> None:
    one, two = residents(rt, 2)
    forget(rt)
    found = compare(rt, signals(tmp_path / "signals.csv", [(number(1), "medical", "2026-03-02", "alive")]))
    assert outcomes(rt, found.id) == {one: "certified", two: "unresolved"}
