"""The carrier's routes: a call arrives, a turn is answered, a call ends, a prompt is fetched."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, request
from sqlalchemy.orm import Session

from certification.regions import operator_open
from certification.runtime import Runtime
from ivr.calls import Line

logger = logging.getLogger(__name__)

TRIES = 2  # so often an answer that failed is tried again, before the caller is given to a human
PROMPT_AGE_S = 24 * 60 * 60


def blueprint(rt: Runtime) -> Blueprint:
    """The routes of the telephone line. Whoever mounts them checks the carrier's signature first."""
    routes = _Routes(rt, Line.of(rt))
    line = Blueprint("line", __name__, url_prefix="/voice")
    line.add_url_rule("", "voice", routes.voice, methods=["POST"])
    line.add_url_rule("/turn/<int:n>", "turn", routes.turn, methods=["POST"])
    line.add_url_rule("/status", "status", routes.status, methods=["POST"])
    line.add_url_rule("/prompts/<dialect>/<name>.wav", "prompt", routes.prompt, methods=["GET"])
    return line


@dataclass(frozen=True, slots=True)
class _Routes:
    rt: Runtime
    line: Line

    def voice(self) -> Response:
        """A call arrives."""
        sid = _call_sid()
        return self._twiml(lambda session: self.line.begin(session, sid, request.form.get("From", "")))

    def turn(self, n: int) -> Response:
        """The answer to turn n."""
        sid = _call_sid()

        def answer(session: Session) -> str:
            return self.line.answer(session, sid, n, request.values) or self.line.renderer.restart()

        return self._twiml(answer)

    def status(self) -> Response:
        """How a call goes on; only its end matters here."""
        sid = _call_sid()
        with self.rt.sessions.begin() as session:
            self.line.end(session, sid, request.form.get("CallStatus", ""))
        return Response(status=204)

    def prompt(self, dialect: str, name: str) -> Response:
        """A prompt as WAV, 8 kHz: public, nothing personal in it."""
        wav = self.line.prompts.wav(dialect, name)
        if wav is None:
            abort(404)
        response = Response(wav, mimetype="audio/wav")
        response.cache_control.public = True
        response.cache_control.max_age = PROMPT_AGE_S
        return response

    def _twiml(self, answer: Callable[[Session], str]) -> Response:
        """One webhook, one transaction. Whatever fails, the caller hears words and is not hung up on."""
        try:
            with self.rt.sessions.begin() as session:
                twiml = answer(session)
        except Exception:  # the edge of a call: an old person is listening, and silence would end the call
            logger.exception("%s failed for call %s", request.path, request.form["CallSid"])
            twiml = self._comfort()
        return Response(twiml, mimetype="text/xml")

    def _comfort(self) -> str:
        tried = request.args.get("tried", "0")
        if tried.isascii() and tried.isdigit() and int(tried) < TRIES:
            query = {"tried": str(int(tried) + 1)}
            if "DialCallStatus" in request.values:  # said once; digits never stand in an address
                query["DialCallStatus"] = request.values["DialCallStatus"]
            return self.line.renderer.hold(f"{self.line.renderer.public_url}{request.path}?{urlencode(query)}")
        try:
            region = self.rt.regions.default
            operator = region.operator.number if operator_open(region, self.rt.now()) else None
        except Exception:  # what failed may be this; the last words to a caller rest on nothing
            logger.exception("%s: no operator for call %s", request.path, request.form["CallSid"])
            operator = None
        return self.line.renderer.surrender(operator)


def _call_sid() -> str:
    """The call's identifier at the carrier; 400 without one."""
    sid: str = request.form.get("CallSid", "")
    if not 0 < len(sid) <= 64:
        abort(400)
    return sid
