"""Somebody's page: where they stand and what is on record; their identity number only when it is asked for."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import (
    certifying,
    confirmation,
    consent,
    journal,
    needs,
    people,
    pins,
    safewords,
    seals,
    secondlooks,
    templates,
)
from certification.helpers import Relation
from certification.keys import SealBroken
from certification.needs import Declared
from certification.regions import Route
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Case, Person, Phone
from ops.console import access, shown
from ops.console.desk import helping, signs
from ops.console.desk.find import theirs


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the page, and the one that shows the whole number."""

    @console.get("/people/<person_id>")
    @access.for_(access.PEOPLE)
    def person(person_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            return render_template("person.html", **facts(session, rt, theirs(session, person_id), whole=False))

    @console.post("/people/<person_id>/number")
    @access.for_(access.PEOPLE)
    def number(person_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            one = theirs(session, person_id)
            journal.write(session, rt.now(), access.who().name, "identity number shown", f"person:{one.id}")
            return render_template("person.html", **facts(session, rt, one, whole=True))


def facts(session: Session, rt: Runtime, person: Person, *, whole: bool) -> dict[str, Any]:
    """What the page shows; that somebody looked is journalled. `whole`: the identity number unmasked.

    Raises NotBeforeTheSecond to an operator who may be asked for a second look.
    """
    if access.who().role is Role.OPERATOR and secondlooks.awaited(session, person, access.who().name):
        raise secondlooks.NotBeforeTheSecond
    journal.write(session, rt.now(), access.who().name, "person shown", f"person:{person.id}")
    region, revealed = rt.regions[person.region], _revealed(rt, person)
    number = shown.NOTHING if revealed is None else revealed.number
    waiting = select(Case).where(Case.person_id == person.id, Case.decided_at.is_(None)).order_by(Case.rank)
    return {
        "person": person,
        "name": shown.NOTHING if revealed is None else revealed.name,
        "number": number if whole else shown.masked(number),
        "whole": whole,
        "region": region,
        "status": None if revealed is None else certifying.status(session, rt, person),
        "phones": _phones(session, rt, person),
        "needs": needs.of(session, person.id),
        "every_need": list(Declared),
        "helping": helping.of(session, rt, person),
        "relations": list(Relation),
        "agreed": consent.given(session, person),
        "template": templates.current(session, person),
        "unconfirmed": confirmation.awaited(session, person) is not None,
        "pin": pins.is_set(session, person),
        "word": safewords.of(session, rt.keys, person) is not None,
        "signs": signs.of(session, rt, person),
        "cases": session.scalars(waiting).all(),
        "at_desk": region.opens(Route.DESK),
    }


def _revealed(rt: Runtime, person: Person) -> people.Revealed | None:
    try:
        return people.reveal(rt.keys, person)
    except SealBroken:
        return None


def _phones(session: Session, rt: Runtime, person: Person) -> list[tuple[str, str]]:
    """Whose each telephone is, and the number, of which the middle is hidden."""
    found = list[tuple[str, str]]()
    for one in session.scalars(
        select(Phone).where(Phone.person_id == person.id).order_by(Phone.holder.desc(), Phone.id)
    ):
        try:
            number = rt.keys.open(one.number_sealed, seals.phone(one.id)).decode()
        except SealBroken:
            number = shown.NOTHING
        found.append((one.holder, shown.masked_telephone(number)))
    return found
