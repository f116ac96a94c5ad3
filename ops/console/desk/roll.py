"""The roll by where people stand: filters in the address, page by page, and as a file."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from certification import certifying, journal, people, roster
from certification.evidence import Kind
from certification.keys import SealBroken
from certification.needs import Declared
from certification.roster import Listed, Stand, Wanted
from certification.runtime import Runtime
from certification.store import only_read
from ops.console import access, exporting, listing, shown
from ops.console.listing import Asked, Field

DAYS = ("7", "14", "30", "60", "90")
_SOON = "30"


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the list, and its files."""

    @console.get("/roll")
    @access.for_(access.PEOPLE)
    def roll() -> ResponseReturnValue:
        asked = listing.read(*_fields(rt))
        wanted, today = _wanted(asked), certifying.day_of(rt.now())
        with rt.sessions.begin() as session:
            part = roster.part(session, wanted, today, size=listing.SIZE, after=_after(asked, wanted))
            rows = [_row(rt, one) for one in part.people]
            facts = {"found": len(rows), "filter": asked.values}
            journal.write(session, rt.now(), access.who().name, "people listed", "people", **facts)
        further = None if part.after is None else roster.text_of(part.after)
        page = listing.Page([], None, further)
        return render_template("roll.html", asked=asked, rows=rows, page=page, step=roster.STEP, most=roster.MOST)

    @console.get("/roll.<kind>")
    @access.for_(access.EXPORTS)
    def roll_file(kind: str) -> ResponseReturnValue:
        asked = listing.read(*_fields(rt))
        if kind not in exporting.TYPES:
            abort(404)
        counted = [0]
        with rt.sessions() as session:
            only_read(session)
            answer = exporting.sent("people", kind, _heading(), _lines(session, rt, _wanted(asked), counted))
        with rt.sessions.begin() as session:
            facts = {"rows": counted[0], "kind": kind, "filter": asked.values}
            journal.write(session, rt.now(), access.who().name, "people exported", "people", **facts)
        return answer


def _fields(rt: Runtime) -> list[Field]:
    spoken = sorted({code for region in rt.regions for code in region.dialects})
    return [
        Field("stand", gettext("roll.stand"), {one.value: gettext(f"stand.{one.value}") for one in Stand}),
        Field("days", gettext("roll.days"), {one: gettext("roll.within", days=one) for one in DAYS}),
        Field("route", gettext("roll.route"), {one.value: gettext(f"evidence.{one.value}") for one in Kind}),
        Field("dialect", gettext("case.dialect"), {one: gettext(f"dialect.{one}") for one in spoken}),
        Field("need", gettext("person.needs"), {one.value: gettext(f"need.{one.value}") for one in Declared}),
        *listing.region_field(rt),
    ]


def _wanted(asked: Asked) -> Wanted:
    stand, route, need = asked["stand"], asked["route"], asked["need"]
    return Wanted(
        region=asked.region,
        stand=None if stand is None else Stand(stand),
        days=int(asked["days"] or _SOON),
        route=None if route is None else Kind(route),
        dialect=asked["dialect"],
        need=None if need is None else Declared(need),
    )


def _after(asked: Asked, wanted: Wanted) -> roster.Key | None:
    """Behind whom the page begins; what is no key of this list is no such page."""
    if request.args.get("before"):
        abort(404)
    try:
        return None if not asked.after else roster.key_of(wanted, asked.after)
    except ValueError:
        abort(404)


def _row(rt: Runtime, one: Listed) -> dict[str, object]:
    name, number = _revealed(rt, one)
    return {"one": one, "name": name, "number": number, "region": rt.regions[one.person.region]}


def _revealed(rt: Runtime, one: Listed) -> tuple[str, str]:
    """Name, and the number of which the middle is hidden."""
    try:
        found = people.reveal(rt.keys, one.person)
    except SealBroken:
        return shown.NOTHING, shown.NOTHING
    return found.name, shown.masked(found.number)


def _heading() -> list[str]:
    keys = ("roll.name", "person.number", "list.region", "roll.due", "roll.done", "case.dialect", "person.needs")
    return [gettext(key) for key in keys] + [gettext("roll.identifier")]


def _lines(session: Session, rt: Runtime, wanted: Wanted, counted: list[int]) -> Iterator[exporting.Row]:
    """What a file says of each; `counted` is how many there were."""
    done = {one.value: gettext(f"evidence.{one.value}") for one in Kind}
    needs = {one.value: gettext(f"need.{one.value}") for one in Declared}
    spoken = {code: gettext(f"dialect.{code}") for region in rt.regions for code in region.dialects}
    for one in roster.everybody(session, wanted, certifying.day_of(rt.now())):
        counted[0] += 1
        name, number = _revealed(rt, one)
        place = shown.place(rt.regions, one.person.region)
        dialect = spoken.get(one.person.dialect or "", "")
        lacks = " ".join(needs[need] for need in one.needs)
        yield [name, number, place, shown.day(one.due), done.get(one.route or "", ""), dialect, lacks, one.person.id]
