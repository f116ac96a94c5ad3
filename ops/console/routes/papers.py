"""Papers: listed by where they are, each with what stands against it, and each step that a clerk takes with one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import grounds, journal, papers
from certification.errors import Problem
from certification.paperfaults import STATES, VOID, PaperUnchecked, PaperUnknown
from certification.papers import PaperKind
from certification.runtime import Runtime
from certification.store import Paper, Person
from ops.console import access, exporting, language, listing, shown
from ops.console.desk.find import named, theirs
from ops.console.listing import Asked, Field

LONGEST = 200
_BY = (Paper.since, Paper.id)


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the list, its files, and the page of one paper with its steps."""
    _list(console, rt)
    _one(console, rt)
    _steps(console, rt)


def _list(console: Blueprint, rt: Runtime) -> None:
    @console.get("/papers")
    @access.for_(access.PEOPLE)
    def papers_() -> ResponseReturnValue:
        asked = listing.read(*_fields(rt))
        with rt.sessions.begin() as session:
            down = asked["state"] is None
            page = listing.page(session, _rows(asked), _BY, asked, down=down, walk=_walk(asked))
            found: list[Any] = list(page.rows)
            taken = grounds.taken_back(session, grounds.PAPER, {person.id for _, person, *_ in found})
            rows = [
                {"paper": paper, "name": named(rt, person), "lost": papers.lost(rt, paper, rt.regions[person.region])}
                | {"region": rt.regions[person.region], "taken": taken.get(paper.id)}
                for paper, person, *_ in found
            ]
            facts = {"found": len(rows), "filter": asked.values}
            journal.write(session, rt.now(), access.who().name, "papers listed", "papers", **facts)
        return render_template("papers.html", asked=asked, page=page, rows=rows)

    @console.get("/papers.<kind>")
    @access.for_(access.EXPORTS)
    def papers_file(kind: str) -> ResponseReturnValue:
        asked = listing.read(*_fields(rt))
        entry: dict[str, Any] = {"did": "papers exported", "of": "papers", "filter": asked.values}
        return exporting.handed(rt, kind, "papers", _heading(), partial(_lines, rt, asked), **entry)

    @console.post("/papers/find")
    @access.for_(access.PEOPLE)
    def find_paper() -> ResponseReturnValue:
        number = request.form.get("number", "").strip()
        with rt.sessions.begin() as session:
            found = papers.find(session, rt, number, access.who().name)
            here = isinstance(found, Paper) and access.sees(session.get_one(Person, found.person_id).region)
        if isinstance(found, Problem):  # raised after the commit, which keeps what the journal says of it
            raise found
        if not here:
            raise PaperUnknown(number)
        return redirect(url_for("console.paper", paper_id=found.id))


def _one(console: Blueprint, rt: Runtime) -> None:
    @console.get("/papers/<paper_id>")
    @access.for_(access.PEOPLE)
    def paper(paper_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            one, person = theirs_(session, paper_id)
            journal.write(
                session, rt.now(), access.who().name, "paper shown", f"person:{person.id}", paper=one.id, kind=one.kind
            )
            region = rt.regions[person.region]
            fault = papers.hindrance(rt, one, region)
            facts = {
                "person": person,
                "name": named(rt, person),
                "region": region,
                "lost": papers.lost(rt, one, region),
                "taken": grounds.taken_back(session, grounds.PAPER, [person.id]).get(one.id),
            }
            return render_template(
                "paper.html", paper=one, fault=None if fault is None else language.said(fault), void=VOID, **facts
            )


def _steps(console: Blueprint, rt: Runtime) -> None:
    @console.post("/papers/<paper_id>/post")
    @access.for_(access.DESK)
    def post_paper(paper_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            papers.post(session, rt, theirs_(session, paper_id)[0], access.who().name)
        return _told(gettext("paper.posted"), paper_id)

    @console.post("/papers/<paper_id>/receive")
    @access.for_(access.DESK)
    def receive_paper(paper_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            one, _ = theirs_(session, paper_id)
            found = papers.valid(session, rt, one.number, access.who().name)
            if isinstance(found, Paper):
                papers.receive(session, rt, found, access.who().name)
        if isinstance(found, Problem):  # raised after the commit, which keeps what the journal says of it
            raise found
        return _told(gettext("paper.received"), paper_id)

    @console.post("/papers/<paper_id>/accept")
    @access.for_(access.DESK)
    def accept_paper(paper_id: str) -> ResponseReturnValue:
        if request.form.get("sure") != "yes":
            raise PaperUnchecked
        signed, stamp = request.form.get("signed_on", ""), request.form.get("stamp", "").strip()[:LONGEST]
        with rt.sessions.begin() as session:
            one, _ = theirs_(session, paper_id)
            recorded = papers.accept(session, rt, one, access.who().name, signed_on=_day(signed), stamp=stamp or None)
        receipt = recorded.evidence.receipt
        certified = gettext("desk.certified", receipt=receipt)
        return _told(certified if recorded.closed else gettext("desk.recorded", receipt=receipt), paper_id)

    @console.post("/papers/<paper_id>/return")
    @access.for_(access.DESK)
    def return_paper(paper_id: str) -> ResponseReturnValue:
        reason = request.form.get("reason", "").strip()
        if not 0 < len(reason) <= LONGEST:
            abort(400)
        with rt.sessions.begin() as session:
            papers.give_back(session, rt, theirs_(session, paper_id)[0], access.who().name, reason)
        return _told(gettext("paper.returned"), paper_id)


def theirs_(session: Session, paper_id: str) -> tuple[Paper, Person]:
    """A paper that whoever is signed in may see, and whose it is; otherwise there is none."""
    paper = session.get(Paper, paper_id)
    if paper is None:
        abort(404)
    return paper, theirs(session, paper.person_id)


def _told(said: str, paper_id: str) -> ResponseReturnValue:
    flash(said)
    return redirect(url_for("console.paper", paper_id=paper_id))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        abort(400)


def _fields(rt: Runtime) -> list[Field]:
    return [
        Field("state", gettext("paper.state"), {one: gettext(f"paper_state.{one}") for one in STATES}),
        Field("kind", gettext("paper.kind"), {one.value: gettext(f"paper_kind.{one.value}") for one in PaperKind}),
        *listing.region_field(rt),
    ]


def _walk(asked: Asked) -> listing.Rows:
    """What the list goes through, in the order of an index."""
    every = select(*_BY)
    return every if asked["state"] is None else every.where(Paper.state == asked["state"])


def _rows(asked: Asked) -> Any:
    found = select(Paper, Person, Paper.since.label("since"), Paper.id.label("id"))
    found = found.join(Person, Person.id == Paper.person_id)
    for column, value in ((Paper.state, asked["state"]), (Paper.kind, asked["kind"]), (Person.region, asked.region)):
        if value is not None:
            found = found.where(column == value)
    return found


def _heading() -> list[str]:
    keys = ("paper.number", "paper.kind", "paper.state", "paper.since", "roll.name", "list.region", "paper.reason")
    return [gettext(key) for key in keys]


def _lines(rt: Runtime, asked: Asked, session: Session) -> Iterator[exporting.Row]:
    found: Iterator[Any] = listing.everything(session, _rows(asked), _BY, down=asked["state"] is None)
    states = {one: gettext(f"paper_state.{one}") for one in STATES}
    kinds = {one.value: gettext(f"paper_kind.{one.value}") for one in PaperKind}
    for paper, person, *_ in found:
        place = shown.place(rt.regions, person.region)
        since = shown.moment(paper.since)
        yield [paper.number, kinds[paper.kind], states[paper.state], since, named(rt, person), place, paper.reason]
