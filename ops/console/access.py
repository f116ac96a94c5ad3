"""Who may use which page. A page that does not say so is refused to everybody."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NoReturn

from flask import Response, abort, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.wrappers import Response as Answer

from certification import journal
from certification.runtime import Runtime
from certification.staff import Proven, Role

EVERYBODY = frozenset(Role)
CASES = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR})
"""Who sees what waits for a human. Auditors see everything and change nothing."""
PEOPLE = frozenset({Role.CLERK, Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR})
"""Who finds somebody and sees where they stand."""
EXPORTS = frozenset({Role.SUPERVISOR, Role.AUDITOR})
"""Who takes a list of people away as a file."""
ACCOUNTS = frozenset({Role.ADMINISTRATOR})
COLLEAGUES = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
"""Who sees whose accounts there are."""
PAYMENTS = frozenset({Role.SUPERVISOR, Role.AUDITOR})
"""Who sees the lists of suspensions, and who is on them."""
WORK = frozenset({Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR})
"""Who sees how far comparison runs and campaigns are, in numbers."""
OVERSEE = frozenset({Role.SUPERVISOR, Role.AUDITOR})
"""Who sees the certifying agents, and whom each may certify."""
START = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
"""Who begins what is done behind the pages: a list proposed, files compared, known cases put in."""
SIGN = frozenset({Role.SUPERVISOR})
DESK = frozenset({Role.CLERK})
CARD = frozenset({Role.CLERK, Role.AUDITOR})
"""Who sees the card that somebody takes home."""
TEND = frozenset({Role.CLERK, Role.SUPERVISOR})
"""Who sends a visitor, and sees to a desk's day."""
JOURNAL = frozenset({Role.SUPERVISOR, Role.AUDITOR})
"""Who reads what the journal says of somebody, or of a case."""
AFTERWARDS = frozenset({Role.SUPERVISOR, Role.AUDITOR})
"""Who sees what two humans found, once both have."""
WATCH = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR})
"""Who sees figures of those who decide: operators their own, supervisors their region's, auditors everybody's."""
TAKE_BACK = frozenset({Role.CLERK, Role.SUPERVISOR})
"""Who takes a sign of life back: a clerk their own, soon after; a supervisor any of their region's."""
DECIDE = frozenset({Role.OPERATOR, Role.SUPERVISOR})
PROMPTS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR})
"""Who sees the sentences of the line, and hears them."""
STUDIO = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
REPORTS = frozenset({Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR})
COUNT = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
"""Who has reports made anew."""
STRANGERS = frozenset[Role]()
"""Of a page that is there for whoever has not signed in yet."""
_ROLES, _MOST = "console_roles", "console_most"
VISITORS = frozenset({Role.VISITOR})
AGENTS = frozenset({Role.AGENT})

View = Callable[..., ResponseReturnValue]


def for_(roles: frozenset[Role]) -> Callable[[View], View]:
    """Say who may use a page."""

    def said(view: View) -> View:
        setattr(view, _ROLES, roles)
        return view

    return said


def weighs(most: int) -> Callable[[View], View]:
    """Say how many bytes may be sent to a page, where it takes more than a form."""

    def said(view: View) -> View:
        setattr(view, _MOST, most)
        return view

    return said


def room() -> None:
    """Give whoever may use a page room for what may be sent to it; runs before anything that reads it."""
    view = current_app.view_functions.get(request.endpoint or "")
    if (most := getattr(view, _MOST, None)) is None or not current_user.is_authenticated:
        return
    if who().role in (roles_of(view) or STRANGERS):
        request.max_content_length = most


def roles_of(view: object) -> frozenset[Role] | None:
    """Who may use a page; None where it does not say."""
    found: frozenset[Role] | None = getattr(view, _ROLES, None)
    return found


def who() -> Proven:
    """Who uses this page; one that strangers may use has nobody."""
    found: Proven = current_user.proven
    return found


def sees(region: str | None) -> bool:
    """Whether they may see what is of people of a region."""
    mine = who().region
    return mine is None or mine == region


def not_theirs(subject: str) -> NoReturn:
    """Refuse what is of others as if it were not there; that somebody asked for it is journalled: see note()."""
    g.not_theirs = subject
    abort(404)


def note(rt: Runtime, answer: Response) -> Response:
    """Journal, behind a page that was rolled back, that somebody asked for what is of others."""
    subject = g.pop("not_theirs", None)
    if subject is not None:
        facts = {"role": who().role.value, "method": request.method, "page": request.endpoint, "why": "another's"}
        with rt.sessions.begin() as session:
            journal.write(session, rt.now(), who().name, "page refused", subject, **facts)
    return answer


def guard(rt: Runtime) -> Callable[[], Answer | None]:
    """What runs before every page of the console."""
    return partial(_guard, rt)


def _guard(rt: Runtime) -> Answer | None:
    if request.endpoint is None:  # no such page: the error says so
        return None
    if request.endpoint.endswith(".static"):
        return None
    roles = roles_of(current_app.view_functions[request.endpoint])
    if roles is None:
        abort(403)
    if roles == STRANGERS:
        return None
    if not current_user.is_authenticated:
        there = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("console.sign_in", next=there))
    if who().role not in roles:
        with rt.sessions.begin() as session:
            facts = {"role": who().role.value, "method": request.method}
            journal.write(session, rt.now(), who().name, "page refused", f"page:{request.endpoint}", **facts)
        abort(403)
    return None


def closed(answer: Response) -> Response:
    """Let a page load nothing of others, be shown inside no other, and be kept by no cache."""
    answer.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; media-src 'self';"
        " font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["X-Frame-Options"] = "DENY"
    answer.headers["Referrer-Policy"] = "same-origin"
    answer.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    answer.headers["Permissions-Policy"] = "microphone=(self), camera=(), geolocation=()"
    if request.endpoint is None or not request.endpoint.endswith(".static"):
        answer.headers["Cache-Control"] = "no-store"
    return answer
