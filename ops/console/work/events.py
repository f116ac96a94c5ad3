"""How far a long work is, for a page that shows it without a reload."""

from __future__ import annotations

import json
from dataclasses import dataclass

from flask import Response
from flask_babel import gettext

AGAIN_MS = 2000  # until a browser asks for the next event
_DIGITS = 8  # hexadecimal, of an identifier


@dataclass(frozen=True, slots=True)
class Progress:
    """What is being done, and how much of it is (0 to 1). `going`: it goes on by itself."""

    state: str
    share: float
    going: bool

    @property
    def percent(self) -> int:
        """The share that is done, in hundredths; the last of them only when all is."""
        return min(99, int(100 * self.share)) if self.going else int(100 * self.share)


def event(progress: Progress) -> Response:
    """How far it is now, in one event, and when to ask again: no thread of the server waits with a browser."""
    said = gettext("work.done_so_far", percent=progress.percent)
    data = json.dumps({"state": progress.state, "percent": progress.percent, "said": said})
    return Response(f"retry: {AGAIN_MS}\ndata: {data}\n\n", mimetype="text/event-stream")


def share(reached: str) -> float:
    """Which share of all people comes before this identifier: they are drawn evenly, so nobody needs to be counted."""
    return int(f"{reached:0<{_DIGITS}.{_DIGITS}}", 16) / 16**_DIGITS if reached else 0.0
