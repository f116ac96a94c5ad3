"""HTTP to a carrier: soon over, tried once, nothing logged; and what is certain when there was no answer."""

from __future__ import annotations

import ssl

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NewConnectionError

TIMEOUT = (3.05, 7.0)  # seconds to connect, and to wait for an answer
CONNECTIONS = 64


def session() -> requests.Session:
    """Connections that several threads may share."""
    made = requests.Session()
    for scheme in ("http://", "https://"):
        made.mount(scheme, HTTPAdapter(pool_maxsize=CONNECTIONS, max_retries=0))
    return made


def never_left(error: requests.RequestException) -> bool:
    """Whether there was no connection, or no address, so that the carrier cannot have the request."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError | ValueError):
        return True
    cause: object = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(reason, HTTPError) and reason.args and isinstance(reason.args[0], ssl.SSLCertVerificationError):
        return True
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)
