"""The other ways for one person: their papers, the visit to them, their appointment; and what is begun of each."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import appointments, journal, papers, visits
from certification.papers import Document, DocumentKind, PaperKind
from certification.regions import Route
from certification.runtime import Runtime
from certification.store import Paper, Person, new_id
from ops.console import access
from ops.console.desk.find import named, theirs

LATEST = 10
LETTERS = 3
"""Documents that one letter may hold on the form."""


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the page, and what is begun there."""

    @console.get("/people/<person_id>/ways")
    @access.for_(access.PEOPLE)
    def ways(person_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            return render_template("ways.html", **_facts(session, rt, theirs(session, person_id)))

    @console.post("/people/<person_id>/forms")
    @access.for_(access.DESK)
    def issue_form(person_id: str) -> ResponseReturnValue:
        kind, why = request.form.get("kind", ""), request.form.get("again", "").strip()
        if kind not in [one.value for one in papers.FORMS]:
            abort(400)
        with rt.sessions.begin() as session:
            person = theirs(session, person_id)
            paper = papers.issue(session, rt, person, PaperKind(kind), access.who().name, again=why or None)
        flash(gettext("ways.issued", number=paper.number))
        return redirect(url_for("console.paper", paper_id=paper.id))

    @console.post("/people/<person_id>/letters")
    @access.for_(access.DESK)
    def take_letter(person_id: str) -> ResponseReturnValue:
        documents = _documents()
        with rt.sessions.begin() as session:
            paper = papers.letter(session, rt, theirs(session, person_id), documents, access.who().name)
        flash(gettext("ways.letter_came", number=paper.number))
        return redirect(url_for("console.paper", paper_id=paper.id))

    @console.post("/people/<person_id>/visits")
    @access.for_(access.TEND)
    def ask_visit(person_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            person = theirs(session, person_id)
            visit = visits.awaited(session, person)
            if visit is None:
                visit = visits.ask(session, rt, person, cause=f"clerk:{new_id()}", by=access.who().name)
        return redirect(url_for("console.visit", visit_id=visit.id))


def _facts(session: Session, rt: Runtime, person: Person) -> dict[str, Any]:
    journal.write(session, rt.now(), access.who().name, "person shown", f"person:{person.id}")
    region = rt.regions[person.region]
    offices = [one.name for one in region.offices if one.slots] if appointments.taken(region) else []
    office = request.args.get("office") or (offices[0] if offices else None)
    if office is not None and office not in offices:
        abort(404)
    theirs_ = select(Paper).where(Paper.person_id == person.id).order_by(Paper.since.desc(), Paper.id).limit(LATEST)
    return {
        "person": person,
        "name": named(rt, person),
        "region": region,
        "opens": {route.value: region.opens(route) for route in Route},
        "papers": session.scalars(theirs_).all(),
        "forms": [one.value for one in papers.FORMS if one.value in region.paper.forms],
        "documents": region.post.papers,
        "letters": range(LETTERS),
        "visit": visits.awaited(session, person),
        "coming": appointments.coming(session, rt, person),
        "offices": offices,
        "office": office,
        "times": appointments.free(session, rt, region, office) if office is not None else [],
    }


def _documents() -> list[Document]:
    found = []
    for kind, dated in zip(request.form.getlist("document"), request.form.getlist("dated"), strict=False):
        if kind or dated:
            try:
                found.append(Document(DocumentKind(kind), date.fromisoformat(dated)))
            except ValueError:
                abort(400)
    if not 0 < len(found) <= LETTERS:
        abort(400)
    return found
