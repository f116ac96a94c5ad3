"""The queue of cases, in the order of harm; and taking one."""

from __future__ import annotations

from hashlib import sha256

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from certification import holding, knowncases, secondlooks, takingback
from certification.cases import CaseKind
from certification.holding import Waiting
from certification.runtime import Runtime
from certification.store import Case, Person, only_read
from ops.console import access
from ops.console.work import events

MOST = 100
AGAIN_MS = 4000  # until a browser asks for the next event


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the queue."""

    @console.get("/cases")
    @access.for_(access.CASES)
    def cases() -> ResponseReturnValue:
        kind, place = _asked(rt)
        with rt.sessions() as session:
            only_read(session)
            waiting = holding.waiting(session, rt, most=MOST, region=place, kind=kind, by=access.who().name)
            counted = holding.counted(session, region=place, by=access.who().name)
            mine = access.who().role in access.DECIDE
            just = takingback.just_decided(session, rt, access.who().name) if mine else []
        regions = [] if access.who().region else list(rt.regions)
        facts = {"waiting": waiting, "counted": counted, "kind": kind, "place": place, "most": MOST}
        now = {"mark": _mark(waiting), "just": just, "named": lambda code: rt.regions[code]}
        return render_template("cases.html", **facts, **now, regions=regions)

    @console.get("/cases/events")
    @access.for_(access.CASES)
    def queue_events() -> ResponseReturnValue:
        kind, place = _asked(rt)
        with rt.sessions() as session:
            only_read(session)
            waiting = holding.waiting(session, rt, most=MOST, region=place, kind=kind, by=access.who().name)
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


def _asked(rt: Runtime) -> tuple[CaseKind | None, str | None]:
    """The kind and the region of which the queue is to be shown."""
    given, place = request.args.get("kind") or None, access.who().region or request.args.get("region") or None
    if given not in (None, *CaseKind) or place not in (None, *(one.code for one in rt.regions)):
        abort(404)
    return (CaseKind(given) if given else None), place


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
