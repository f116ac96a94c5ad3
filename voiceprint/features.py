"""Log-mel features in numpy, equal to SpeechBrain's Fbank with the recipe's settings: serving needs no torch."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft

from voiceprint.audio import SAMPLE_RATE, Samples

BANDS = 60
LOWEST_HZ, HIGHEST_HZ = 80.0, 3800.0
WINDOW, HOP, FFT = 200, 80, 512  # samples: 25 ms windows every 10 ms
FLOOR, DYNAMIC_RANGE_DB = 1e-10, 80.0


def log_mel(samples: Samples) -> NDArray[np.float32]:
    """Decibels in 60 mel bands every 10 ms, the mean of the utterance taken off: shape (frames, BANDS).

    Frames are centred on multiples of HOP, with silence beyond both ends: 1 + samples // HOP of them.
    """
    padded = np.pad(samples.astype(np.float32), WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    spectrum = rfft(frames * _window(), FFT, axis=1)  # float32 throughout, which scipy keeps and numpy may not
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    decibels: NDArray[np.float32] = 10 * np.log10(np.maximum(power @ _filters(), np.float32(FLOOR)))
    within_range: NDArray[np.float32] = np.maximum(decibels, decibels.max() - np.float32(DYNAMIC_RANGE_DB))
    without_mean: NDArray[np.float32] = within_range - within_range.mean(axis=0)
    return without_mean


@cache
def _window() -> NDArray[np.float32]:
    """A periodic Hamming window."""
    return (0.54 - 0.46 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)


@cache
def _filters() -> NDArray[np.float32]:
    """Triangles evenly spaced in mel, shape (FFT // 2 + 1, BANDS).

    As SpeechBrain has them: both sides of a triangle are as wide as the step up to its centre.
    """
    lowest, highest = (2595 * np.log10(1 + hz / 700) for hz in (LOWEST_HZ, HIGHEST_HZ))
    edges = 700 * (10 ** (np.linspace(lowest, highest, BANDS + 2) / 2595) - 1)
    frequencies = np.linspace(0, SAMPLE_RATE / 2, FFT // 2 + 1)
    slope = (frequencies[:, None] - edges[1:-1]) / np.diff(edges)[:-1]
    return np.maximum(0, np.minimum(slope + 1, 1 - slope)).astype(np.float32)
