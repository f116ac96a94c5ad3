"""The carrier's signature on a webhook or a socket: right, or nothing else is looked at."""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest
from urllib.parse import parse_qs, urlsplit

from flask import Request
from twilio.request_validator import RequestValidator

FORM = "application/x-www-form-urlencoded"


def signed(auth_token: str, url: str, signature: str, request: Request) -> bool:
    """Check a request's signature against the URL under which the carrier knows us.

    `url` is built from our own settings, never from headers that the sender chooses. Forms are checked as forms; any
    other body by its SHA-256, which the carrier puts into the signed query: checked as an empty form, a tampered body
    would pass. Raises nothing; an absent signature, or a body without its hash, is a wrong one.
    """
    if not auth_token or not signature:
        return False
    validator = RequestValidator(auth_token)
    body = request.get_data()
    if request.mimetype == FORM or not body:
        return bool(validator.validate(url, request.form, signature))
    query = parse_qs(urlsplit(url).query)
    hashed = compare_digest(query.get("bodySHA256", [""])[0], sha256(body).hexdigest())
    return hashed and bool(validator.validate(url, {}, signature))


def raw_target(request: Request) -> str:
    """The path and query exactly as they were sent: decoded and encoded again they may differ from what was signed."""
    raw = str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.full_path.rstrip("?"))
    return raw if raw.startswith("/") else urlsplit(raw)._replace(scheme="", netloc="").geturl()
