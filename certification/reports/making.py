"""Reports made: everybody on the roll gone through once, slice by slice, by whoever has time; killed, it goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from certification import journal
from certification.certifying import day_of
from certification.regions import SHANGHAI
from certification.reports.gathering import Slice, next_slice
from certification.reports.lives import Window
from certification.runtime import Runtime
from certification.store import Person, Report, ReportCount, insert_into, insert_once, later, new_id, only_read

MAKING, MADE = "making", "made"
JOB = "ops.jobs.make_report"
SCHEDULE = "schedule"
MONTHS = 13
"""The present month, and the year before it."""
SLICE, SHORT = 5_000, 2_000
"""People at once; by the queue fewer, so that no voice waits long behind them."""
STALLED = timedelta(seconds=30)
FROM_HOUR = 2
"""Once a day a report is made, from this hour of the night on."""
_ROWS = 500


def ask(session: Session, rt: Runtime, by: str, months: int = MONTHS) -> Report:
    """Have a report made anew, by the queue: the one that is being made, where there is one. Journalled."""
    report = begin(session, rt, by, months)
    later(session, rt.enqueue, JOB, report.id)
    return report


def begin(session: Session, rt: Runtime, by: str, months: int = MONTHS) -> Report:
    """Begin a report as of now, unless one is being made; that one, or the new one."""
    now = rt.now()
    window = Window.until(now, months)
    row = {"id": new_id(), "state": MAKING, "first": window.first, "last": window.last, "as_of": now, "moved_at": now}
    expected = session.scalars(select(func.count()).select_from(Person)).one()
    nothing = {"seen_to": "", "people": 0, "unreadable": 0, "expected": expected}
    if insert_once(session, Report, **row, **nothing, asked_by=by):
        journal.write(session, now, by, "report begun", f"report:{row['id']}", months=months)
    return session.scalars(select(Report).where(Report.state == MAKING)).one()


def under_way(session: Session) -> Report | None:
    """The report that is being made."""
    return session.scalars(select(Report).where(Report.state == MAKING)).first()


def latest(session: Session) -> Report | None:
    """The newest report that was made whole, which pages show."""
    made = select(Report).where(Report.state == MADE).order_by(Report.as_of.desc()).limit(1)
    return session.scalars(made).first()


def go_on(rt: Runtime, report_id: str, size: int = SLICE) -> bool:
    """Count the next slice of a report, in a transaction of its own; whether there is more to do here.

    Each slice is counted once, whoever does it: what another counted meanwhile is not put in, and is left to them.
    """
    with rt.sessions() as session:
        only_read(session)
        report = session.get(Report, report_id)
        if report is None or report.state != MAKING:
            return False
        window = Window(report.first, report.last, report.as_of)
        found = next_slice(session, rt, window, report.seen_to, size)
    with rt.sessions.begin() as session:
        if not _move(session, rt, report, found):
            return False
        if found is None:
            _replace(session, rt, report)
        else:
            _add(session, report, found)
    return found is not None


def make(rt: Runtime, by: str, months: int = MONTHS, progress: Callable[[Report], object] = lambda _: None) -> Report:
    """Make a report here and now, or what is left of the one that is being made; the report as it was made."""
    with rt.sessions.begin() as session:
        identifier = begin(session, rt, by, months).id
    while True:
        go_on(rt, identifier)
        with rt.sessions() as session:
            only_read(session)
            report = session.get(Report, identifier) or latest(session)
        if report is None or report.state == MADE:
            assert report is not None, "a report goes only where a newer one was made"
            return report
        progress(report)


def see_to(rt: Runtime) -> int:
    """Once a night begin a report, and go on with it, a slice at a time; and with any that nobody goes on with."""
    now = rt.now()
    with rt.sessions() as session:
        only_read(session)
        report = under_way(session)
        due = report is None and _due(session, now)
    if report is not None:
        mine = report.asked_by == SCHEDULE or report.moved_at <= now - STALLED
        return int(mine and go_on(rt, report.id))
    if due:
        with rt.sessions.begin() as session:
            begin(session, rt, SCHEDULE)
    return int(due)


def _due(session: Session, now: datetime) -> bool:
    newest = latest(session)
    night = now.astimezone(SHANGHAI).hour >= FROM_HOUR
    return night and (newest is None or day_of(newest.as_of) != day_of(now))


def _move(session: Session, rt: Runtime, report: Report, found: Slice | None) -> bool:
    """Note how far the report has come, unless somebody else moved it meanwhile."""
    unmoved = update(Report).where(
        Report.id == report.id, Report.state == MAKING, Report.seen_to == report.seen_to, Report.people == report.people
    )
    now: dict[str, Any] = {"moved_at": rt.now()}
    if found is None:
        now |= {"state": MADE, "made_at": rt.now()}
    else:
        now |= {"seen_to": found.last, "people": report.people + found.people}
        now["unreadable"] = report.unreadable + found.unreadable
    return session.scalar(unmoved.values(**now).returning(Report.id)) is not None


def _add(session: Session, report: Report, found: Slice) -> None:
    rows = [
        {"report_id": report.id, "count": times, **group._asdict(), **one._asdict()}
        for (group, one), times in found.tally.items()
    ]
    put = insert_into(session, ReportCount)
    more = put.on_conflict_do_update(
        index_elements=list(ReportCount.__table__.primary_key),
        set_={"count": ReportCount.count + put.excluded["count"]},
    )
    rows.sort(key=lambda row: tuple(map(str, row.values())))
    for start in range(0, len(rows), _ROWS):
        session.connection().execute(more, rows[start : start + _ROWS])


def _replace(session: Session, rt: Runtime, report: Report) -> None:
    """Let the report take the place of those before it."""
    before = select(Report.id).where(Report.state == MADE, Report.id != report.id)
    session.execute(delete(ReportCount).where(ReportCount.report_id.in_(before)))
    session.execute(delete(Report).where(Report.state == MADE, Report.id != report.id))
    facts = {"people": report.people, "unreadable": report.unreadable}
    journal.write(session, rt.now(), report.asked_by, "report made", f"report:{report.id}", **facts)
