"""Who listened to which recording: by operator, person or recording, what is unusual first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from certification import listened
from certification.listened import By
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.store import only_read
from ops.console import access, exporting, shown
from ops.console.audit import scope

MOST = 200
DAYS = 31


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the page, and its file."""

    @console.get("/journal/listened")
    @access.for_(scope.LISTENERS)
    def journal_listened() -> ResponseReturnValue:
        by, since, until = _asked(rt)
        with rt.sessions() as session:
            only_read(session)
            found, cut = listened.heard(session, since, until, access.who().region, listened.MOST)
        rows = listened.counted(found, by)
        facts = {"by": by, "since": since, "until": until, "ways": list(By), "days": DAYS}
        return render_template(
            "listened.html",
            **facts,
            rows=rows[:MOST],
            more=len(rows) - MOST,
            times=len(found),
            cut=cut,
            many=listened.MANY,
            scope=scope,
        )

    @console.get("/journal/listened.<kind>")
    @access.for_(scope.LISTENERS)
    def journal_listened_file(kind: str) -> ResponseReturnValue:
        by, since, until = _asked(rt)
        heading = [_key(by), gettext("listened.times"), gettext("listened.recordings"), gettext("listened.listeners")]
        heading += [gettext("listened.unheld"), gettext("listened.busiest"), gettext("listened.last")]
        entry: dict[str, Any] = {"did": "journal exported", "of": "recordings", "by": by.value}
        entry |= {"since": since.isoformat(), "until": until.isoformat()}
        return exporting.handed(rt, kind, "listened", heading, partial(_rows, by, since, until), **entry)


def _rows(by: By, since: date, until: date, session: Session) -> Iterator[exporting.Row]:
    """What a file says. Raises ListenedTooOften."""
    found, cut = listened.heard(session, since, until, access.who().region, listened.MOST)
    if cut:
        raise listened.ListenedTooOften(listened.MOST)
    for one in listened.counted(found, by):
        counts = (one.times, len(one.recordings), len(one.listeners), one.unheld, one.busiest)
        yield (one.key, *counts, shown.moment(one.last))


def _key(by: By) -> str:
    return str(gettext(f"listened_by.{by.value}"))


def _asked(rt: Runtime) -> tuple[By, date, date]:
    """By what, and of which days: a month at most, the last one unless another is named."""
    by = request.args.get("by") or By.OPERATOR
    if by not in [*By]:
        abort(404)
    until = scope.day(request.args.get("until")) or rt.now().astimezone(SHANGHAI).date()
    since = scope.day(request.args.get("since")) or until - timedelta(days=DAYS - 1)
    return By(by), max(since, until - timedelta(days=DAYS - 1)), until
