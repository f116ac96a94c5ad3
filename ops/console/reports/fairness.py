"""The equity report: which groups fare worse than everybody, the worst first, in plain words, a picture and a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from certification.reports import making
from certification.reports.equity import Equity, Harm, Standing, equity
from certification.reports.groups import NOT_SAID, Trait
from certification.runtime import Runtime
from certification.store import Report, only_read
from ops.console import access, exporting
from ops.console.reports import drawing, naming
from ops.console.reports.tables import choices, place, query, state

TOLD = 5
"""So many groups are told of in words; the table has them all."""

FILE = ("trait", "group", "of", "times", "rate", "low", "high", "ratio", "ratio_low", "ratio_high", "worse")
"""The columns of the file."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows."""

    report: Report
    harm: Harm
    by: Trait | None
    region: str | None
    equity: Equity

    @property
    def worse(self) -> list[Standing]:
        """The groups that fare worse for sure."""
        return [one for one in self.equity.ranked if one.worse]


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the page, its picture and its file."""

    @console.get("/reports/equity", endpoint="equity")
    @access.for_(access.REPORTS)
    def equity_() -> ResponseReturnValue:
        found = _found(rt)
        facts: dict[str, Any] = {"found": found, "state": state(rt), "naming": naming, "percent": percent}
        facts |= {"group": lambda one: _group(rt, one), "called": lambda by, value: naming.called(rt, by, value)}
        facts |= {"told": [] if found is None else found.worse[:TOLD], "times": _times, "query": query()}
        return render_template("equity.html", **facts, harms=list(Harm), traits=_traits(), choices=choices(rt))

    @console.get("/reports/equity/picture.svg")
    @access.for_(access.REPORTS)
    def equity_picture() -> ResponseReturnValue:
        found = _found(rt) or abort(404)
        dots = [
            drawing.Dot(_group(rt, one), one.rate, one.interval, one.worse)
            for one in found.equity.ranked
            if one.rate is not None and one.interval is not None
        ]
        rate = found.equity.everybody.rate or 0.0
        return Response(drawing.dots(dots, rate, gettext("report.line", rate=percent(rate))), mimetype="image/svg+xml")

    @console.get("/reports/equity/table.<kind>")
    @access.for_(access.REPORTS)
    def equity_table(kind: str) -> ResponseReturnValue:
        found = _found(rt) or abort(404)
        rows = [_row(rt, one) for one in (found.equity.everybody, *found.equity.ranked, *found.equity.small)]
        name, heading = f"equity-{found.harm.value}-{found.report.as_of:%Y-%m-%d}", [*map(_headed, FILE)]
        entry: dict[str, Any] = {"did": "report exported", "of": "page:equity", "asked": query()}
        return exporting.handed(rt, kind, name, heading, lambda _: rows, **entry)


def percent(rate: float) -> str:
    """A rate as people in a hundred, with a digit after the point where it is small."""
    return f"{100 * rate:.0f}%" if rate >= 0.1 or rate == 0 else f"{100 * rate:.1f}%"


def _times(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 2 else f"{ratio:.1f}"


def _traits() -> list[Trait]:
    """The traits to look at: of one region, all but the region."""
    return [one for one in Trait if one is not Trait.REGION or place() is None]


def _found(rt: Runtime) -> Shown | None:
    """What is asked for, of the newest report; None where there is none yet."""
    harm, by = request.args.get("harm") or Harm.REJECTED.value, request.args.get("by") or None
    region = place()
    if (
        harm not in list(Harm)
        or by not in (None, *_traits())
        or region not in (None, *(one.code for one in rt.regions))
    ):
        abort(404)
    with rt.sessions() as session:
        only_read(session)
        report = making.latest(session)
        if report is None:
            return None
        traits = _traits() if by is None else [Trait(by)]
        found = equity(session, report, Harm(harm), traits, region)
    return Shown(report, Harm(harm), Trait(by) if by else None, region, found)


def _group(rt: Runtime, one: Standing) -> str:
    """A group in words: what it is, and by what it is told apart."""
    if one.trait is None:
        return str(gettext("report.everybody"))
    name = naming.called(rt, one.trait.value, one.value)
    return str(gettext("report.group", group=name, trait=naming.said(f"by_{one.trait.value}")))


def _headed(column: str) -> str:
    return naming.said(f"equity_{column}")


def _row(rt: Runtime, one: Standing) -> list[str | int | float | None]:
    """A line of the file: numbers as they are; empty is not shown."""
    trait = "" if one.trait is None else naming.said(f"by_{one.trait.value}")
    group = gettext("report.everybody") if one.trait is None else naming.called(rt, one.trait.value, one.value)
    rates = (
        one.rate,
        *((one.interval.low, one.interval.high) if one.interval else (None, None)),
        one.ratio,
        *((one.ratio_interval.low, one.ratio_interval.high) if one.ratio_interval else (None, None)),
    )
    worse = gettext("report.yes") if one.worse else NOT_SAID
    return [trait, group, one.of, one.times, *(None if rate is None else round(rate, 4) for rate in rates), worse]
