"""Static files at addresses that say what is in them, so that a browser keeps them and asks only for what changed."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Response, request

FOLDER = Path(__file__).parent / "static"
A_YEAR = 365 * 24 * 3600


@cache
def _versions() -> dict[str, str]:
    files = (one for one in FOLDER.rglob("*") if one.is_file())
    return {one.relative_to(FOLDER).as_posix(): sha256(one.read_bytes()).hexdigest()[:12] for one in files}


def address(endpoint: str, values: dict[str, Any]) -> None:
    """Put the version of a static file into its address."""
    if endpoint.endswith(".static"):
        values["v"] = _versions()[values["filename"]]


def kept(answer: Response) -> Response:
    """Let a file be kept where its address names what was sent; any other is asked for anew, as is one of a module."""
    given = request.args.get("v")
    static = (request.endpoint or "").endswith(".static") and answer.status_code in (200, 304)
    if static and given is not None and given == _versions().get((request.view_args or {})["filename"]):
        answer.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    return answer
