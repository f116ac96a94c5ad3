"""The journal: searched by what, whom, by whom and when; a page's entries verified at once; as a file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from certification import audit, verification
from certification.audit import Wanted
from certification.runtime import Runtime
from certification.store import JournalEntry, only_read
from ops.console import access, exporting, shown
from ops.console.audit import scope
from ops.console.audit.actions import did

MOST = 100
MOST_IN_A_FILE = 200_000


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the journal's page, and its file."""

    @console.get("/journal")
    @access.for_(scope.READERS)
    def journal_search() -> ResponseReturnValue:
        given, before = scope.asked(), _before()
        if "subject" in given or "actor" in given:
            with rt.sessions.begin() as session:
                if scope.wanted(session, given) is not None:
                    scope.note(session, rt, given)
        with rt.sessions() as session:
            only_read(session)
            wanted = scope.wanted(session, given)
            found = [] if wanted is None else audit.search(session, wanted, MOST + 1, before)
            listed: dict[str, Any] = {
                "entries": found[:MOST],
                "faults": audit.faults(session, found[:MOST]),
                "actions": audit.actions_of(audit.kinds(session), None if wanted is None else wanted.kinds),
                "older": found[MOST - 1].seq if len(found) > MOST else None,
                "last": next(iter(verification.last(session)), None),
            }
        facts = {"given": given, "may": wanted is not None, "before": before, "most": MOST, "did": did}
        return render_template("journal.html", **listed, **facts, scope=scope, most_in_a_file=MOST_IN_A_FILE)

    @console.get("/journal/file.<kind>")
    @access.for_(scope.READERS)
    def journal_file(kind: str) -> ResponseReturnValue:
        given = scope.asked()
        with rt.sessions() as session:
            only_read(session)
            wanted = scope.wanted(session, given) or abort(404)
        heading = [gettext("journal.seq"), gettext("journal.when"), gettext("journal.actor"), gettext("journal.what")]
        heading += [gettext("journal.subject"), gettext("journal.facts"), gettext("journal.hash")]
        entry: dict[str, Any] = {"did": "journal exported", "of": given.get("subject", "journal")}
        entry |= {"most": MOST_IN_A_FILE, **scope.searched(given)}
        return exporting.handed(rt, kind, "journal", heading, partial(_rows, wanted), **entry)


def _rows(wanted: Wanted, session: Session) -> Iterator[exporting.Row]:
    """The entries as they were written, a few at a time."""
    return map(_row, audit.every(session, wanted, MOST_IN_A_FILE + 1))


def _row(one: JournalEntry) -> exporting.Row:
    return (one.seq, shown.moment(one.at), one.actor, one.action, one.subject, one.detail, one.hash)


def _before() -> int | None:
    text = request.args.get("before", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        abort(400)
    return int(text)
