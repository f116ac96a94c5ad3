"""Signing in through the organisation's OpenID Connect provider: it says who comes; what they may is ours."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client.errors import MismatchingStateError
from authlib.integrations.flask_client.apps import FlaskOAuth2App
from authlib.integrations.flask_client.integration import FlaskIntegration
from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_login import current_user
from flask_wtf import FlaskForm
from itsdangerous import URLSafeTimedSerializer
from joserfc.errors import JoseError
from requests import RequestException
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from certification import providers, signins, staff
from certification.errors import Problem
from certification.runtime import Runtime
from certification.settings import Settings
from certification.staff import Proven
from ops.console import access, language, signing_in

logger = logging.getLogger(__name__)

NAME = "oidc"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""With which a token may be signed: by the provider's own key, never with none, nor with what others may know."""
WITHIN = timedelta(minutes=5)  # of coming back, for the one-time code
_TIMEOUT_S = 5
_LEEWAY_S = 60
_KNOWN_S = 3600  # for how long the provider's description and its keys are believed
_LONGEST = 500
_STATE = f"_state_{NAME}_"  # where Authlib keeps what it needs when they come back
_THERE, _WAITS = "oidc_next", "oidc_waits"
_BAD = (AuthlibBaseError, JoseError, ValueError, RuntimeError, LookupError, TypeError, AttributeError)
"""What comes of an answer that is none; the last two, where it is a list or a number and Authlib takes an object."""


class CodeForm(FlaskForm):  # type: ignore[misc]
    """Our own one-time code, for whom the provider asked for a password alone."""

    code = StringField(lazy_gettext("sign_in.code"), [InputRequired(), Length(max=20)])


class Client(FlaskOAuth2App):  # type: ignore[misc]
    """What speaks to the provider, as its discovery document says; a document of another issuer is none."""

    server_metadata: dict[str, Any]

    def __init__(self, settings: Settings) -> None:
        self._issuer = settings.oidc_issuer
        super().__init__(
            FlaskIntegration(NAME),
            name=NAME,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            server_metadata_url=f"{self._issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={"scope": "openid", "code_challenge_method": "S256", "default_timeout": _TIMEOUT_S},
        )

    def load_server_metadata(self) -> dict[str, Any]:
        """The document, read anew once an hour, with the algorithms alone that we take."""
        if time.time() - self.server_metadata.get("_loaded_at", math.inf) > _KNOWN_S:
            self.server_metadata = {}
        found: dict[str, Any] = super().load_server_metadata()
        if found.get("issuer") != self._issuer:
            self.server_metadata = {}
            raise ValueError("the provider names another issuer")
        offered = found.get("id_token_signing_alg_values_supported", ["RS256"])
        found["id_token_signing_alg_values_supported"] = [one for one in offered if one in ALGORITHMS]
        return found


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the way to the provider, the way back, and the code asked for then; without a provider, none of it."""
    client = Client(rt.settings) if rt.settings.oidc_issuer else None
    devices = signing_in.devices(rt)

    @console.get("/sign-in/provider")
    @access.for_(access.STRANGERS)
    def provider_start() -> ResponseReturnValue:
        if client is None:
            abort(404)
        there = request.args.get("next", "")[:_LONGEST]
        if current_user.is_authenticated:
            return redirect(language.back(there))
        _forget()
        asked = {"prompt": "login"} if signing_in.used_before() else {}
        acr = " ".join(one.removeprefix("acr:") for one in rt.settings.oidc_second_factor if one.startswith("acr:"))
        try:
            back = f"{rt.settings.public_base_url}{url_for('console.provider_back')}"
            away: ResponseReturnValue = client.authorize_redirect(back, **asked, **({"acr_values": acr} if acr else {}))
        except (RequestException, *_BAD) as error:
            logger.warning("the OpenID Connect provider cannot be used: %r", error)
            return _refused(gettext("provider.down"), 503)
        session[_THERE] = there
        return away

    @console.get("/sign-in/back")
    @access.for_(access.STRANGERS)
    def provider_back() -> ResponseReturnValue:
        if client is None:
            abort(404)
        if current_user.is_authenticated:
            return redirect(url_for("console.home"))
        try:
            claims = _claims(client, rt.settings)
        except MismatchingStateError:
            return _refused(gettext("provider.late"), 400)
        except RequestException as error:
            logger.warning("the OpenID Connect provider does not answer: %r", error)
            return _refused(gettext("provider.down"), 503)
        except _BAD as error:
            logger.warning("what the OpenID Connect provider sent is refused: %r", error)
            return _refused(gettext("provider.denied") if "error" in request.args else gettext("provider.refused"), 401)
        if not providers.second_factor(rt, claims):
            return _code_wanted(rt, str(claims["sub"]))
        return _enter(rt, devices, str(claims["sub"]), None)

    _code(console, rt, devices)


def _code(console: Blueprint, rt: Runtime, devices: URLSafeTimedSerializer) -> None:
    @console.route("/sign-in/code", methods=["GET", "POST"])
    @access.for_(access.STRANGERS)
    def provider_code() -> ResponseReturnValue:
        if not rt.settings.oidc_issuer:
            abort(404)
        if current_user.is_authenticated:
            return redirect(url_for("console.home"))
        sub, since = session.get(_WAITS, ("", ""))
        if not sub or rt.now() - datetime.fromisoformat(since) > WITHIN:
            return _refused(gettext("provider.late"), 400)
        form = CodeForm()
        if not form.validate_on_submit():
            status = 200 if request.method == "GET" else 400
            return render_template("provider_code.html", form=form, refused=None), status
        return _enter(rt, devices, sub, form.code.data.strip())


def _claims(client: Client, settings: Settings) -> Mapping[str, Any]:
    """What the provider says of who came back, its token found to be its own, for us, of now, and for this browser.

    Raises what _BAD names, RequestException, MismatchingStateError.
    """
    if request.args.get("iss", settings.oidc_issuer) != settings.oidc_issuer:
        raise ValueError("the answer is of another issuer")
    wanted = {
        "iss": {"essential": True, "values": [settings.oidc_issuer]},
        "aud": {"essential": True, "value": settings.oidc_client_id},
        "nonce": {"essential": True},
    }
    token = client.authorize_access_token(claims_options=wanted, leeway=_LEEWAY_S)
    if "id_token" not in token:  # else "userinfo" is whatever stood beside the token, and nobody signed it
        raise ValueError("there is no token that says who it is")
    found: Mapping[str, Any] = token["userinfo"]
    if not isinstance(found["sub"], str) or not found["sub"]:
        raise ValueError("nobody is named")
    return found


def _code_wanted(rt: Runtime, sub: str) -> ResponseReturnValue:
    """Ask whom the provider asked for a password alone for a code of ours; whoever has no account here is told so."""
    with rt.sessions.begin() as db:
        whose = providers.whose(db, rt, sub)
    if isinstance(whose, Problem):
        return _refused(language.said(whose), 401)
    session[_WAITS] = (sub, rt.now().isoformat())
    return redirect(url_for("console.provider_code"))


def _enter(rt: Runtime, devices: URLSafeTimedSerializer, sub: str, code: str | None) -> ResponseReturnValue:
    """Sign in whoever the provider sent, as after a password."""
    with rt.sessions.begin() as db:
        proven: Proven | Problem | str = providers.whose(db, rt, sub)
        if isinstance(proven, str):
            at = signing_in.doors_of(devices, staff.named(db, proven))
            proven = staff.vouched(db, rt, proven, code, at)
        identifier = signins.begin(db, rt, proven, how=NAME) if isinstance(proven, Proven) else ""
    if not isinstance(proven, Proven):
        said = language.said(proven)
        if code is None or not isinstance(proven, staff.CodeWrong):
            return _refused(said, 401)
        return render_template("provider_code.html", form=CodeForm(), refused=said), 401
    return signing_in.enter(devices, proven, identifier, session.get(_THERE))


def _refused(said: str, status: int) -> ResponseReturnValue:
    """The page to sign in, which says what went wrong; a password still does."""
    there = session.get(_THERE)
    _forget()
    return render_template("sign_in.html", form=signing_in.SignInForm(formdata=None), next=there, refused=said), status


def _forget() -> None:
    """Forget every way to the provider that was begun in this browser."""
    for key in [one for one in session if one.startswith(_STATE) or one in (_THERE, _WAITS)]:
        session.pop(key)
