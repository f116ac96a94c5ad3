"""The whole journal verified while somebody looks on: each event of the server is the next slice of the chain."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from certification import verification
from certification.runtime import Runtime
from certification.store import JournalCheck, only_read
from ops.console import access
from ops.console.audit import scope
from ops.console.work import events
from ops.console.work.events import Progress

LISTED = 20
AGAIN_MS = 100  # until a browser asks for the next slice


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the page of verifications, their beginning and their events."""

    @console.get("/journal/check")
    @access.for_(scope.CHECKERS)
    def journal_check() -> ResponseReturnValue:
        with rt.sessions() as session:
            only_read(session)
            going, ended = verification.under_way(session), verification.last(session, LISTED)
        far = None if going is None else _progress(going)
        return render_template("journal_check.html", going=going, far=far, ended=ended, scope=scope)

    @console.post("/journal/check")
    @access.for_(scope.CHECKERS)
    def journal_check_begin() -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            verification.begin(session, rt, access.who().name)
        return redirect(url_for("console.journal_check"))

    @console.get("/journal/check/<check_id>/events")
    @access.for_(scope.CHECKERS)
    def journal_check_events(check_id: str) -> ResponseReturnValue:
        with rt.sessions() as session:
            only_read(session)
            check = session.get(JournalCheck, check_id)
            if check is None:
                abort(404)
            found = verification.look(session, check) if check.ended_at is None else None
        if found is not None:
            with rt.sessions.begin() as session:
                verification.note(session, rt, check, found)
                check = session.get_one(JournalCheck, check_id)
        return events.event(_progress(check), AGAIN_MS)


def _progress(check: JournalCheck) -> Progress:
    """How far it came: whoever closes the page finds it there, and it goes on."""
    going = check.ended_at is None
    return Progress("going" if going else "ended", check.seq / max(check.until, 1), going, str(check.seq))
