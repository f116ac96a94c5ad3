"""The console put into the web process: who is signed in, forms of our own, the language, and how often one may try."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, abort, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import Babel, gettext
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, UserMixin, current_user
from flask_wtf.csrf import CSRFError, CSRFProtect
from jinja2 import StrictUndefined
from jinja2.runtime import Macro
from werkzeug.exceptions import HTTPException

from certification import signins
from certification.errors import Problem
from certification.runtime import Runtime
from certification.staff import Proven
from certification.store import only_read
from ops.console import access, accounts, home, language, navigation, provider, shown, signing_in, versioned
from ops.console.audit import checking, listening, search
from ops.console.desk import card, deeds, enrol, find, helping, microphone, person, record, roll, signs
from ops.console.operators import tables as operators
from ops.console.payments import deeds as signing
from ops.console.payments import lists
from ops.console.reports import fairness, tables
from ops.console.review import queue, room, takings
from ops.console.routes import agent, agents, appointments, papers, rounds, visits, ways
from ops.console.studio import reading
from ops.console.work import batches, errands, known, runs

HERE = Path(__file__).parent
PREFIX = "/console"
SIGNING_IN = (signing_in, provider, home, language, accounts)
REVIEW = (queue, room, takings)
DESK = (find, person, deeds, signs, helping, record, card, enrol, microphone)
ROUTES = (roll, ways, papers, visits, rounds, appointments, agent, agents)
STUDIO = (reading,)
REPORTS = (tables, fairness)
WORK = (lists, signing, runs, batches, errands, known)
JUDGED = (operators,)
AUDIT = (search, checking, listening)
_TRIED = {"sign_in": ["POST"], "provider_start": ["GET"], "provider_back": ["GET"], "provider_code": ["POST"]}
_SEARCHED = {"people_": ["POST"], "number": ["POST"], "find_mine": ["POST"]}
SEARCHES = "60 per minute"
"""Of one who is signed in: more than anybody types, and too few to go through a roll by guessing."""
_BY_ITSELF = (".static", "_events")
SAFE = ("GET", "HEAD", "OPTIONS")
_ITSELF = "X-By-Itself"  # the header with which a page asks for its own parts anew
SAID = (400, 403, 404, 405, 409, 413, 429, 500)
"""Errors that have a page of their own; it says what happened, and what was kept."""
AGAIN = ("400", "409", "413", "429", "csrf")
"""Of these, which lead back to the form that was sent."""

TYPED = ("text", "reason", "why", "address", "name", "phone")
"""Fields in which somebody wrote: what stood there is given back where a form was not done. None holds a secret."""


class Signed(UserMixin):  # type: ignore[misc]
    """Somebody who is signed in, as Flask-Login knows them."""

    def __init__(self, proven: Proven, sign_in: str) -> None:
        self.proven = proven
        self.sign_in = sign_in

    def get_id(self) -> str:
        """What their browser keeps."""
        return self.sign_in


def install(app: Flask, rt: Runtime) -> None:
    """Give a web process the console."""
    app.config.update(
        SESSION_COOKIE_NAME="console",
        SESSION_COOKIE_PATH=PREFIX,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=rt.settings.public_base_url.startswith("https://"),
        WTF_CSRF_CHECK_DEFAULT=False,  # carriers sign what they post; the console checks its own before each page
        WTF_CSRF_TIME_LIMIT=None,  # as long as somebody is signed in: a form filled in slowly is not lost
        WTF_CSRF_SSL_STRICT=True,
    )
    app.jinja_env.undefined = StrictUndefined
    Babel(
        app,
        default_locale=language.FIRST,
        default_translation_directories=str(HERE / "words"),
        locale_selector=language.chosen,
        timezone_selector=lambda: "Asia/Shanghai",
    )
    csrf = CSRFProtect(app)
    _logins(app, rt)
    console = Blueprint("console", __name__, url_prefix=PREFIX, template_folder="pages", static_folder="static")
    console.before_request(access.room)
    console.before_request(_from_somewhere)
    console.before_request(csrf.protect)
    console.before_request(_keepable)
    console.before_request(lambda: _note(rt))
    console.before_request(access.guard(rt))
    console.url_defaults(versioned.address)
    console.after_request(versioned.kept)
    console.after_request(access.closed)
    console.after_request(partial(access.note, rt))
    oidc = bool(rt.settings.oidc_issuer)
    console.context_processor(lambda: {"oidc": oidc, **_common()})
    for module in (*SIGNING_IN, *REVIEW, *DESK, *ROUTES, *STUDIO, *AUDIT, *REPORTS, *WORK, *JUDGED):
        module.pages(console, rt)
    app.register_blueprint(console)
    macros = vars(app.jinja_env.get_template("forms.html").module)
    app.jinja_env.globals.update({name: one for name, one in macros.items() if isinstance(one, Macro)})
    _hold_back(app, rt)
    for code in SAID:
        app.register_error_handler(code, _error)
    app.register_error_handler(Problem, _problem)


def _hold_back(app: Flask, rt: Runtime) -> None:
    """Let nobody try to sign in as often as they like from one address, nor try out numbers once they are in."""
    limiter = Limiter(
        get_remote_address,
        app=app,
        storage_uri=rt.settings.redis_url.replace("unix://", "redis+unix://", 1),
        in_memory_fallback_enabled=True,
        in_memory_fallback=[signing_in.AT_MOST],
        key_prefix="console",
    )
    for name, methods in _TRIED.items():
        _limit(app, name, limiter.limit(signing_in.AT_MOST, methods=methods))
    for name, methods in _SEARCHED.items():
        _limit(app, name, limiter.limit(SEARCHES, methods=methods, key_func=lambda: str(current_user.get_id())))


def _limit(app: Flask, name: str, limited: Callable[..., object]) -> None:
    app.view_functions[f"console.{name}"] = cast("access.View", limited(app.view_functions[f"console.{name}"]))


def _logins(app: Flask, rt: Runtime) -> None:
    logins = LoginManager(app)
    logins.session_protection = None  # a tablet's address changes; the row in sign_ins says who is signed in

    @logins.user_loader  # type: ignore[untyped-decorator]
    def load(identifier: str) -> Signed | None:
        with rt.sessions() as session:
            only_read(session)
            proven = signins.of(session, rt, identifier)
        return None if proven is None else Signed(proven, identifier)


def _who() -> Proven | None:
    return current_user.proven if current_user.is_authenticated else None


def _common() -> dict[str, object]:
    """What every page is made with."""
    return {"who": _who(), "language": language, "shown": shown, "access": access, "navigation": navigation}


def _note(rt: Runtime) -> None:
    """Write down that somebody is still there; what a page asks for by itself says nothing of that."""
    if not current_user.is_authenticated or (request.endpoint or "").endswith(_BY_ITSELF) or _ITSELF in request.headers:
        return
    with rt.sessions() as session:
        only_read(session)
        stale = signins.unnoted(session, rt, current_user.sign_in)
    if stale:
        with rt.sessions.begin() as session:
            signins.seen(session, rt, current_user.sign_in)


def _from_somewhere() -> None:
    """Refuse a form that came from an address which is none: it cannot be held against ours."""
    try:
        urlsplit(request.referrer or "")
    except ValueError:
        if request.method not in SAFE:
            abort(400)


def _keepable() -> None:
    """Refuse what no database keeps in a string, and looks for in none, wherever it stands."""
    given = (request.args, request.form)
    if "\0" in request.path or any("\0" in one for each in given for pair in each.items(multi=True) for one in pair):
        abort(400)


def _ours() -> bool:
    return request.path == PREFIX or request.path.startswith(f"{PREFIX}/")


def _error(error: HTTPException) -> ResponseReturnValue:
    """A page of the console for what went wrong there; carriers get the plain answer that they had."""
    if not _ours():
        return error.get_response()
    name = "csrf" if isinstance(error, CSRFError) else str(error.code)
    said = {"title": gettext(f"error.{name}"), "text": gettext(f"error.{name}.text")}
    back: dict[str, object] = {"back": _back()} if request.method == "POST" and name in AGAIN else {}
    if back and name != "413":  # a form that is too large is not read
        back["typed"] = _typed()
    return access.closed(_answer("error.html", error.code or 500, **said, **back))


def _problem(problem: Problem) -> ResponseReturnValue:
    if not _ours():
        raise problem
    said = {"title": gettext("error.problem"), "text": language.said(problem)}
    return access.closed(_answer("error.html", 409, **said, kept=True, back=_back(), typed=_typed()))


def _typed() -> list[str]:
    """What they wrote in the form that they sent."""
    return [said for name in TYPED for said in map(str.strip, request.form.getlist(name)) if said]


def _back() -> str:
    """The page that they came from."""
    try:
        return language.back(urlsplit(request.referrer or "").path)
    except ValueError:  # a host that is none
        return language.back(None)


def _answer(page: str, code: int, **values: object) -> Response:
    return make_response(render_template(page, **_common(), **values), code)
