"""Speech brought to the telephone's rate, without the silence around it, and to one level."""

from __future__ import annotations

from functools import cache
from math import gcd

import numpy as np
from numpy.typing import NDArray
from scipy.signal import firwin, resample_poly

Samples = NDArray[np.float32]
"""Mono speech, float32 in [-1, 1]; at RATE unless said."""

RATE = 8000
LEVEL_DBFS = -20.0  # of the speech itself, pauses left out
PEAK_DBFS = -1.5
CUTOFF_HZ = 3700  # above the telephone's 3400 Hz, below half the rate
LEAD_S, TAIL_S = 0.04, 0.12


def resampled(speech: Samples, rate: int) -> Samples:
    """Speech of another rate in Hz at RATE."""
    common = gcd(rate, RATE)
    up, down = RATE // common, rate // common
    return np.asarray(resample_poly(speech, up, down, window=_lowpass(rate * up)), dtype=np.float32)


@cache
def _lowpass(rate: int) -> NDArray[np.float64]:
    """A long linear-phase filter for the rate between: flat to the telephone's edge, 90 dB down at half our rate."""
    taps = round(24 * rate / RATE) * 2 + 1
    return np.asarray(firwin(taps, CUTOFF_HZ, window=("kaiser", 8.6), fs=rate))


def trimmed(speech: Samples) -> Samples:
    """Without the silence that espeak-ng puts around a sentence: prompts are joined, and have pauses of their own."""
    loud = np.flatnonzero(np.abs(speech) > 0.01 * np.abs(speech).max(initial=1e-6))
    if not len(loud):
        return speech
    first, last = max(loud[0] - round(LEAD_S * RATE), 0), loud[-1] + round(TAIL_S * RATE)
    return speech[first:last]


def level_dbfs(speech: Samples) -> float:
    """The level of the speech in dB below full scale: frames of 20 ms within 30 dB of the loudest."""
    frames = speech[: len(speech) // 160 * 160].reshape(-1, 160)
    power = (frames.astype(np.float64) ** 2).mean(axis=1)
    spoken = power[power > power.max(initial=0.0) / 1000]
    return float(10 * np.log10(spoken.mean())) if len(spoken) else float("-inf")


def levelled(speech: Samples) -> Samples:
    """Speech at LEVEL_DBFS; lower where its peaks would be over PEAK_DBFS."""
    peak_dbfs = 20 * np.log10(np.abs(speech).max())
    gain_db = min(LEVEL_DBFS - level_dbfs(speech), PEAK_DBFS - peak_dbfs)
    return np.asarray(speech * 10 ** (gain_db / 20), dtype=np.float32)
