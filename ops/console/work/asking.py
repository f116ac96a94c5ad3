"""What every form that begins a work has: an identifier drawn when it was shown, a region, and where it leads."""

from __future__ import annotations

import re
from typing import Any

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from certification import errands
from certification.errands import Kind
from certification.runtime import Runtime
from certification.store import Errand, only_read
from ops.console import access

_IDENTIFIER = re.compile(r"[0-9a-f]{32}")


def ask(rt: Runtime, kind: Kind, *, of: int = 1, **asked: Any) -> ResponseReturnValue:
    """Ask for a work, once for each form that was shown, and go to its page."""
    mine, place = identifier(), region(rt)
    with rt.sessions.begin() as session:
        errands.ask(session, rt, mine, kind, place, access.who().name, of=of, **asked)
    return there(mine)


def before(rt: Runtime, mine: str) -> bool:
    """Whether this form was sent before."""
    with rt.sessions() as session:
        only_read(session)
        return session.get(Errand, mine) is not None


def there(mine: str) -> ResponseReturnValue:
    """The page of a work."""
    return redirect(url_for("console.errand", errand_id=mine))


def identifier() -> str:
    """That of the form, drawn when it was shown: sent twice, it asks once."""
    given = request.form.get("once", "")
    return given if _IDENTIFIER.fullmatch(given) else abort(400)


def region(rt: Runtime) -> str:
    """That of the form: one that whoever is signed in sees to."""
    given = request.form.get("region", "")
    if given not in {one.code for one in rt.regions} or not access.sees(given):
        abort(404)
    return given
