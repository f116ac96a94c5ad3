"""The queue of cases, in the order of harm; and taking one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any

from flask import Blueprint, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from certification import holding, knowncases, secondlooks, takingback
from certification.cases import CaseKind
from certification.holding import Waiting
from certification.runtime import Runtime
from certification.store import Case, Person, only_read
from ops.console import access, exporting, listing, shown
from ops.console.listing import Asked, Field
from ops.console.work import events

MOST = 100
AGAIN_MS = 4000  # until a browser asks for the next event


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the queue, its file, and taking one."""
    _list(console, rt)

    @console.get("/cases/events")
    @access.for_(access.CASES)
    def queue_events() -> ResponseReturnValue:
        with rt.sessions() as session:
            only_read(session)
            waiting = holding.waiting(session, rt, most=MOST, **_wanted(_asked(rt)))
        return events.event(_mark(waiting), AGAIN_MS)

    @console.post("/cases/<case_id>/take")
    @access.for_(access.DECIDE)
    def take(case_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            holding.take(session, rt, theirs(session, case_id), access.who().name)
        return redirect(url_for("console.case", case_id=case_id))

    @console.post("/cases/<case_id>/give-back")
    @access.for_(access.DECIDE)
    def give_back(case_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            holding.give_back(session, rt, theirs(session, case_id), access.who().name)
        return redirect(url_for("console.cases"))


def _list(console: Blueprint, rt: Runtime) -> None:
    @console.get("/cases")
    @access.for_(access.CASES)
    def cases() -> ResponseReturnValue:
        asked = _asked(rt)
        wanted = _wanted(asked)
        with rt.sessions() as session:
            only_read(session)
            waiting = holding.waiting(session, rt, most=MOST, **wanted)
            counted = holding.counted(session, region=wanted["region"], by=wanted["by"])
            mine = access.who().role in access.DECIDE
            just = takingback.just_decided(session, rt, access.who().name) if mine else []
        facts = {"asked": _numbered(asked, counted), "waiting": waiting, "most": MOST, "mark": _mark(waiting)}
        return render_template("cases.html", **facts, just=just, named=lambda code: rt.regions[code])

    @console.get("/cases.<kind>")
    @access.for_(access.CASES)
    def cases_file(kind: str) -> ResponseReturnValue:
        asked = _asked(rt)
        entry: dict[str, Any] = {"did": "cases exported", "of": "cases", "filter": asked.values}
        return exporting.handed(rt, kind, "cases", _heading(), partial(_lines, rt, asked), **entry)


def _asked(rt: Runtime) -> Asked:
    """The kind and the region of which the queue is to be shown."""
    names = {one.value: shown.case(one.value) for one in CaseKind}
    return listing.read(Field("kind", gettext("cases.kind"), names), *listing.region_field(rt))


def _wanted(asked: Asked) -> dict[str, Any]:
    kind = asked["kind"]
    return {"region": asked.region, "kind": CaseKind(kind) if kind else None, "by": access.who().name}


def _numbered(asked: Asked, counted: Mapping[CaseKind, int]) -> Asked:
    """The same with the kinds that wait alone, and how many of each do."""
    kinds, *others = asked.fields
    found = {one.value: f"{shown.case(one.value)}: {number}" for one, number in counted.items()}
    if (kind := asked["kind"]) is not None:
        found.setdefault(kind, shown.case(kind))
    return replace(asked, fields=[replace(kinds, choices=found), *others])


def _heading() -> list[str]:
    """What the page shows, and no more: a name or a number would say of a known case that it is nobody's."""
    what = [gettext("cases.kind"), gettext("cases.urgency"), gettext("cases.doubts")]
    when = [gettext("cases.due"), gettext("cases.opened")]
    return [*what, *when, gettext("list.region"), gettext("cases.who"), gettext("cases.identifier")]


def _lines(rt: Runtime, asked: Asked, session: Session) -> Iterator[exporting.Row]:
    for one in holding.everything(session, rt, most=exporting.MOST + 1, **_wanted(asked)):
        place = shown.place(rt.regions, one.region) if one.region else None
        doubts = " ".join(shown.doubt(doubt) for doubt in one.suspicions)
        what = (shown.case(one.kind.value), _goes_first(one), doubts)
        yield [*what, shown.day(one.due), shown.moment(one.opened_at), place, one.holder, one.id]


def _goes_first(one: Waiting) -> str:
    if one.kind is CaseKind.URGENT:
        return str(gettext("cases.at_once"))
    return str(gettext("cases.first")) if one.first else ""


def _mark(waiting: list[Waiting]) -> str:
    """What changes when the queue does."""
    return sha256("".join(f"{one.id}{one.holder}" for one in waiting).encode()).hexdigest()


def theirs(session: Session, case_id: str) -> Case:
    """A case that whoever is signed in may see, as cases.of_region() has it; otherwise there is none.

    Nor is there, for whoever had the first look, the second one at the same recording.
    """
    case, known = session.get(Case, case_id), knowncases.of(session, case_id)
    if case is None:
        abort(404)
    person = None if case.person_id is None else session.get(Person, case.person_id)
    elsewhere = any(one is not None and not access.sees(one.region) for one in (known, person))
    if elsewhere or secondlooks.not_for(case, access.who().name):
        access.not_theirs(f"case:{case.id}")
    return case
