"""The carriers' routes of the text line: a message arrives, a carrier tells what became of one of ours."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from flask import Blueprint, Response, abort, request
from sqlalchemy.exc import SQLAlchemyError

from certification.phones import NumberNotRecognised, parse
from certification.runtime import Runtime
from sms import conversation, outbox
from sms.outbox import Told

logger = logging.getLogger(__name__)

REF_LENGTH = 64
SENDER_LENGTH = 40
CODE_LENGTH = 40
NOTHING = '<?xml version="1.0" encoding="UTF-8"?><Response/>'  # answers go out as messages of their own
FORM = "application/x-www-form-urlencoded"

TWILIO = {  # queued and sending say only what we know
    "sent": Told.SENT,
    "delivered": Told.DELIVERED,
    "read": Told.DELIVERED,
    "undelivered": Told.UNDELIVERED,
    "failed": Told.FAILED,
    "canceled": Told.FAILED,
}
KANNEL = {"1": Told.DELIVERED, "2": Told.UNDELIVERED, "4": Told.SENT, "8": Told.SENT, "16": Told.FAILED}
_NACK = re.compile(r"NACK/(0x[0-9a-f]+|[0-9]+)", re.IGNORECASE)
_RECEIPT = re.compile(r"stat:(\w+).*?err:(\w+)", re.IGNORECASE)  # SMPP 3.4, appendix B


def blueprint(rt: Runtime) -> Blueprint:
    """What Twilio calls, or an engine of its kind. Whoever mounts it checks the carrier's signature first."""
    routes = _Twilio(rt)
    line = Blueprint("texts", __name__, url_prefix="/sms")
    line.add_url_rule("", "arrived", routes.arrived, methods=["POST"])
    line.add_url_rule("/status", "status", routes.status, methods=["POST"])
    return line


def kannel_blueprint(rt: Runtime) -> Blueprint:
    """What Kannel calls. Whoever mounts it checks that its secret is in the query first."""
    routes = _Kannel(rt)
    line = Blueprint("kannel", __name__, url_prefix="/sms/kannel")
    line.add_url_rule("", "arrived", routes.arrived, methods=["GET", "POST"])
    line.add_url_rule("/status", "status", routes.status, methods=["GET", "POST"])
    return line


@dataclass(frozen=True, slots=True)
class _Twilio:
    rt: Runtime

    def arrived(self) -> Response:
        """A message arrives, perhaps once more: also where this is the fallback of the carrier, which says why."""
        form = request.form
        ref, sender = _ref(form.get("MessageSid") or form.get("SmsSid", "")), _sender(form.get("From", ""))
        if error := form.get("ErrorCode", "")[:CODE_LENGTH]:
            logger.warning("text %s comes by the fallback: the carrier had error %s with the first address", ref, error)
        _take(self.rt, "twilio", ref, sender, form.get("Body", ""))
        return Response(NOTHING, mimetype="text/xml")

    def status(self) -> Response:
        """What became of a message; `message` is our own identifier, for a status that is faster than the answer."""
        form = request.form
        refs = (_ref(form.get("MessageSid") or form.get("SmsSid", "")), request.args.get("message", "")[:REF_LENGTH])
        outcome = TWILIO.get((form.get("MessageStatus") or form.get("SmsStatus", "")).lower())
        if outcome is not None:
            code = form.get("ErrorCode", "")[:CODE_LENGTH] or None
            with self.rt.sessions.begin() as session:
                any(outbox.told(session, self.rt, "twilio", ref, outcome, code) for ref in refs if ref)
        return Response(status=204)


@dataclass(frozen=True, slots=True)
class _Kannel:
    rt: Runtime

    def arrived(self) -> Response:
        """A message arrives, perhaps once more; its text is in whatever Kannel says that it is written in."""
        fields = _bytes()
        ref, sender = _ref(_plain(fields, "id")), _sender(_plain(fields, "from"))
        charset = _plain(fields, "charset") or ("UTF-16BE" if _plain(fields, "coding") == "2" else "UTF-8")
        _take(self.rt, "kannel", ref, sender, _text(fields.get("text", b""), charset))
        return Response("", mimetype="text/plain")

    def status(self) -> Response:
        """What became of a message, which is called by our own identifier."""
        fields = _bytes()
        ref, outcome = _ref(_plain(fields, "key")), KANNEL.get(_plain(fields, "status"))
        if outcome is not None:
            code = None if outcome is Told.DELIVERED else _code(_plain(fields, "answer"))
            with self.rt.sessions.begin() as session:
                outbox.told(session, self.rt, "kannel", ref, outcome, code)
        return Response("", mimetype="text/plain")


def _take(rt: Runtime, provider: str, ref: str, sender: str, body: str) -> None:
    """Take a text; one on which nothing can be done is kept all the same, for a human.

    Raises SQLAlchemyError where the database cannot keep it: the carrier has it still.
    """
    try:
        with rt.sessions.begin() as session:
            conversation.receive(session, rt, provider, ref, sender, body)
    except SQLAlchemyError:
        raise
    except Exception:
        logger.exception("nothing can be done on text %s of %s: a human gets it", ref, provider)
        with rt.sessions.begin() as session:
            conversation.hand_over(session, rt, provider, ref, sender, body)


def _ref(said: str) -> str:
    """The carrier's identifier of a message; 400 without one."""
    if not 0 < len(said) <= REF_LENGTH:
        abort(400)
    return said


def _sender(said: str) -> str:
    """A number in its normal form; what is none, such as a name, as it came."""
    try:
        return parse(said).e164
    except NumberNotRecognised:
        return said.strip()[:SENDER_LENGTH]


def _bytes() -> dict[str, bytes]:
    """The query and the form, not decoded: a text in UTF-16 would not outlive being read as UTF-8."""
    parts = [request.query_string]
    if request.mimetype == FORM:
        parts.append(request.get_data())
    pairs = parse_qsl(b"&".join(parts).decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    return {name: value.encode("latin-1") for name, value in pairs}


def _plain(fields: dict[str, bytes], name: str) -> str:
    return fields.get(name, b"").decode("utf-8", "replace").strip()


def _text(raw: bytes, charset: str) -> str:
    try:
        return raw.decode(charset)
    except (LookupError, UnicodeError):
        return raw.decode("utf-8", "replace")


def _code(answer: str) -> str | None:
    """Why it was refused or not delivered, in short, out of the message centre's words."""
    if refused := _NACK.search(answer):
        return refused[1].lower()[:CODE_LENGTH]
    if receipt := _RECEIPT.search(answer):
        return f"{receipt[1]}:{receipt[2]}"[:CODE_LENGTH]
    return None
