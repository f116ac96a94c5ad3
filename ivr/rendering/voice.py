"""Speech from syllables: espeak-ng, brought to the telephone's rate and to one level."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from math import gcd
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import firwin, resample_poly

from ivr.dialects import Dialect, dialect
from ivr.rendering.pronunciation import ToolMissing, pronounce

Samples = NDArray[np.float32]
"""Mono speech at RATE, float32 in [-1, 1]."""

RATE = 8000
LEVEL_DBFS = -20.0  # of the speech itself, pauses left out
PEAK_DBFS = -1.5
CUTOFF_HZ = 3700  # above the telephone's 3400 Hz, below half the rate
LEAD_S, TAIL_S = 0.04, 0.12


@dataclass(frozen=True, slots=True)
class Voice:
    """How a dialect is spoken: espeak-ng's voice, words a minute and pitch (0–99)."""

    dialect: Dialect
    espeak: str
    words_a_minute: int = 135
    pitch: int = 45

    @property
    def recipe(self) -> str:
        """What besides the syllables decides how a prompt sounds; a change of it renders everything again."""
        return f"espeak-ng {self.espeak} -s {self.words_a_minute} -p {self.pitch}, {LEVEL_DBFS} dBFS, {CUTOFF_HZ} Hz, 1"

    def pronounce(self, sentence: str) -> str:
        """The syllables of a sentence. Raises ToolMissing, Unpronounceable."""
        return pronounce(self.dialect, sentence)


_READERS = {"mandarin": "cmn-latn-pinyin", "cantonese": "yue-latn-jyutping"}  # espeak-ng's voices, by spelling


def voice(code: str) -> Voice:
    """The voice of a dialect. Raises DialectUnknown."""
    of = dialect(code)
    return Voice(of, _READERS[of.heard_as])


def speak(said: str, voice: Voice) -> Samples:
    """Say syllables slowly at one level. Raises ToolMissing without espeak-ng, CalledProcessError when it fails."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        options = ["-v", voice.espeak, "-s", str(voice.words_a_minute), "-p", str(voice.pitch), "-w", str(path)]
        try:
            subprocess.run(["espeak-ng", *options, "--", said], check=True, capture_output=True)
        except FileNotFoundError as error:
            raise ToolMissing("espeak-ng", "apt-get install espeak-ng") from error
        speech, rate = soundfile.read(path, dtype="float32")
    return _levelled(_trimmed(_resampled(speech, rate)))


def _resampled(speech: Samples, rate: int) -> Samples:
    common = gcd(rate, RATE)
    up, down = RATE // common, rate // common
    return np.asarray(resample_poly(speech, up, down, window=_lowpass(rate * up)), dtype=np.float32)


@cache
def _lowpass(rate: int) -> NDArray[np.float64]:
    """A long linear-phase filter for the rate between: flat to the telephone's edge, 90 dB down at half our rate."""
    taps = round(24 * rate / RATE) * 2 + 1
    return np.asarray(firwin(taps, CUTOFF_HZ, window=("kaiser", 8.6), fs=rate))


def _trimmed(speech: Samples) -> Samples:
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


def _levelled(speech: Samples) -> Samples:
    peak_dbfs = 20 * np.log10(np.abs(speech).max())
    gain_db = min(LEVEL_DBFS - level_dbfs(speech), PEAK_DBFS - peak_dbfs)
    return np.asarray(speech * 10 ** (gain_db / 20), dtype=np.float32)
