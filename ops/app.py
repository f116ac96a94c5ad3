"""The web process: the carriers' routes, each behind its check, the console, and the pages about health."""

from __future__ import annotations

import logging
from functools import partial
from hmac import compare_digest

from flask import Flask, Response, abort, jsonify, request
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from certification.refusals import Refusals
from certification.runtime import Runtime
from certification.store import only_read
from ivr import webhook
from ivr.signature import raw_target, signed
from ops import heartbeat
from ops.console.setup import install
from sms import webhook as texts
from sms.providers.configured import carriers

logger = logging.getLogger(__name__)

BODY_LIMIT = 64 * 1024


class Number(IntegerConverter):
    """A number in an address, no greater than a database keeps; a greater one leads nowhere."""

    def __init__(self, rules: Map) -> None:
        super().__init__(rules, max=2**31 - 1)


def create_app(rt: Runtime) -> Flask:
    """Build the web process. It names jobs by string and loads no model."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.url_map.converters["int"] = Number
    app.secret_key = rt.settings.session_secret
    if proxies := rt.settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    refusals = app.extensions["refusals"] = Refusals(rt)
    doors = (
        (webhook.blueprint(rt), _refuse_unsigned),
        (texts.blueprint(rt), _refuse_unsigned),
        (texts.kannel_blueprint(rt), _refuse_without_token),
    )
    for line, refuse in doors:
        line.before_request(partial(refuse, rt, refusals))
        app.register_blueprint(line)
    app.add_url_rule("/healthz", "healthz", view_func=lambda: jsonify(alive=True))
    app.add_url_rule("/readyz", "readyz", view_func=lambda: _ready(rt))
    install(app, rt)
    return app


def _refuse_unsigned(rt: Runtime, refusals: Refusals) -> None:
    """Every POST of a carrier is signed, or refused before anything is looked up."""
    if request.method != "POST":
        return
    settings = rt.settings
    url = settings.public_base_url.rstrip("/") + raw_target(request)
    if signed(settings.twilio_auth_token, url, request.headers.get("X-Twilio-Signature", ""), request):
        return
    refusals.count(str(request.url_rule))
    abort(403)


def _refuse_without_token(rt: Runtime, refusals: Refusals) -> None:
    """Every call of Kannel carries its secret in the query, or is refused; where none is set, every call is."""
    token, given = rt.settings.kannel_token, request.args.get("token", "")
    if token and compare_digest(token.encode(), given.encode()):
        return
    refusals.count(str(request.url_rule))
    abort(403)


def _ready(rt: Runtime) -> tuple[Response, int]:
    parts = {"database": False, "redis": False} | dict.fromkeys(heartbeat.PROCESSES, False)
    if not carriers(rt.settings):
        del parts["texts"]  # nobody sends where no carrier is named
    if not rt.settings.calls:
        del parts["media"], parts["worker"]  # the worker weighs voices
    try:
        with rt.sessions() as session:
            only_read(session)
            session.execute(text("SELECT 1"))
        parts["database"] = True
    except SQLAlchemyError as error:
        logger.warning("database away: %s", error)
    try:
        parts |= {name: lives for name, lives in heartbeat.alive(rt.settings.redis_url).items() if name in parts}
        parts["redis"] = True
    except RedisError as error:
        logger.warning("redis away: %s", error)
    ready = all(parts.values())
    return jsonify(ready=ready, **parts), 200 if ready else 503
