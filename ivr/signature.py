"""The carrier's signature on a webhook or a socket: right, or nothing else is looked at."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Request
from twilio.request_validator import RequestValidator


def signed(auth_token: str, url: str, signature: str, request: Request) -> bool:
    """Check a request's signature against the URL under which the carrier knows us.

    `url` is built from our own settings, never from headers that the sender chooses. Forms are checked as forms; any
    other body as text, for which the validator wants the body's SHA-256 in the query: an empty form would let a
    tampered JSON body pass. Raises nothing; an absent signature is a wrong one.
    """
    if not auth_token or not signature:
        return False
    form = request.mimetype == "application/x-www-form-urlencoded" or not request.get_data()
    body = request.form if form else request.get_data(as_text=True)
    return bool(RequestValidator(auth_token).validate(url, body, signature))


def raw_target(request: Request) -> str:
    """The path and query exactly as they were sent: decoded and encoded again they may differ from what was signed."""
    raw = str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.full_path.rstrip("?"))
    return raw if raw.startswith("/") else urlsplit(raw)._replace(scheme="", netloc="").geturl()
