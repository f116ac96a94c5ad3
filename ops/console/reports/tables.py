"""The reports: how many were certified, stayed open, failed or wait, by whatever somebody asks for; and made anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from certification import journal
from certification.reports import making, reading
from certification.reports.groups import NOT_SAID, Trait
from certification.reports.lives import Window
from certification.reports.reading import BY, BY_ROUTE, COUNTS, MONTH, ROUTE, TIMES, Asked, Column, Table
from certification.runtime import Runtime
from certification.store import Report, only_read
from ops.console import access, exporting
from ops.console.reports import drawing, naming
from ops.console.work import events
from ops.console.work.events import Progress

IDLE = Progress("", 0.0, going=False, words="")
DRAWN = (Column.CERTIFIED, Column.UNRESOLVED, Column.FAILED, Column.WAITING)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page of reports shows; without a report there is nothing to show yet."""

    report: Report
    asked: Asked
    table: Table

    @property
    def columns(self) -> Sequence[Column]:
        """The columns of the table."""
        by_route = self.asked.route is not None or self.asked.by == ROUTE
        return [Column(one.value) for one in sorted(BY_ROUTE)] if by_route else [*COUNTS, *TIMES]


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the tables, their picture and file, and the button that has them made anew."""

    @console.get("/reports")
    @access.for_(access.REPORTS)
    def reports() -> ResponseReturnValue:
        found = _found(rt)
        facts: dict[str, Any] = {"found": found, "state": state(rt), "naming": naming, "none": NOT_SAID}
        facts |= {"called": lambda by, value: naming.called(rt, by, value), "months": months}
        return render_template("reports.html", **facts, choices=choices(rt), by=BY, query=query())

    @console.get("/reports/picture.svg")
    @access.for_(access.REPORTS)
    def reports_picture() -> ResponseReturnValue:
        found = _found(rt) or abort(404)
        panels = [_panel(found.table, column) for column in DRAWN if column in found.columns]
        rows = [naming.called(rt, found.asked.by, row.value) for row in found.table.rows]
        return Response(drawing.bars(rows, panels), mimetype="image/svg+xml")

    @console.get("/reports/table.<kind>")
    @access.for_(access.REPORTS)
    def reports_table(kind: str) -> ResponseReturnValue:
        found = _found(rt) or abort(404)
        heading = [naming.said(f"by_{found.asked.by}"), *(naming.said(f"file_{one.value}") for one in found.columns)]
        rows = [
            [name, *(_cell(row.numbers, column) for column in found.columns)]
            for row, name in (
                *((row, naming.called(rt, found.asked.by, row.value)) for row in found.table.rows),
                (found.table.total, gettext("report.total")),
            )
        ]
        answer = exporting.sent(f"reports-{found.report.as_of:%Y-%m-%d}", kind, heading, rows)
        note_file(rt, "reports")
        return answer

    @console.get("/reports/events")
    @access.for_(access.REPORTS)
    def reports_events() -> ResponseReturnValue:
        with rt.sessions() as session:
            only_read(session)
            going = making.under_way(session)
        return events.event("" if going is None else progress(going))

    @console.post("/reports/make")
    @access.for_(access.COUNT)
    def make_report() -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            making.ask(session, rt, access.who().name)
        flash(gettext("report.asked"))
        equity = request.form.get("page") == "equity"
        return redirect(url_for("console.equity" if equity else "console.reports"))


def state(rt: Runtime) -> dict[str, Any]:
    """How old what is shown is, and how far what is being made has come."""
    with rt.sessions() as session:
        only_read(session)
        going = making.under_way(session)
        newest = making.latest(session)
    return {"newest": newest, "going": IDLE if going is None else progress(going)}


def progress(report: Report) -> Progress:
    """How far a report has come."""
    of = max(report.expected, report.people)
    said = str(gettext("report.going", n=f"{report.people:,}", of=f"{of:,}"))
    return Progress(report.state, report.people / max(of, 1), going=True, words=said)


def choices(rt: Runtime) -> dict[str, list[str]]:
    """What may be chosen: of the regions, only for whoever sees them all."""
    found = dict(naming.choices(rt))
    if access.who().region is not None:
        del found[Trait.REGION]
    return found


def query() -> dict[str, str]:
    """What the address of this page asks for, to be asked of its picture and its file."""
    return {name: value for name, value in request.args.items() if value}


def place() -> str | None:
    """The region that is asked for: their own, of whoever has one. Another region's reports are no page of theirs."""
    wanted, mine = request.args.get("region") or None, access.who().region
    if mine is not None and wanted not in (None, mine):
        abort(404)
    return mine or wanted


def note_file(rt: Runtime, name: str) -> None:
    """Journal that a file of counts left the house."""
    with rt.sessions.begin() as session:
        journal.write(session, rt.now(), access.who().name, "report exported", f"page:{name}", asked=query())


def _found(rt: Runtime) -> Shown | None:
    """What is asked for, of the newest report; None where there is none yet."""
    with rt.sessions() as session:
        only_read(session)
        report = making.latest(session)
        asked = _asked(rt, report)
        if report is None or asked is None:
            return None
        return Shown(report, asked, reading.table(session, report, asked))


def _asked(rt: Runtime, report: Report | None) -> Asked | None:
    """What the address asks for; where it is not one of ours there is no such page."""
    given, known = request.args, naming.choices(rt)
    by, traits = given.get("by") or MONTH, dict[Trait, str]()
    for name, there in known.items():
        value = given.get(name) or None
        value = NOT_SAID if value == naming.UNKNOWN else value
        if value is not None and value not in there:
            abort(404)
        if value is not None and name != ROUTE:
            traits[Trait(name)] = value
    if (region := place()) is not None:
        traits[Trait.REGION] = region
    if by not in BY or (by == Trait.REGION and access.who().region is not None):
        abort(404)
    try:
        first, last = naming.month(given.get("from")), naming.month(given.get("to"))
    except ValueError:
        abort(404)
    if report is None:
        return None
    first, last = _inside(report, first or report.first, last or report.last)
    return Asked(first, last, by, given.get(ROUTE) or None, traits)


def _inside(report: Report, first: date, last: date) -> tuple[date, date]:
    """Months of an address of yesterday, within those that today's report has."""
    first = min(max(first, report.first), report.last)
    return first, max(first, min(last, report.last))


def months(report: Report) -> list[str]:
    """The months of a report."""
    return [f"{one:%Y-%m}" for one in Window(report.first, report.last, report.as_of).months]


def _panel(table: Table, column: Column) -> drawing.Panel:
    numbers = [row.numbers.get(column) for row in table.rows]
    return drawing.Panel(naming.said(f"col_{column.value}"), numbers, [naming.number(column, one) for one in numbers])


def _cell(numbers: Mapping[Column, int | None], column: Column) -> int | str | None:
    """A number for a file; empty where there is none, and said where it is not shown."""
    if column not in numbers:
        return None
    number = numbers[column]
    return str(gettext("report.hidden")) if number is None else number
