"""How loud a turn was at each moment, so that words can be told from the breath and the clicks around them."""

from __future__ import annotations

import numpy as np

FRAME_S = 0.02
_FRAME = 160  # samples
_SMOOTHED = 3  # frames


class Loudness:
    """Takes the audio of one turn and remembers the power of every 20 ms."""

    def __init__(self) -> None:
        self._powers: list[float] = []
        self._rest = np.zeros(0, dtype=np.int16)

    def feed(self, pcm: bytes) -> None:
        """Take more audio: 16-bit little-endian samples at 8 kHz, an even number of bytes."""
        samples = np.concatenate([self._rest, np.frombuffer(pcm, dtype="<i2")])
        whole = len(samples) // _FRAME * _FRAME
        frames = samples[:whole].reshape(-1, _FRAME).astype(np.float64)
        self._powers += np.mean(np.square(frames), axis=1).tolist()
        self._rest = samples[whole:]

    def peak(self, start_s: float, end_s: float) -> float:
        """The loudest 60 ms between two times, in dB over the smallest sample; 0 where there is nothing."""
        first = max(int(start_s / FRAME_S), 0)
        last = max(int(end_s / FRAME_S), first + 1)
        around = [0.0, *self._powers[max(first - 1, 0) : last + 1], 0.0]
        smooth = np.convolve(around, np.full(_SMOOTHED, 1 / _SMOOTHED), "valid")
        return float(10 * np.log10(smooth.max(initial=0.0) + 1))
