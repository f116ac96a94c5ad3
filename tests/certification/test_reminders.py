"""Whom to remind, who is due, what to suspend: the right people, and each by one statement that goes by an index."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Executable, delete, select, text
from sqlalchemy.orm import Session

from certification import bereavement, certifying, due, needs, opening, reminders
from certification.bereavement import Verdict
from certification.needs import Declared
from certification.runtime import Runtime
from certification.store import Person, Phone
from certification.suspension import histories
from tests.certification.comparing import residents
from tests.certification.conftest import Clock
from tests.certification.suspending import certify

LAST = date(2026, 3, 31)
TEN, THREE = LAST - timedelta(days=10), LAST - timedelta(days=3)


def reminded(rt: Runtime, on: date, region: str = "qingdao") -> dict[str, bool]:
    """Who is to be reminded on a day, and whether they have a mobile."""
    with rt.sessions() as session:
        rows = session.execute(reminders.to_remind(session, rt.regions[region], on)).all()
        assert all(last == LAST for _, _, last, _ in rows)
        return {person: bool(mobile) for person, _, _, mobile in rows}


def planned(rt: Runtime, on: date, region: str = "qingdao") -> Mapping[int, tuple[int, int]]:
    with rt.sessions() as session:
        return reminders.planned(session, rt.regions[region], on)


def test_only_on_the_days_that_the_region_says(rt: Runtime) -> None:
    assert rt.regions["qingdao"].reminders.days_before == (10, 3)
    everybody = dict.fromkeys(residents(rt, 2), True)
    days = [LAST - timedelta(days=before) for before in range(31)]
    assert [day for day in days if reminded(rt, day)] == [THREE, TEN]
    assert reminded(rt, TEN) == reminded(rt, THREE) == everybody
    assert reminded(rt, TEN, "guangzhou") == {}
    assert planned(rt, TEN) == {10: (2, 0), 3: (0, 0)}
    assert planned(rt, THREE) == {10: (0, 0), 3: (2, 0)}


def test_neither_the_certified_nor_who_is_said_to_have_died(rt: Runtime) -> None:
    certified, reported, dead, alive, waiting = residents(rt, 5)
    with rt.sessions.begin() as session:
        certify(session, rt, session.get_one(Person, certified))
        for one in (reported, dead, alive):
            bereavement.report(session, rt, session.get_one(Person, one), source="sms", ref=one, by="line")
        bereavement.answer(session, rt, session.get_one(Person, dead), Verdict.DEAD, "clerk")
        bereavement.answer(session, rt, session.get_one(Person, alive), Verdict.ALIVE, "clerk")
    assert set(reminded(rt, TEN)) == {alive, waiting}


def test_a_mobile_of_their_own_is_no_relatives_and_no_landline(rt: Runtime) -> None:
    mobile, relatives, landline, declared, unknown = residents(rt, 5)
    with rt.sessions.begin() as session:
        kinds = {relatives: ("mobile", "relative"), landline: ("landline", "self"), unknown: ("unknown", "self")}
        for one, (kind, holder) in kinds.items():
            [phone] = session.get_one(Person, one).phones
            phone.kind, phone.holder = kind, holder
        needs.declare(session, rt, session.get_one(Person, declared), Declared.NO_MOBILE, "clerk")
    expected = {mobile: True, relatives: False, landline: False, declared: False, unknown: True}
    assert reminded(rt, TEN) == expected
    assert planned(rt, TEN) == {10: (2, 3), 3: (0, 0)}
    with rt.sessions.begin() as session:
        session.execute(delete(Phone))
    assert not any(reminded(rt, TEN).values())


def test_who_is_certified_awaited_and_overdue_is_counted(rt: Runtime, clock: Clock) -> None:
    certified, late, dead, _ = residents(rt, 4)
    residents(rt, 1, "guangzhou")  # the same person moves away
    with rt.sessions.begin() as session:
        certify(session, rt, session.get_one(Person, late))
    clock.forward(days=30)
    opening.go_on(rt)
    today = certifying.day_of(rt.now())
    with rt.sessions.begin() as session:
        certify(session, rt, session.get_one(Person, certified))
        bereavement.report(session, rt, session.get_one(Person, dead), source="sms", ref="1", by="line")
        bereavement.answer(session, rt, session.get_one(Person, dead), Verdict.DEAD, "clerk")
        counts = {region: session.execute(due.counted(region, today)).one() for region in ("qingdao", "guangzhou")}
        lists = {region: session.execute(due.overdue(session, region, today)).all() for region in counts}
    assert counts == {"qingdao": (3, 0), "guangzhou": (1, 1)}
    assert len(lists["qingdao"]) == 1 and lists["guangzhou"] == []
    assert {(opens, last) for _, opens, last in lists["qingdao"]} == {(date(2026, 3, 1), LAST)}


def plan(session: Session, query: Executable) -> list[str]:
    """How the database would answer; PostgreSQL, even where the tables are small, by indexes as far as it can."""
    bind = session.get_bind()
    postgresql = bind.dialect.name == "postgresql"
    if postgresql:
        session.execute(text("SET LOCAL enable_seqscan = off"))
    said: Any = query.compile(bind, compile_kwargs={"literal_binds": True})  # type: ignore[attr-defined]
    explain = "EXPLAIN (COSTS OFF) " if postgresql else "EXPLAIN QUERY PLAN "
    connection = session.connection()
    return [str(row[-1]) for row in connection.exec_driver_sql(explain + str(said).replace("%", "%%"))]


@pytest.mark.parametrize("what", ["due", "remind", "suspend"])
def test_each_is_one_statement_that_goes_by_an_index(rt: Runtime, what: str) -> None:
    residents(rt, 3)
    region, today = rt.regions["qingdao"], certifying.day_of(rt.now())
    with rt.sessions() as session:
        query: Executable = {
            "due": due.counted(region.code, today),
            "remind": reminders.to_remind(session, region, today),
            "suspend": histories.overdue(session, region.code, today),
        }[what]
        steps = plan(session, query)
    large = [step for step in steps if "periods" in step or "people" in step]
    assert large and not [step for step in large if "Seq Scan" in step]
    assert not [step for step in steps if "SCAN" in step], steps
    assert any("INDEX" in step or "Index" in step for step in large)


def test_the_plan_of_a_query_without_an_index_is_a_scan(rt: Runtime) -> None:
    with rt.sessions() as session:
        steps = plan(session, select(Person.id).where(Person.dialect == "mandarin"))
    assert [step for step in steps if "SCAN people" in step or "Seq Scan on people" in step]
