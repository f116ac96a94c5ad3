"""What was heard on a call, both sides, in order; and waiting until something has been heard."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

Note = Literal["", "cut", "lost"]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that one side said.

    `at_s` and `seconds` are on the call's audio clock. `name` and `dialect` are the prompt's; `text` is what was said
    as far as it is known; `turn` counts the verbs executed so far, so lines of one spoken turn share it.
    `note`: "cut" when a prompt was interrupted, "lost" when keys were pressed while nobody was gathering them.
    """

    who: Literal["line", "caller"]
    at_s: float
    turn: int = 0
    name: str = ""
    dialect: str = ""
    text: str = ""
    keys: str = ""
    seconds: float = 0.0
    note: Note = ""

    def __str__(self) -> str:
        said = " ".join(part for part in (self.name, self.text, f"[{self.keys}]" if self.keys else "") if part)
        length = f" ({self.seconds:.1f} s)" if self.seconds else ""
        return f"{self.at_s:7.2f}  {self.who:<6}  {said or 'voice'}{length}{f' - {self.note}' if self.note else ''}"


class NotHeard(AssertionError):
    """What the caller waited for did not come; the message holds the whole transcript."""


class Transcript:
    """Lines in the order they were heard; written by the call's thread, waited on by the caller's."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._lines: list[Line] = []
        self._faults: list[str] = []
        self._ended = False
        self._awaited: Callable[[Line], bool] | None = None
        self.going_on = threading.Event()
        """Cleared from the moment that what a script waits for is heard until the script has reacted to it."""
        self.going_on.set()

    @property
    def lines(self) -> tuple[Line, ...]:
        with self._changed:
            return tuple(self._lines)

    @property
    def faults(self) -> tuple[str, ...]:
        """What the service did that a carrier would log as an error, in order."""
        with self._changed:
            return tuple(self._faults)

    def write(self, line: Line) -> int:
        """Add a line; returns its place, for `amend`. Keys pressed one after the other share a line."""
        with self._changed:
            last = self._lines[-1] if self._lines else line
            if line.keys and last.keys and self._lines and (last.turn, last.note) == (line.turn, line.note):
                self._lines[-1] = replace(last, keys=last.keys + line.keys)
            else:
                self._lines.append(line)
            if self._awaited is not None and self._awaited(line):
                self.going_on.clear()
            self._changed.notify_all()
            return len(self._lines) - 1

    def amend(self, place: int, seconds: float, note: Note) -> None:
        with self._changed:
            self._lines[place] = replace(self._lines[place], seconds=seconds, note=note)

    def fault(self, text: str) -> None:
        with self._changed:
            self._faults.append(text)

    def end(self) -> None:
        """Nothing more will be heard: wakes everybody who waits."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait(self, wanted: Callable[[Line], bool], start: int, timeout_s: float) -> int | None:
        """The place of the first line from `start` on that is wanted.

        None when the call ended or the time (wall clock) ran out. Once the line is there the call stands still,
        so that a script on a busy machine reacts as fast, in the call's time, as on an idle one.
        """
        deadline = time.monotonic() + timeout_s
        with self._changed:
            self._awaited = wanted
            self.going_on.set()
            try:
                while True:
                    while start < len(self._lines):
                        if wanted(self._lines[start]):
                            self.going_on.clear()
                            return start
                        start += 1
                    left = deadline - time.monotonic()
                    if self._ended or left <= 0:
                        return None
                    self._changed.wait(left)
            finally:
                self._awaited = None

    def wait_end(self, timeout_s: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._ended, timeout_s)

    def text(self, sentence: Callable[[str, str], str] | None = None) -> str:
        """Both sides as text, a line each; `sentence(dialect, name)` puts a prompt's words beside its name."""
        lines = self.lines
        if sentence is not None:
            lines = tuple(replace(it, text=sentence(it.dialect, it.name)) if it.name else it for it in lines)
        faults = [f"         fault   {fault}" for fault in self.faults]
        return "\n".join([*map(str, lines), *faults])
