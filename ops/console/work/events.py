"""What a page that follows the server is told without a reload: see static/live.js."""

from __future__ import annotations

import json
from dataclasses import dataclass

from flask import Response
from flask_babel import gettext

AGAIN_MS = 2000  # until a browser asks for the next event
_DIGITS = 8  # hexadecimal, of an identifier


@dataclass(frozen=True, slots=True)
class Progress:
    """What is being done, and how much of it is (0 to 1). `going`: it goes on by itself; `words`: how far it is."""

    state: str
    share: float
    going: bool
    words: str | None = None

    @property
    def percent(self) -> int:
        """The share that is done, in hundredths; the last of them only when all is."""
        return min(99, int(100 * self.share)) if self.going else int(100 * self.share)

    @property
    def said(self) -> str:
        """How far it is."""
        return str(gettext("work.done_so_far", percent=self.percent)) if self.words is None else self.words


def event(told: str | Progress, again_ms: int = AGAIN_MS) -> Response:
    """How it stands, in one event, and when to ask again: no thread of the server waits with a browser."""
    if isinstance(told, Progress):
        told = json.dumps({"state": told.state, "percent": told.percent, "said": told.said}, ensure_ascii=False)
    return Response(f"retry: {again_ms}\ndata: {told}\n\n", mimetype="text/event-stream")


def share(reached: str) -> float:
    """Which share of all people comes before this identifier: they are drawn evenly, so nobody needs to be counted."""
    return int(f"{reached:0<{_DIGITS}.{_DIGITS}}", 16) / 16**_DIGITS if reached else 0.0
