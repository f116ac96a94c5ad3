"""The audio that the service has sent and the caller has not heard yet, with its marks: pure, counted in bytes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

FRAME = 160
"""Bytes of µ-law in 20 ms at 8 kHz."""

SILENCE = b"\xff" * FRAME
"""20 ms in which nobody speaks: µ-law zero."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark that has come back. `heard` is the number of bytes played since the mark before it, of `length` in all."""

    name: str
    heard: int
    length: int


class Playout:
    """A buffer played 160 bytes at a time; a mark comes back when everything sent before it has been played."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._marks: deque[tuple[str, int]] = deque()
        self._played = 0
        self._returned = 0

    def add(self, audio: bytes) -> None:
        self._waiting += audio

    def mark(self, name: str) -> None:
        self._marks.append((name, self._played + len(self._waiting)))

    def frame(self) -> bytes:
        """The next 20 ms that the caller hears; silence where the service has sent nothing."""
        frame = bytes(self._waiting[:FRAME])
        del self._waiting[:FRAME]
        self._played += len(frame)
        return frame + SILENCE[len(frame) :]

    @property
    def dry(self) -> bool:
        """Whether less than a frame is left to play."""
        return len(self._waiting) < FRAME

    def reached(self) -> list[Mark]:
        """Marks whose audio has been played by now."""
        done = []
        while self._marks and self._marks[0][1] <= self._played:
            done.append(self._take())
        return done

    def clear(self) -> list[Mark]:
        """Drop what has not been played; every pending mark comes back at once."""
        dropped = [self._take() for _ in range(len(self._marks))]
        self._waiting.clear()
        self._returned = min(self._returned, self._played)
        return dropped

    def take_unmarked(self) -> int:
        """Bytes played since the last mark that came back and not taken yet."""
        count = self._played - self._returned
        self._returned = self._played
        return count

    def _take(self) -> Mark:
        name, at = self._marks.popleft()
        length = at - self._returned
        heard = max(0, min(length, self._played - self._returned))
        self._returned = at
        return Mark(name, heard, length)
