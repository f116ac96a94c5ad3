"""Signing in with name, password and one-time code; and out."""

from __future__ import annotations

from secrets import token_hex

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from flask_login import current_user
from flask_wtf import FlaskForm
from itsdangerous import BadData, URLSafeTimedSerializer
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from certification import doors, signins, staff
from certification.runtime import Runtime
from certification.staff import Proven
from ops.console import access, language

AT_MOST = "20 per minute"  # from one address: each try costs a hash
DEVICE = "device"
_A_YEAR = 366 * 86_400  # seconds
LEFT = "left"  # somebody was signed in in this browser
_USER = "_user_id"  # where Flask-Login keeps it
_LONGEST = 200


class SignInForm(FlaskForm):  # type: ignore[misc]
    """What somebody proves who they are with."""

    name = StringField(lazy_gettext("sign_in.name"), [InputRequired(), Length(max=_LONGEST)])
    password = PasswordField(lazy_gettext("sign_in.password"), [InputRequired(), Length(max=_LONGEST)])
    code = StringField(lazy_gettext("sign_in.code"), [InputRequired(), Length(max=_LONGEST)])


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the pages to sign in and out."""
    known = devices(rt)

    @console.route("/sign-in", methods=["GET", "POST"])
    @access.for_(access.STRANGERS)
    def sign_in() -> ResponseReturnValue:
        form, there = SignInForm(), request.values.get("next")
        if current_user.is_authenticated:
            return redirect(language.back(there))
        if not form.validate_on_submit():
            return render_template(
                "sign_in.html", form=form, next=there, refused=None
            ), 200 if request.method == "GET" else 400
        with rt.sessions.begin() as db:
            name, at = form.name.data, doors_of(known, form.name.data)
            proven = staff.prove(db, rt, name, form.password.data, form.code.data.strip(), at)
            identifier = signins.begin(db, rt, proven) if isinstance(proven, Proven) else None
        if not isinstance(proven, Proven) or identifier is None:
            refused = language.said(proven) if not isinstance(proven, Proven) else None
            return render_template("sign_in.html", form=form, next=there, refused=refused), 401
        return enter(known, proven, identifier, there)

    @console.post("/sign-out")
    @access.for_(access.EVERYBODY)
    def sign_out() -> ResponseReturnValue:
        with rt.sessions.begin() as db:
            signins.end(db, rt, current_user.sign_in)
        session.clear()
        session[LEFT] = True
        return redirect(url_for("console.sign_in"))


def devices(rt: Runtime) -> URLSafeTimedSerializer:
    """What signs the cookie by which a browser is known again."""
    return URLSafeTimedSerializer(rt.settings.session_secret, salt="console device")


def enter(known: URLSafeTimedSerializer, who: Proven, identifier: str, there: str | None) -> Response:
    """Begin the session of somebody who is signed in by now, and send them to where they meant to go."""
    chosen = language.chosen()
    session.clear()  # nothing of before, neither a stranger's session nor its form token, is of this one
    session[_USER] = identifier
    session["language"] = chosen
    return _remembered(known, who, make_response(redirect(language.back(there))))


def used_before() -> bool:
    """Whether somebody was signed in in this browser since it was opened: who comes now may be another."""
    return LEFT in session or _USER in session


def doors_of(devices: URLSafeTimedSerializer, name: str) -> tuple[str, ...]:
    """The door of this browser, if this person signed in here before; else that of its network."""
    try:
        whose, token = devices.loads(request.cookies.get(DEVICE, ""), max_age=_A_YEAR)
    except (BadData, ValueError, TypeError):
        return doors.network(request.remote_addr)
    return doors.device(token) if whose == staff.plain(name) else doors.network(request.remote_addr)


def _remembered(devices: URLSafeTimedSerializer, who: Proven, answer: Response) -> Response:
    """Have the browser remember that this person signed in here."""
    answer.set_cookie(
        DEVICE,
        str(devices.dumps([who.name, token_hex(16)])),
        max_age=_A_YEAR,
        path="/console/sign-in",
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        httponly=True,
        samesite="Lax",  # it comes along from the provider, too; by itself it opens nothing
    )
    return answer
