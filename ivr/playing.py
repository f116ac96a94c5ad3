"""The prompts of one spoken turn, sent frame by frame; interrupted, they go on where the phrase began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ivr.speech.g711 import decode_mulaw

FRAME_BYTES = 160  # µ-law, 8 kHz: 20 ms
LEAD = 15  # frames sent ahead of the caller's, so that a late one leaves no gap
SILENCE = b"\xff"

_GAP = 10  # quiet frames that part two phrases
_QUIET = 100  # of 32768: a frame whose samples are all below this is a pause
_NOTICED = 25  # frames: a caller is noticed half a second after they begin, and has heard no more of the prompt since


@dataclass(frozen=True, slots=True)
class Media:
    """A frame of µ-law to be played."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """Comes back when everything before it was played; named after the prompt that it follows."""

    name: str


class Player:
    """Sends a frame for each of the caller's, and knows which of them the caller has yet to hear."""

    def __init__(self, prompts: Sequence[tuple[str, bytes]]) -> None:
        """`prompts`: name and µ-law; the last frame of each is filled up with silence."""
        self._frames: list[bytes] = []
        self._marks: list[tuple[int, str]] = []  # after so many frames
        for name, audio in prompts:
            for at in range(0, len(audio), FRAME_BYTES):
                self._frames.append(audio[at : at + FRAME_BYTES].ljust(FRAME_BYTES, SILENCE))
            self._marks.append((len(self._frames), name))
        self._sent = self._marked = self._unheard = 0
        self._stopped = False

    @property
    def playing(self) -> bool:
        """Whether there is anything left that the caller will hear."""
        return not self._stopped and (self._sent < len(self._frames) or self._unheard > 0)

    @property
    def stopped(self) -> bool:
        """Whether the prompts were interrupted and have not gone on."""
        return self._stopped

    @property
    def last_begun(self) -> bool:
        """Whether the caller hears the last prompt that says something; short pauses say nothing."""
        spoken = [at for at, (_, name) in enumerate(self._marks) if "pause." not in name]
        last = max(spoken, default=0)
        return last == 0 or self._sent - self._unheard >= self._marks[last - 1][0]

    def start(self) -> list[Media | Mark]:
        """The frames that go ahead of the caller's first one."""
        return self._send(LEAD)

    def tick(self) -> list[Media | Mark]:
        """20 ms have passed."""
        self._unheard = max(self._unheard - 1, 0)
        return [] if self._stopped else self._send(1)

    def stop(self) -> None:
        """Send no more; what was sent and not yet heard is to be thrown away."""
        self._sent, self._unheard = self._phrase(), 0
        self._marked = sum(after <= self._sent for after, _ in self._marks)
        self._stopped = True

    def resume(self) -> list[Media | Mark]:
        """Go on with the beginning of the phrase that was interrupted."""
        self._stopped = False
        return self._send(LEAD)

    def _send(self, frames: int) -> list[Media | Mark]:
        out: list[Media | Mark] = []
        while True:
            while self._marked < len(self._marks) and self._marks[self._marked][0] <= self._sent:
                out.append(Mark(self._marks[self._marked][1]))
                self._marked += 1
            if not frames or self._sent == len(self._frames):
                return out
            out.append(Media(self._frames[self._sent]))
            frames, self._sent, self._unheard = frames - 1, self._sent + 1, self._unheard + 1

    def _phrase(self) -> int:
        """The frame with which the interrupted phrase began: after a pause in the prompt, or the prompt's first."""
        heard = max(self._sent - self._unheard - _NOTICED, 0)
        first = max((after for after, _ in self._marks if after <= heard), default=0)
        quiet = 0
        for at in range(heard - 1, first - 1, -1):
            quiet = quiet + 1 if _is_quiet(self._frames[at]) else 0
            if quiet == _GAP:
                return at + _GAP
        return first


def _is_quiet(frame: bytes) -> bool:
    return int(np.abs(decode_mulaw(frame).astype(np.int32)).max()) < _QUIET
