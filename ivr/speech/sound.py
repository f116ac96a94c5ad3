"""How loud a turn was at each moment, and whether it was a mere tone: words are told from what is around them."""

from __future__ import annotations

import numpy as np

from ivr.speech.g711 import Pcm
from ivr.speech.tones import FRAME, HISTORY, is_pure, is_steady

FRAME_S = FRAME / 8000
_SMOOTHED = 3  # frames
_LOUD = 0.05  # share of the loudest frame's power from which a frame counts
_HEARD = 10**-1.8  # share of the loudest frame's power from which a frame is heard beside it
_TONAL = 0.97  # share of the loud frames


class Sound:
    """Takes the audio of one turn and remembers it, and the power of every 20 ms."""

    def __init__(self) -> None:
        self._powers: list[float] = []
        self._frames: list[Pcm] = []
        self._rest = np.zeros(0, dtype=np.int16)
        self._pure: dict[int, bool] = {}  # of the frames that were asked for: each is in ten hypotheses
        self._steady: dict[int, bool] = {}

    def feed(self, pcm: bytes) -> None:
        """Take more audio: 16-bit little-endian samples at 8 kHz, an even number of bytes."""
        samples = np.concatenate([self._rest, np.frombuffer(pcm, dtype="<i2")])
        whole = len(samples) // FRAME * FRAME
        for frame in samples[:whole].reshape(-1, FRAME):
            self._powers.append(float(np.mean(np.square(frame.astype(np.float64)))))
            self._frames.append(frame)
        self._rest = samples[whole:]

    def peak(self, start_s: float, end_s: float) -> float:
        """The loudest 60 ms between two times, in dB over the smallest sample; 0 where there is nothing."""
        first, last = _frames(start_s, end_s)
        around = [0.0, *self._powers[max(first - 1, 0) : last + 1], 0.0]
        smooth = np.convolve(around, np.full(_SMOOTHED, 1 / _SMOOTHED), "valid")
        return float(10 * np.log10(smooth.max(initial=0.0) + 1))

    def loud(self, start_s: float, end_s: float) -> float:
        """How many seconds between two times are within 18 dB of the loudest tenth of a second of all."""
        first, last = _frames(start_s, end_s)
        loudest = np.convolve([0.0, *self._powers], np.full(5, 0.2)).max()  # a click is shorter
        return FRAME_S * int((np.array(self._powers[first:last]) > _HEARD * loudest).sum())

    def is_tone(self, start_s: float, end_s: float) -> bool:
        """Whether nearly all that is loud between two times is tones, hum, or a sound that does not change.

        A tone begins and ends within a frame: a loud frame beside a loud pure one is of it.
        """
        first, last = _frames(start_s, end_s)
        powers = np.array(self._powers[first:last])
        loud = first + np.flatnonzero(powers > _LOUD * powers.max(initial=0.0))
        pure = {frame for frame in map(int, loud) if self._is_pure(frame)}
        tonal = [bool(pure & {frame - 1, frame, frame + 1}) or self._is_steady(frame) for frame in map(int, loud)]
        return bool(tonal) and float(np.mean(tonal)) > _TONAL

    def _is_pure(self, frame: int) -> bool:
        if frame not in self._pure:
            self._pure[frame] = is_pure(self._frames[frame])
        return self._pure[frame]

    def _is_steady(self, frame: int) -> bool:
        if frame not in self._steady:
            past = self._frames[max(0, frame + 1 + HISTORY // -FRAME) : frame + 1]
            self._steady[frame] = is_steady(np.concatenate(past))
        return self._steady[frame]


def _frames(start_s: float, end_s: float) -> tuple[int, int]:
    first = max(int(start_s / FRAME_S), 0)
    return first, max(int(end_s / FRAME_S), first + 1)
