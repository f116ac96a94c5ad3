"""A verdict taken back: by whoever gave it, at once and in one key; later by a supervisor, with a reason."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from certification import takingback
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Case
from certification.takingback import NothingToTakeBack, Way
from ops.console import access, asked
from ops.console.review.queue import theirs


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the deed."""

    @console.post("/cases/<case_id>/take-back")
    @access.for_(access.DECIDE)
    def take_back_verdict(case_id: str) -> ResponseReturnValue:
        who = access.who()
        supervisor = who.role is Role.SUPERVISOR
        with rt.sessions.begin() as session:
            case = theirs(session, case_id)
            if takingback.way(session, rt, case, who.name, supervisor=supervisor) is Way.SUPERVISOR:
                asked.sure()
            row = takingback.take_back(session, rt, case, by=who.name, supervisor=supervisor, why=asked.reason())
            if row is None:
                raise NothingToTakeBack
        flash(gettext("undo.done"))
        return redirect(url_for("console.case", case_id=case_id))


def of(session: Session, rt: Runtime, case: Case, *, blind: bool) -> dict[str, Any]:
    """What the page of a case shows of it: by which right they may, and what was taken back before."""
    who = access.who()
    supervisor, mine = who.role is Role.SUPERVISOR, who.role in access.DECIDE
    way = takingback.may(session, rt, case, who.name, supervisor=supervisor) if mine else None
    seen = who.role in access.AFTERWARDS and not blind
    return {"way": way, "earlier_verdicts": takingback.before(session, case) if seen else []}
