"""The figures of those who judge voices, all that one may see and somebody's alone: as pages, pictures and files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from certification import operators
from certification.operators import Rate, Stretch, Summary
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Staff, only_read
from ops.console import access, exporting, shown
from ops.console.reports import drawing
from ops.console.reports.drawing import Dot, Panel

DAYS = (30, 90)
LATEST = 50
"""Known cases that are shown, with what was found."""
_PARTS = ("times", "of", "low", "high")


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add them."""

    @console.get("/operators")
    @access.for_(access.WATCH)
    def operators_() -> ResponseReturnValue:
        days, found = _days(), _summaries(rt)
        regions = {one.region: shown.place(rt.regions, one.region) for one in found if one.region}
        facts = {"found": found, "days": days, "every": DAYS, "regions": regions, "rate": rate, "seconds": seconds}
        return render_template("operators.html", **facts, quick=operators.QUICK, enough=operators.ENOUGH)

    @console.get("/operators/picture.svg")
    @access.for_(access.WATCH)
    def operators_picture() -> ResponseReturnValue:
        found = _summaries(rt)
        all_ = Rate(sum(one.agreed.times for one in found), sum(one.agreed.of for one in found))
        dots = [
            Dot(one.name, one.agreed.share, one.agreed.interval, one.agreed.interval.high < all_.share)
            for one in found
            if one.agreed.enough
        ]
        return Response(drawing.dots(dots, all_.share, gettext("operators.all")), mimetype="image/svg+xml")

    @console.get("/operators.<kind>")
    @access.for_(access.WATCH)
    def operators_table(kind: str) -> ResponseReturnValue:
        rates = ("certified", "agreed", "quick", "accepted", "rejected")
        of_rates = [f"{gettext(f'operators.{one}')} {gettext(f'operators.{part}')}" for one in rates for part in _PARTS]
        heading = [gettext("operators.name"), gettext("operators.decided"), gettext("operators.seconds"), *of_rates]
        rows = [
            [one.name, one.decided, one.seconds, *(part for name in rates for part in _cells(getattr(one, name)))]
            for one in _summaries(rt)
        ]
        return exporting.sent(f"operators-{_days()}", kind, heading, rows)

    _alone(console, rt)


def _alone(console: Blueprint, rt: Runtime) -> None:
    """Add somebody's own page, and its picture."""

    @console.get("/operators/<staff_id>")
    @access.for_(access.WATCH)
    def operator(staff_id: str) -> ResponseReturnValue:
        days, since = _days(), rt.now() - timedelta(days=_days())
        with rt.sessions() as session:
            only_read(session)
            whose, viewer = theirs(session, staff_id), access.who().name
            looks = operators.looks(session, whose.name, since, viewer=viewer)
            summary = next(iter(operators.summaries(session, since, viewer=viewer, name=whose.name)), None)
            name = whose.name
        stretches = [("week", operators.by_week(looks, rt.now(), days)), *_tired(looks)]
        facts = {"name": name, "staff_id": staff_id, "days": days, "every": DAYS, "one": summary, "latest": LATEST}
        tables = {"stretches": stretches, "known": operators.known(looks, LATEST), "stretch": stretch}
        said = {"rate": rate, "seconds": seconds, "quick": operators.QUICK, "enough": operators.ENOUGH}
        return render_template("operator.html", **facts, **tables, **said)

    @console.get("/operators/<staff_id>/picture.svg")
    @access.for_(access.WATCH)
    def operator_picture(staff_id: str) -> ResponseReturnValue:
        since = rt.now() - timedelta(days=_days())
        with rt.sessions() as session:
            only_read(session)
            found = operators.looks(session, theirs(session, staff_id).name, since, viewer=access.who().name)
        some = [(by, one) for by, stretches in _tired(found) for one in stretches if one.decided]
        panels = [
            _timed([one.seconds for _, one in some]),
            _panel("operators.certified", [one.certified for _, one in some]),
            _panel("operators.quick", [one.quick for _, one in some]),
        ]
        return Response(drawing.bars([stretch(by, one) for by, one in some], panels), mimetype="image/svg+xml")


def _summaries(rt: Runtime) -> list[Summary]:
    who, since = access.who(), rt.now() - timedelta(days=_days())
    mine = who.name if who.role is Role.OPERATOR else None
    with rt.sessions() as session:
        only_read(session)
        return operators.summaries(session, since, viewer=who.name, region=who.region, name=mine)


def theirs(session: Session, staff_id: str) -> Staff:
    """An account whose figures whoever is signed in may see: operators their own, others those of their region."""
    found, who = operators.account(session, staff_id), access.who()
    if found is None:
        abort(404)
    if (who.role is Role.OPERATOR and found.name != who.name) or not access.sees(found.region):
        access.not_theirs(f"staff:{found.id}")
    return found


def rate(one: Rate) -> str:
    """A rate in words, with where it really is; only how many, where these are too few to say."""
    if one.of == 0:
        return shown.NOTHING
    if not one.enough:
        return str(gettext("operators.too_few", times=one.times, of=one.of))
    low, high = (f"{100 * end:.0f}" for end in (one.interval.low, one.interval.high))
    return str(gettext("operators.rate", share=f"{100 * one.share:.0f}", low=low, high=high, of=one.of))


def seconds(some: float | None) -> str:
    """So many seconds."""
    return shown.NOTHING if some is None else str(gettext("operators.s", number=f"{some:.0f}"))


def stretch(by: str, one: Stretch) -> str:
    """Which part of the time it is."""
    if one.high is None:
        return str(gettext("operators.from", what=_stretch(by, one.low)))
    if one.low == one.high:
        return _stretch(by, one.low)
    return str(gettext("operators.row_between", low=one.low, high=one.high))


def _stretch(by: str, number: int) -> str:
    if by == "week":
        return str(gettext("operators.week", number=number)) if number else str(gettext("operators.this_week"))
    return (
        str(gettext("operators.hour", number=number)) if by == "hour" else str(gettext("operators.row", number=number))
    )


def _tired(looks: Sequence[operators.Look]) -> list[tuple[str, list[Stretch]]]:
    return [("hour", operators.by_hour(looks)), ("row", operators.in_a_row(looks))]


def _panel(name: str, rates: list[Rate]) -> Panel:
    lengths = [one.share if one.enough else None for one in rates]
    ends = [f"{100 * one.share:.0f}%" if one.enough else f"{one.times}/{one.of}" for one in rates]
    return Panel(gettext(name), lengths, ends)


def _timed(medians: list[float | None]) -> Panel:
    return Panel(gettext("operators.seconds"), medians, [seconds(one) for one in medians])


def _cells(one: Rate) -> list[int | float | None]:
    if not one.enough:
        return [one.times, one.of, None, None]
    return [one.times, one.of, round(one.interval.low, 3), round(one.interval.high, 3)]


def _days() -> int:
    given = request.args.get("days", str(DAYS[0]))
    if given not in map(str, DAYS):
        abort(404)
    return int(given)
