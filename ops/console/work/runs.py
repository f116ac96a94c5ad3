"""Comparison runs: what each came to, how far one in work is, and its release or undoing asked for."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import cases, journal, people, reasons
from certification.comparison import folders, standing
from certification.comparison.rules import Outcome
from certification.errors import NoSheetHolds
from certification.keys import SealBroken
from certification.reasons import ReasonMissing
from certification.runtime import Runtime
from certification.store import ComparisonResult, ComparisonRun, Person, only_read
from ops.console import access, exporting, listing, shown
from ops.console import asked as form
from ops.console.listing import Asked, Field, Line, Rows
from ops.console.work import events
from ops.console.work.events import Progress

STATES = ("running", "ready", "releasing", "released", "undoing", "undone")
GOING = ("running", "releasing", "undoing")
COUNTS = (*(one.value for one in Outcome), "people", "numbers", "strangers", "rejected", standing.CHANGED)
ASK = (Outcome.DEATH.value, Outcome.CONTRADICTION.value)
_BY = (ComparisonRun.started_at, ComparisonRun.id)
PERSONS = access.PAYMENTS
"""Who sees what a run says of each person, and lines that were sent back, where a name may stand in a wrong column; the
administrator sees numbers alone."""


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the list of runs, the page of one, its results as a file, and what may be done with it."""
    _looked_at(console, rt)
    _results(console, rt)
    _deeds(console, rt)


def _looked_at(console: Blueprint, rt: Runtime) -> None:
    @console.get("/runs")
    @access.for_(access.WORK)
    def runs() -> ResponseReturnValue:
        asked = _asked(rt)
        with rt.sessions() as session:
            only_read(session)
            page = listing.page(session, _found(asked), _BY, asked, down=True, size=25)
        return render_template("runs.html", asked=asked, page=page, region=partial(shown.place, rt.regions))

    @console.get("/runs.<kind>")
    @access.for_(access.WORK)
    def runs_file(kind: str) -> ResponseReturnValue:
        asked = _asked(rt)
        entry: dict[str, Any] = {"did": "comparisons exported", "of": "comparison runs", "filter": asked.values}
        return exporting.handed(rt, kind, "comparisons", _headings(), partial(_lines, rt, asked), **entry)

    @console.get("/runs/<run_id>")
    @access.for_(access.WORK)
    def run(run_id: str) -> ResponseReturnValue:
        asked = listing.read(_outcome_field())
        with rt.sessions() as session:
            only_read(session)
            found = theirs(session, run_id)
            page, led, names = None, {}, {}
            if access.who().role in PERSONS:
                page = listing.page(session, _said(found.id, asked["outcome"]), (ComparisonResult.person_id,), asked)
                led, names = _cases(session, page.rows), _names(session, rt, page.rows)
        if page is not None:
            _note(rt, "comparison shown", found, outcome=asked["outcome"], people=len(page.rows))
        facts = {"counts": [(name, found.counts[name]) for name in COUNTS if name in found.counts]}
        rejected = page is not None and bool(found.counts.get("rejected")) and folders.rejected(rt, found.id).exists()
        going, named = _progress(found), shown.place(rt.regions, found.region)
        return render_template(
            "run.html",
            run=found,
            asked=asked,
            page=page,
            led=led,
            names=names,
            rejected=rejected,
            going=going,
            region=named,
            **facts,
        )

    @console.get("/runs/<run_id>/events")
    @access.for_(access.WORK)
    def run_events(run_id: str) -> ResponseReturnValue:
        with rt.sessions() as session:
            only_read(session)
            return events.event(_progress(theirs(session, run_id)))


def _results(console: Blueprint, rt: Runtime) -> None:
    @console.get("/runs/<run_id>/results.<kind>")
    @access.for_(PERSONS)
    def run_results(run_id: str, kind: str) -> ResponseReturnValue:
        asked = listing.read(_outcome_field())
        with rt.sessions() as session:
            only_read(session)
            found = theirs(session, run_id)
        said = _said(found.id, asked["outcome"])
        name, subject = f"comparison-{found.region}-{found.on}", folders.subject(found.id)

        def rows(session: Session) -> Iterator[exporting.Row]:
            return map(_row, listing.everything(session, said, (ComparisonResult.person_id,)))

        entry: dict[str, Any] = {"did": "comparison exported", "of": subject, "outcome": asked["outcome"]}
        return exporting.handed(rt, kind, name, _heading(), rows, **entry)

    @console.get("/runs/<run_id>/rejected.<kind>")
    @access.for_(PERSONS)
    def run_rejected(run_id: str, kind: str) -> ResponseReturnValue:
        with rt.sessions() as session:
            only_read(session)
            found = theirs(session, run_id)
        path, lines = folders.rejected(rt, found.id), int(found.counts.get("rejected", 0))
        if not path.exists():
            abort(404)
        if kind == "xlsx" and lines > exporting.MOST:
            raise NoSheetHolds(exporting.MOST)
        heading = [gettext("run.file"), gettext("run.line"), gettext("run.rejected_why")]
        entry: dict[str, Any] = {
            "did": "rejected lines exported",
            "of": folders.subject(found.id),
            "most": max(lines, exporting.MOST),
        }
        name = f"rejected-{found.region}-{found.on}"
        return exporting.handed(rt, kind, name, heading, lambda _: _rejected(path), **entry)


def _deeds(console: Blueprint, rt: Runtime) -> None:
    """Each says what is to be done; the sweep does it, slice by slice (ops.comparisons)."""

    @console.post("/runs/<run_id>/release")
    @access.for_(access.SIGN)
    def release_run(run_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            found = theirs(session, run_id)
            form.sure()
            standing.let_go(session, rt, found.id, access.who().name)
        flash(gettext("run.let_go"))
        return redirect(url_for("console.run", run_id=run_id))

    @console.post("/runs/<run_id>/undo")
    @access.for_(access.SIGN)
    def undo_run(run_id: str) -> ResponseReturnValue:
        why = reasons.impersonal(form.reason())
        if not why:
            raise ReasonMissing
        with rt.sessions.begin() as session:
            standing.take_back(session, rt, theirs(session, run_id).id, access.who().name, why)
        flash(gettext("run.taken_back"))
        return redirect(url_for("console.run", run_id=run_id))


def _note(rt: Runtime, what: str, found: ComparisonRun, **facts: object) -> None:
    with rt.sessions.begin() as session:
        journal.write(session, rt.now(), access.who().name, what, folders.subject(found.id), **facts)


def theirs(session: Session, run_id: str) -> ComparisonRun:
    """A run that whoever is signed in may see; otherwise there is none."""
    found = session.get(ComparisonRun, run_id)
    if found is None:
        abort(404)
    if not access.sees(found.region):
        access.not_theirs(folders.subject(found.id))
    return found


def _progress(run: ComparisonRun) -> Progress:
    to = {"running": run.stored_to, "releasing": run.released_to, "undoing": run.undone_to}
    return Progress(run.state, events.share(to[run.state]) if run.state in GOING else 1.0, run.state in GOING)


def _asked(rt: Runtime) -> Asked:
    state = Field("state", gettext("run.state"), {one: gettext(f"run_state.{one}") for one in STATES})
    return listing.read(*listing.region_field(rt), state)


def _found(asked: Asked) -> Rows:
    one = ComparisonRun
    found = select(one.id, one.region, one.on, one.state, one.counts, one.started_by, one.started_at)
    if asked.region is not None:
        found = found.where(one.region == asked.region)
    return found if asked["state"] is None else found.where(one.state == asked["state"])


def _said(run_id: str, outcome: str | None) -> Rows:
    found = select(*ComparisonResult.__table__.columns).where(ComparisonResult.run_id == run_id)
    return found if outcome is None else found.where(ComparisonResult.outcome == outcome)


def _cases(session: Session, rows: Any) -> dict[str, str]:
    """The case that asks about somebody, by person: of deaths and contradictions."""
    asking = [row for row in rows if row.outcome in ASK]
    found = {row.person_id: cases.of(session, standing.cause(row)) for row in asking}
    return {person: case.id for person, case in found.items() if case is not None}


def _names(session: Session, rt: Runtime, rows: Any) -> dict[str, tuple[str, str]]:
    """What people are called and their masked numbers; whoever is erased, or does not open, has neither."""
    found = dict[str, tuple[str, str]]()
    for person in session.scalars(select(Person).where(Person.id.in_([row.person_id for row in rows]))):
        try:
            revealed = people.reveal(rt.keys, person)
        except SealBroken:
            continue
        found[person.id] = (revealed.name, shown.masked(revealed.number))
    return found


def _outcome_field() -> Field:
    return Field("outcome", gettext("run.outcome"), {one.value: gettext(f"outcome.{one.value}") for one in Outcome})


def _headings() -> list[str]:
    outcomes = set(map(str, Outcome))
    counts = [gettext(f"outcome.{one}") if one in outcomes else gettext(f"count.{one}") for one in COUNTS]
    what = [gettext("run.on"), gettext("list.region"), gettext("run.state")]
    return [*what, *counts, gettext("run.begun_by"), gettext("run.begun")]


def _lines(rt: Runtime, asked: Asked, session: Session) -> Iterator[exporting.Row]:
    """What a file says of each run: the numbers that its page shows."""
    for one in listing.everything(session, _found(asked), _BY, down=True):
        what = (shown.day(one.on), shown.place(rt.regions, one.region), gettext(f"run_state.{one.state}"))
        counts = [one.counts.get(name) for name in COUNTS]
        yield [*what, *counts, one.started_by, shown.moment(one.started_at)]


def _rejected(path: Path) -> Iterator[exporting.Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        next(rows)  # the heading
        yield from rows


def _heading() -> list[str]:
    return [
        gettext("run.person"),
        gettext("run.outcome"),
        gettext("run.source"),
        gettext("run.seen_on"),
        gettext("run.died_on"),
        gettext("pay.due"),
    ]


def _row(one: Line) -> list[str | None]:
    said = str(gettext(f"outcome.{one.outcome}"))
    return [one.person_id, said, one.source, shown.day(one.seen_on), shown.day(one.died_on), shown.day(one.due)]
