"""Home visits for whoever sends the visitors: listed by where they are, given to somebody, called off, and read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import certifying, grounds, journal, seals, staff, visits
from certification.keys import SealBroken
from certification.regions import Route
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Person, TakenBack, Visit, only_read
from certification.visits import STATES
from ops.console import access, exporting, listing, shown
from ops.console.desk.find import named, theirs
from ops.console.listing import Asked, Field

_BY = (Visit.asked_at, Visit.id)
_PNG = b"\x89PNG"


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the list, its files, and the page of one visit with what is done about it."""
    _list(console, rt)
    _one(console, rt)
    _deeds(console, rt)


def _list(console: Blueprint, rt: Runtime) -> None:
    @console.get("/visits")
    @access.for_(access.PEOPLE)
    def visits_() -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            asked = listing.read(*_fields(session, rt))
            down = asked["state"] is None
            page = listing.page(session, _rows(asked), _BY, asked, down=down, walk=_walk(asked))
            found: list[Any] = list(page.rows)
            taken = grounds.taken_back(session, grounds.VISIT, {person.id for _, person, *_ in found})
            rows = [
                {"visit": visit, "name": named(rt, person), "region": rt.regions[person.region]}
                | {"taken": taken.get(visit.id)}
                for visit, person, *_ in found
            ]
            facts = {"found": len(rows), "filter": asked.values}
            journal.write(session, rt.now(), access.who().name, "visits listed", "visits", **facts)
        return render_template("visits.html", asked=asked, page=page, rows=rows, today=certifying.day_of(rt.now()))

    @console.get("/visits.<kind>")
    @access.for_(access.EXPORTS)
    def visits_file(kind: str) -> ResponseReturnValue:
        with rt.sessions() as session:
            only_read(session)
            asked = listing.read(*_fields(session, rt))
        entry: dict[str, Any] = {"did": "visits exported", "of": "visits", "filter": asked.values}
        return exporting.handed(rt, kind, "visits", _heading(), partial(_lines, rt, asked), **entry)


def _one(console: Blueprint, rt: Runtime) -> None:
    @console.get("/visits/<visit_id>")
    @access.for_(access.PEOPLE)
    def visit(visit_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            one, person = theirs_(session, visit_id)
            journal.write(session, rt.now(), access.who().name, "visit shown", f"person:{person.id}", visit=one.id)
            facts = {
                "name": named(rt, person),
                "person": person,
                "region": rt.regions[person.region],
                "address": _address(session, rt, one),
                "report": _report(rt, one),
                "visitors": visitors(session, person.region),
                "unmade": one.state in visits.UNMADE,
                "today": certifying.day_of(rt.now()),
                **_once_more(session, rt, one, person),
            }
            return render_template("visit.html", visit=one, longest=visits.ADDRESS_LENGTH, **facts)

    @console.get("/visits/<visit_id>/photo")
    @access.for_(access.PEOPLE)
    def visit_photo(visit_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            one, person = theirs_(session, visit_id)
            if one.photo_sealed is None:
                abort(404)
            photo = _open(rt, one.photo_sealed, seals.photo(one.id, person.id)) or abort(404)
            facts = {"visit": one.id}
            journal.write(session, rt.now(), access.who().name, "photograph shown", f"person:{person.id}", **facts)
        return Response(photo, mimetype="image/png" if photo.startswith(_PNG) else "image/jpeg")


def _deeds(console: Blueprint, rt: Runtime) -> None:
    @console.post("/visits/<visit_id>/assign")
    @access.for_(access.TEND)
    def assign_visit(visit_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            one, person = theirs_(session, visit_id)
            visitor, on, address = _given(session, rt, person)
            visits.assign(session, rt, one, visitor=visitor, on=on, by=access.who().name, address=address)
        flash(gettext("visit.assigned", visitor=visitor, on=shown.day(on)))
        return redirect(url_for("console.visit", visit_id=visit_id))

    @console.post("/visits/<visit_id>/again")
    @access.for_(access.TEND)
    def send_again(visit_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            one, person = theirs_(session, visit_id)
            visitor, on, address = _given(session, rt, person)
            whom: dict[str, Any] = {"visitor": visitor, "on": on, "address": address}
            made, new = grounds.send_again(session, rt, one, by=access.who().name, **whom)
        flash(gettext("visit.assigned", visitor=visitor, on=shown.day(on)) if new else gettext("visit.not_another"))
        return redirect(url_for("console.visit", visit_id=made.id))

    @console.post("/visits/<visit_id>/drop")
    @access.for_(access.TEND)
    def drop_visit(visit_id: str) -> ResponseReturnValue:
        if request.form.get("sure") != "yes":
            abort(400)
        with rt.sessions.begin() as session:
            one, _ = theirs_(session, visit_id)
            if not visits.drop(session, rt, one.cause, access.who().name):
                raise visits.VisitElsewhere(one)
        flash(gettext("visit.dropped"))
        return redirect(url_for("console.visit", visit_id=visit_id))


def _given(session: Session, rt: Runtime, person: Person) -> tuple[str, date, str]:
    """Who goes, on which day and where, as the form has it."""
    visitor, address = request.form.get("visitor", ""), request.form.get("address", "")
    try:
        on = date.fromisoformat(request.form.get("on", ""))
    except ValueError:
        abort(400)
    if visitor not in visitors(session, person.region) or on < certifying.day_of(rt.now()):
        abort(400)
    return visitor, on, address


def _once_more(session: Session, rt: Runtime, visit: Visit, person: Person) -> dict[str, Any]:
    """That the sign of life of a visit was taken back, who goes there instead, and for which visit this one is made."""
    taken = grounds.taken_back(session, grounds.VISIT, [person.id])
    former, mine = visits.former(visit), taken.get(visit.id)
    awaited = visits.awaited(session, person) if mine else None
    may = mine is not None and awaited is None and rt.regions[person.region].opens(Route.VISIT)
    where = _last_address(session, rt, person.id) if may else ""
    return {"taken": mine, "former": former, "awaited": awaited, "again": may, "where": where}


def theirs_(session: Session, visit_id: str) -> tuple[Visit, Person]:
    """A visit that whoever is signed in may see, and to whom it is; otherwise there is none."""
    visit = session.get(Visit, visit_id)
    if visit is None:
        abort(404)
    return visit, theirs(session, visit.person_id)


def visitors(session: Session, region: str) -> list[str]:
    """Who goes to people's homes in a region."""
    open_ = (one for one in staff.listed(session) if one.role == Role.VISITOR.value)
    return [one.name for one in open_ if one.region in (None, region)]


def _address(session: Session, rt: Runtime, visit: Visit) -> str:
    """Where it goes, or where the last one to this person went."""
    if visit.address_sealed is not None:
        found = _open(rt, visit.address_sealed, seals.address(visit.id, visit.person_id))
        return shown.NOTHING if found is None else found.decode()
    return _last_address(session, rt, visit.person_id) if visit.state in visits.UNMADE else ""


def _last_address(session: Session, rt: Runtime, person_id: str) -> str:
    try:
        return visits.address(session, rt, person_id)
    except SealBroken:
        return ""


def _report(rt: Runtime, visit: Visit) -> str | None:
    if visit.report_sealed is None:
        return None
    found = _open(rt, visit.report_sealed, seals.report(visit.id, visit.person_id))
    return shown.NOTHING if found is None else found.decode()


def _open(rt: Runtime, sealed: bytes, context: str) -> bytes | None:
    try:
        return rt.keys.open(sealed, context)
    except SealBroken:
        return None


def _fields(session: Session, rt: Runtime) -> list[Field]:
    mine = access.who().region
    open_ = [one for one in staff.listed(session) if one.role == Role.VISITOR.value]
    names = {one.name: one.name for one in open_ if mine is None or one.region in (None, mine)}
    return [
        Field("state", gettext("visit.state"), {one: gettext(f"visit_state.{one}") for one in STATES}),
        Field("visitor", gettext("visit.visitor"), names),
        Field("outcome", gettext("visit.outcome"), _outcomes()),
        *listing.region_field(rt),
    ]


def _walk(asked: Asked) -> listing.Rows:
    """What the list goes through, in the order of an index."""
    every = select(*_BY)
    return every if asked["state"] is None else every.where(Visit.state == asked["state"])


def _rows(asked: Asked) -> Any:
    found = select(Visit, Person, Visit.asked_at.label("asked_at"), Visit.id.label("id"))
    found = found.join(Person, Person.id == Visit.person_id)
    asked_for = ((Visit.state, asked["state"]), (Visit.visitor, asked["visitor"]), (Person.region, asked.region))
    for column, value in asked_for:
        if value is not None:
            found = found.where(column == value)
    if asked["outcome"] is not None:
        found = found.where(Visit.state == "reported", Visit.outcome == asked["outcome"])
    return found


def _outcomes() -> dict[str, str]:
    return {one.value: gettext(f"outcome.{one.value}") for one in visits.Outcome}


def _heading() -> list[str]:
    keys = ("roll.name", "list.region", "visit.state", "visit.visitor", "visit.on", "visit.outcome", "visit.asked")
    return [gettext(key) for key in (*keys, "sign.taken")]


def _lines(rt: Runtime, asked: Asked, session: Session) -> Iterator[exporting.Row]:
    found: Iterator[Any] = listing.everything(session, _rows(asked), _BY, down=asked["state"] is None)
    states = {one: gettext(f"visit_state.{one}") for one in STATES}
    outcomes, taken = _outcomes(), grounds.taken_back(session, grounds.VISIT)
    for visit, person, *_ in found:
        place, on = shown.place(rt.regions, person.region), shown.day(visit.planned_on)
        outcome = outcomes.get(visit.outcome or "", "")
        asked_at, back = shown.moment(visit.asked_at), _taken(taken.get(visit.id))
        yield [named(rt, person), place, states[visit.state], visit.visitor, on, outcome, asked_at, back]


def _taken(row: TakenBack | None) -> str:
    return "" if row is None else gettext("sign.taken_by", name=row.by, at=shown.moment(row.at))
