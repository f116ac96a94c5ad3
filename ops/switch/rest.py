"""The carrier's REST calls that the service uses: Calls (a telephone rings) and Messages (kept for reading)."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from hmac import compare_digest

from flask import Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from ops.switch.leg import Route

EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})
LONGEST_BODY = 1600
POLL_S = 0.05
API = "/2010-04-01/Accounts/<account>"


@dataclass(frozen=True, slots=True)
class Message:
    """A text message that the service has handed to the carrier."""

    sid: str
    to: str
    from_: str
    body: str
    status_callback: str


class ApiError(HTTPException):
    """An error in the words of Twilio's REST API; `error` is Twilio's number for it."""

    def __init__(self, status: int, error: int, message: str) -> None:
        super().__init__(message)
        self.code = status
        self.error = error

    def json(self) -> tuple[dict[str, object], int]:
        assert self.code is not None
        more = f"https://www.twilio.com/docs/errors/{self.error}"
        return {"code": self.error, "message": self.description, "more_info": more, "status": self.code}, self.code


class Rest:
    """A small HTTP server on a free port of 127.0.0.1, started when its address is first asked for."""

    def __init__(self, account_sid: str, auth_token: str, place: Callable[[Route], str]) -> None:
        self.messages: list[Message] = []
        self._app = _api(account_sid, auth_token, place, self.messages)
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None

    def url(self) -> str:
        if self._server is None:
            self._server = make_server("127.0.0.1", 0, self._app, threaded=True, request_handler=_Quiet)
            self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL_S,), daemon=True)
            self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = self._thread = None


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Tests and the demonstration have better things to print."""


def _api(account_sid: str, auth_token: str, place: Callable[[Route], str], messages: list[Message]) -> Flask:
    app = Flask("switch")

    @app.before_request
    def _authenticate() -> None:
        given = request.authorization
        right = (
            given is not None
            and given.type == "basic"
            and compare_digest((given.username or "").encode(), account_sid.encode())
            and compare_digest((given.password or "").encode(), auth_token.encode())
        )
        if not right:
            raise ApiError(401, 20003, "Authenticate")
        if (request.view_args or {}).get("account") != account_sid:
            raise ApiError(404, 20404, f"The requested resource {request.path} was not found")

    @app.errorhandler(ApiError)
    def _refuse(error: ApiError) -> ResponseReturnValue:
        return error.json()

    @app.post(f"{API}/Calls.json")
    def calls(account: str) -> ResponseReturnValue:
        route = _route(request.form.to_dict(), request.form.getlist("StatusCallbackEvent"))
        return _call(account, place(route), route), 201

    @app.post(f"{API}/Messages.json")
    def texts(account: str) -> ResponseReturnValue:
        message = _message(request.form.to_dict())
        messages.append(message)
        return _text(account, message), 201

    return app


def _route(form: Mapping[str, str], events: list[str]) -> Route:
    if not form.get("To"):
        raise ApiError(400, 21201, "No 'To' number is specified")
    if not form.get("From"):
        raise ApiError(400, 21213, "No 'From' number is specified")
    if not form.get("Url", "").startswith(("http://", "https://")) and not form.get("Twiml"):
        raise ApiError(400, 21205, "Url parameter is required and must be a full URL, unless there is a Twiml")
    if set(events) - EVENTS:
        raise ApiError(400, 21626, f"StatusCallbackEvent must be some of {', '.join(sorted(EVENTS))}")
    timeout = form.get("Timeout", "60")
    if not timeout.isdigit() or not 1 <= int(timeout) <= 600:
        raise ApiError(400, 20001, "Timeout must be 1 to 600 seconds")
    return Route(
        from_=form["From"],
        to=form["To"],
        direction="outbound-api",
        url=form.get("Url", ""),
        twiml=form.get("Twiml"),
        status_url=form.get("StatusCallback"),
        events=frozenset(events or ["completed"]),
        ring_timeout_s=float(timeout),
    )


def _message(form: Mapping[str, str]) -> Message:
    if not form.get("To"):
        raise ApiError(400, 21604, "A 'To' phone number is required.")
    if not form.get("From") and not form.get("MessagingServiceSid"):
        raise ApiError(400, 21603, "A 'From' phone number is required.")
    if not form.get("Body"):
        raise ApiError(400, 21602, "Message body is required.")
    if len(form["Body"]) > LONGEST_BODY:
        raise ApiError(400, 21617, f"The concatenated message body exceeds the {LONGEST_BODY} character limit.")
    sid = f"SM{secrets.token_hex(16)}"
    return Message(sid, form["To"], form.get("From", ""), form["Body"], form.get("StatusCallback", ""))


def _call(account: str, sid: str, route: Route) -> dict[str, object]:
    """The Call resource as it is right after its creation."""
    uri = f"/2010-04-01/Accounts/{account}/Calls/{sid}"
    empty = ("parent_call_sid", "start_time", "end_time", "duration", "price", "answered_by", "forwarded_from")
    return dict.fromkeys((*empty, "group_sid", "caller_name", "trunk_sid", "phone_number_sid")) | {
        "sid": sid,
        "account_sid": account,
        "to": route.to,
        "to_formatted": route.to,
        "from": route.from_,
        "from_formatted": route.from_,
        "status": "queued",
        "direction": "outbound-api",
        "date_created": formatdate(usegmt=True),
        "date_updated": formatdate(usegmt=True),
        "price_unit": "USD",
        "queue_time": "0",
        "api_version": "2010-04-01",
        "uri": f"{uri}.json",
        "subresource_uris": {"recordings": f"{uri}/Recordings.json", "events": f"{uri}/Events.json"},
    }


def _text(account: str, message: Message) -> dict[str, object]:
    """The Message resource as it is right after its creation."""
    uri = f"/2010-04-01/Accounts/{account}/Messages/{message.sid}"
    return dict.fromkeys(("date_sent", "error_code", "error_message", "messaging_service_sid", "price")) | {
        "sid": message.sid,
        "account_sid": account,
        "to": message.to,
        "from": message.from_ or None,
        "body": message.body,
        "status": "queued",
        "direction": "outbound-api",
        "date_created": formatdate(usegmt=True),
        "date_updated": formatdate(usegmt=True),
        "num_media": "0",
        "num_segments": "0",
        "price_unit": "USD",
        "api_version": "2010-04-01",
        "uri": f"{uri}.json",
        "subresource_uris": {"media": f"{uri}/Media.json"},
    }
