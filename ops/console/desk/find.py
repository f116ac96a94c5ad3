"""Finding somebody by identity number, telephone or our identifier. What is looked for stands in no address."""

from __future__ import annotations

import re

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from certification import journal, people, phones
from certification.errors import Problem
from certification.identity import ResidentNumber
from certification.keys import SealBroken
from certification.runtime import Runtime
from certification.store import Person
from ops.console import access, language, shown

MOST = 20
_OURS = re.compile(r"[0-9a-f]{32}")
_SIGNS = re.compile(r"[\s·-]")
_NUMBER = 15  # digits of the shortest identity number; a telephone has at most as many less one


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the page on which somebody is looked for."""

    @console.route("/people", methods=["GET", "POST"])
    @access.for_(access.PEOPLE)
    def people_() -> ResponseReturnValue:
        if request.method == "GET":
            return render_template("people.html", found=None, wrong=None)
        wanted = request.form.get("wanted", "").strip()
        try:
            with rt.sessions.begin() as session:
                found = [one for one in look_for(session, rt, wanted) if access.sees(one.region)]
                journal.write(session, rt.now(), access.who().name, "people looked for", "people", found=len(found))
                rows = [(one.id, named(rt, one), rt.regions[one.region]) for one in found[:MOST]]
        except Problem as problem:
            return render_template("people.html", found=None, wrong=language.said(problem)), 400
        if len(rows) == 1:
            return redirect(url_for("console.person", person_id=rows[0][0]))
        return render_template("people.html", found=rows, wrong=None)


def look_for(session: Session, rt: Runtime, wanted: str) -> list[Person]:
    """Everybody whom this identity number, telephone or identifier is of. Raises Problem where it is none of these."""
    if _OURS.fullmatch(wanted.lower()):
        one = session.get(Person, wanted.lower())
        return [] if one is None else [one]
    if len(_SIGNS.sub("", wanted)) >= _NUMBER:
        one = people.find_by_number(session, rt.keys, ResidentNumber.parse(wanted))
        return [] if one is None else [one]
    return people.people_at(session, rt.keys, phones.parse(wanted).e164)


def theirs(session: Session, person_id: str) -> Person:
    """Somebody whom whoever is signed in may see; otherwise there is nobody."""
    person = session.get(Person, person_id)
    if person is None or not access.sees(person.region):
        abort(404)
    return person


def named(rt: Runtime, person: Person) -> str:
    """Somebody's name, as far as it opens."""
    try:
        return people.reveal(rt.keys, person).name
    except SealBroken:
        return shown.NOTHING
