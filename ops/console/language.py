"""The language of the pages: Chinese, and English for whoever chooses it."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, abort, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from certification.errors import Problem
from certification.runtime import Runtime
from ops.console import access

FIRST = "zh"
LANGUAGES = {"zh": "中文", "en": "English"}
_KEPT = "language"


def chosen() -> str:
    """The language of this page."""
    kept = session.get(_KEPT, FIRST)
    return kept if kept in LANGUAGES else FIRST


def said(problem: Problem) -> str:
    """What a problem says, in the language of the page."""
    return problem.zh if chosen() == FIRST else problem.en


def back(there: str | None) -> str:
    """A page of ours to go on to: this path where it is one, else the first page."""
    try:
        parts = urlsplit(there or "")
    except ValueError:  # a host that is none
        return url_for("console.home")
    ours = there is not None and not parts.scheme and not parts.netloc and parts.path.startswith("/console")
    return there if ours and there and "\\" not in there and there.isprintable() else url_for("console.home")


def pages(console: Blueprint, rt: Runtime) -> None:  # noqa: ARG001
    """Add the page that changes the language."""

    @console.post("/language/<code>")
    @access.for_(access.STRANGERS)
    def change_language(code: str) -> ResponseReturnValue:
        if code not in LANGUAGES:
            abort(404)
        session[_KEPT] = code
        return redirect(back(request.form.get("next")))
