"""The queue of cases, in the order of harm; and taking one."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from certification import holding
from certification.cases import CaseKind
from certification.runtime import Runtime
from certification.store import Case, Person, only_read
from ops.console import access

MOST = 100


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the queue."""

    @console.get("/cases")
    @access.for_(access.CASES)
    def cases() -> ResponseReturnValue:
        given, mine = request.args.get("kind") or None, access.who().region
        place = mine or request.args.get("region") or None
        if given not in (None, *CaseKind) or place not in (None, *(one.code for one in rt.regions)):
            abort(404)
        kind = CaseKind(given) if given else None
        with rt.sessions() as session:
            only_read(session)
            waiting = holding.waiting(session, rt, most=MOST, region=place, kind=kind)
            counted = holding.counted(session, region=place)
        regions = [] if mine else list(rt.regions)
        facts = {"waiting": waiting, "counted": counted, "kind": kind, "place": place, "most": MOST}
        return render_template("cases.html", **facts, regions=regions, named=lambda code: rt.regions[code])

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


def theirs(session: Session, case_id: str) -> Case:
    """A case that whoever is signed in may see; otherwise there is none."""
    case = session.get(Case, case_id)
    person = None if case is None or case.person_id is None else session.get(Person, case.person_id)
    region = None if person is None else person.region
    if case is None or not access.sees(region):
        abort(404)
    return case
