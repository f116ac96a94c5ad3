"""Reports made by the worker, slice by slice behind whatever waits, and by the command of an administrator."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from certification.reports import making
from certification.runtime import Runtime
from certification.store import Person, Report, ReportCount
from ops import compose, jobs, schedule
from ops.voices import Bench
from tests.certification.conftest import Clock, Queue
from tests.certification.reported import MONTHS, recount, town
from tests.certification.test_reports import cells
from tests.ops.test_commands import json_of, settings, stillhere
from tests.ops.test_commands import town as small_town
from tests.ops.test_routes import today

__all__ = ["settings", "small_town"]


def test_the_worker_puts_the_rest_behind_what_waits(rt: Runtime, clock: Clock, queue: Queue, bench: Bench) -> None:
    known = town(rt, clock, 20)
    with rt.sessions.begin() as session:
        report = making.ask(session, rt, "supervisor", MONTHS)
    done = 0
    while done < len(queue.jobs):
        assert queue.jobs[done] == (making.JOB, report.id)
        jobs.make_report(report.id)
        done += 1
    assert done == 2, "the second finds nobody left"
    jobs.make_report(report.id)
    jobs.make_report("of another release")
    assert len(queue.jobs) == done
    assert cells(rt) == recount(known)


def test_the_sweep_has_it_made() -> None:
    assert schedule.make_reports in schedule.DUTIES


@pytest.mark.parametrize("asked", [(), ("--months", "2")], ids=["a year", "two months"])
def test_everybody_is_counted_by_a_command(
    small_town: dict[str, str], monkeypatch: pytest.MonkeyPatch, asked: tuple[str, ...]
) -> None:
    for name, value in small_town.items():
        monkeypatch.setenv(name, value)
    rt = compose.runtime()
    result = stillhere(small_town, "reports", "make", *asked, "--json")
    found = json_of(result)
    assert (found["people"], found["unreadable"], found["last"]) == (1, 0, f"{today():%Y-%m}")
    months = int(asked[-1]) if asked else making.MONTHS
    with rt.sessions() as session:
        assert session.scalars(select(Report.id)).all() == [found["report"]]
        people = session.scalars(select(ReportCount).where(ReportCount.measure == "people")).one()
    assert (people.months, people.region, people.age, people.count) == (months, "kunming", "70", 1)
    with rt.sessions.begin() as session:
        session.execute(update(Person).values(number_sealed=b"broken", created_at=Person.created_at))
    again = stillhere(small_town, "reports", "make", *asked)
    assert "1 人的身份证号无法解密" in again.stderr and "1 people counted" in again.stdout
    rt.sessions.kw["bind"].dispose()


def test_a_command_goes_on_with_what_was_begun(rt: Runtime, clock: Clock) -> None:
    town(rt, clock, 20)
    with rt.sessions.begin() as session:
        report = making.begin(session, rt, "schedule", MONTHS)
    making.go_on(rt, report.id, 7)
    clock.at += timedelta(minutes=1)
    assert making.make(rt, "clerk").id == report.id
