"""The visitor's own pages, made for a tablet: whom to go to today, where they live, and what was found there."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import certifying, desks, grounds, journal, needs, people, seals, visits
from certification.keys import SealBroken
from certification.phones import dialled
from certification.runtime import Runtime
from certification.store import Person, Phone, Visit
from certification.visits import Outcome, ReportUnchecked
from ops.console import access, shown
from ops.console.desk.find import named

LONGEST = 1000
_REPORT = visits.PHOTO_BYTES + 2**16  # a photograph, and what is written


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the round of the day, and the page of one visit."""

    @console.get("/rounds")
    @access.for_(access.VISITORS)
    def rounds() -> ResponseReturnValue:
        today, me = certifying.day_of(rt.now()), access.who().name
        with rt.sessions.begin() as session:
            mine = [one for one in visits.waiting(session, me) if one.state == "assigned"]
            rows = [_row(session, rt, one) for one in mine if access.sees(_person(session, one).region)]
            reported = visits.reported_since(session, me, today)
            taken = grounds.taken_back(session, grounds.VISIT, {one.person_id for one in reported})
            done = [_row(session, rt, one) | {"taken": taken.get(one.id)} for one in reported]
            journal.write(session, rt.now(), me, "visits listed", "visits", found=len(rows), done=len(done))
        now = [row for row in rows if row["visit"].planned_on is None or row["visit"].planned_on <= today]
        later = [row for row in rows if row not in now]
        return render_template("rounds.html", now=now, later=later, done=done, today=today)

    @console.get("/rounds/<visit_id>")
    @access.for_(access.VISITORS)
    def round_(visit_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            return render_template("round.html", **_facts(session, rt, mine_(session, visit_id)))

    @console.post("/rounds/<visit_id>")
    @access.for_(access.VISITORS)
    @access.weighs(_REPORT)
    def report(visit_id: str) -> ResponseReturnValue:
        outcome, text = request.form.get("outcome", ""), request.form.get("text", "").strip()
        if outcome not in [*Outcome] or len(text) > LONGEST:
            abort(400)
        if outcome == Outcome.MET and request.form.get("seen") != "yes":
            raise desks.CardNotSeen
        if request.form.get("sure") != "yes":
            raise ReportUnchecked
        given = request.files.get("photo")
        photo = given.read() if given is not None else b""
        kind, me = Outcome(outcome), access.who().name
        with rt.sessions.begin() as session:
            visit = mine_(session, visit_id)
            recorded = visits.report(session, rt, visit, visitor=me, outcome=kind, text=text, photo=photo or None)
        receipt = None if recorded is None else recorded.evidence.receipt
        flash(gettext("round.noted") if receipt is None else gettext("desk.certified", receipt=receipt))
        return redirect(url_for("console.rounds"))


def mine_(session: Session, visit_id: str) -> Visit:
    """A visit that was given to whoever is signed in; anybody else's is none."""
    visit = session.get(Visit, visit_id)
    if visit is None:
        abort(404)
    given = visit.visitor == access.who().name and visit.state in ("assigned", "reported")
    if not given or not access.sees(_person(session, visit).region):
        access.not_theirs(f"person:{visit.person_id}")
    return visit


def _person(session: Session, visit: Visit) -> Person:
    return session.get_one(Person, visit.person_id)


def _row(session: Session, rt: Runtime, visit: Visit) -> dict[str, Any]:
    return {"visit": visit, "name": named(rt, _person(session, visit))}


def _facts(session: Session, rt: Runtime, visit: Visit) -> dict[str, Any]:
    """What the visitor sees: where the person lives and their telephones only until it is reported; journalled."""
    person = _person(session, visit)
    facts: dict[str, Any] = {"visit": visit, "name": named(rt, person), "longest": LONGEST, "outcomes": list(Outcome)}
    taken, former = grounds.taken_back(session, grounds.VISIT, [person.id]), visits.former(visit)
    facts |= {"taken": taken.get(visit.id), "instead": taken.get(former) if former else None}
    if visit.state != "assigned":
        return {**facts, "address": "", "phones": [], "needs": [], "tail": ""}
    journal.write(session, rt.now(), access.who().name, "address shown", f"person:{person.id}", visit=visit.id)
    phones = session.scalars(select(Phone).where(Phone.person_id == person.id).order_by(Phone.holder.desc(), Phone.id))
    told = [(one.holder, dialled(_opened(rt, one.number_sealed, seals.phone(one.id)))) for one in phones]
    address = visit.address_sealed and _opened(rt, visit.address_sealed, seals.address(visit.id, person.id))
    declared = sorted(needs.of(session, person.id))
    return {**facts, "address": address or "", "phones": told, "needs": declared, "tail": _number(rt, person)}


def _opened(rt: Runtime, sealed: bytes, context: str) -> str:
    try:
        return rt.keys.open(sealed, context).decode()
    except SealBroken:
        return shown.NOTHING


def _number(rt: Runtime, person: Person) -> str:
    """The number to hold beside their card, of which the middle is hidden."""
    try:
        return shown.masked(people.number_of(rt.keys, person).text)
    except SealBroken:
        return shown.NOTHING
