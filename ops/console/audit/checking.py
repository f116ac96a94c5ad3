"""The whole journal verified while somebody looks on: each event of the server is the next slice of the chain."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from certification import verification
from certification.runtime import Runtime
from certification.store import JournalCheck, only_read
from ops.console import access, exporting, shown
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
        facts = {"said": said, "scope": scope}
        return render_template("journal_check.html", going=going, far=far, ended=ended, **facts)

    @console.get("/journal/checks.<kind>")
    @access.for_(scope.CHECKERS)
    def journal_checks_file(kind: str) -> ResponseReturnValue:
        heading = [gettext("check.when"), gettext("check.by"), gettext("check.result"), gettext("check.head")]

        def rows(session: Session) -> Iterator[exporting.Row]:
            for one in verification.last(session, exporting.MOST + 1):
                yield [shown.moment(one.ended_at), one.begun_by, said(one), one.head]

        return exporting.handed(rt, kind, "verifications", heading, rows, did="verifications exported", of="journal")

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


def said(check: JournalCheck) -> str:
    """What a verification came to."""
    if check.broken_at is None:
        return str(gettext("check.whole", until=check.until))
    return str(gettext("check.broken", seq=check.broken_at, why=scope.why(check.why or "")))


def _progress(check: JournalCheck) -> Progress:
    """How far it came: whoever closes the page finds it there, and it goes on."""
    going = check.ended_at is None
    return Progress("going" if going else "ended", check.seq / max(check.until, 1), going, str(check.seq))
