"""One call's wire: its clock of 20 ms frames, both sides' audio, and what everybody on the call shares."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from ops.switch.caller import Caller
from ops.switch.carrier import Carrier
from ops.switch.playout import SILENCE
from ops.switch.transcript import Line, Transcript
from voiceprint.audio import SAMPLE_RATE, decode_mulaw

FRAME_S = 0.02
BURST = 5
"""Frames that may follow each other without a pause when the processor was late."""
THINKING_S = 3.0
"""Wall-clock seconds for which a call waits for the caller's script to react to what it was waiting to hear."""


class HungUp(Exception):
    """The caller has put the receiver down."""


class Wire:
    """The clock runs `pace` times faster than life; time spent in webhooks counts as it passes."""

    def __init__(self, carrier: Carrier, caller: Caller, pace: float) -> None:
        self.carrier = carrier
        self.caller = caller
        self.pace = pace
        self.transcript = Transcript()
        self.at_s = 0.0
        self.turn = 0
        self._frame_s = FRAME_S / pace
        self._due = time.monotonic()
        self._line_side: list[bytes] = []
        self._caller_side: list[bytes] = []

    def tick(self, line: bytes = SILENCE, caller: bytes = SILENCE) -> None:
        """Let 20 ms pass, in which the two sides sound like this. Raises HungUp."""
        self._line_side.append(line)
        self._caller_side.append(caller)
        self.at_s += FRAME_S
        if not self.transcript.going_on.wait(THINKING_S):
            self.transcript.going_on.set()
        # Only a little lateness is made up for: a burst would outrun a service that shares our processors.
        self._due = max(self._due + self._frame_s, time.monotonic() - BURST * self._frame_s)
        time.sleep(max(0.0, self._due - time.monotonic()))
        self.check()

    def check(self) -> None:
        """Raises HungUp when the caller has put the receiver down."""
        if self.caller.hung_up.is_set():
            raise HungUp

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Wall-clock time spent inside, in a webhook, passes on the call's clock as it is."""
        began = time.monotonic()
        try:
            yield
        finally:
            passed = time.monotonic() - began
            self.at_s += passed
            frames = round(passed / FRAME_S)
            self._line_side.extend([SILENCE] * frames)
            self._caller_side.extend([SILENCE] * frames)
            self._due = time.monotonic()

    def key(self) -> str | None:
        """The key that the caller presses at this moment, written down."""
        key = self.caller.key(self.at_s)
        if key is not None:
            self.transcript.write(Line("caller", self.at_s, self.turn, keys=key))
        return key

    def lose_keys(self) -> None:
        """Nobody gathers keys here: those that are pressed are gone, as on a real line."""
        lost = self.caller.drop_keys()
        if lost:
            self.transcript.write(Line("caller", self.at_s, self.turn, keys=lost, note="lost"))

    def save(self, path: Path) -> None:
        """Both sides as an 8 kHz WAV file of two channels: left the line, right the caller."""
        count = min(len(self._line_side), len(self._caller_side))
        sides = [decode_mulaw(b"".join(side[:count])) for side in (self._line_side, self._caller_side)]
        soundfile.write(path, np.stack(sides, axis=1), SAMPLE_RATE, subtype="PCM_16")
