"""What poor lines and rooms do to recordings whose truth is known: the ground on which quality is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import ellip, lfilter, sosfilt

from voiceprint.audio import SAMPLE_RATE, Samples, telephone
from voiceprint.line import power
from voiceprint.training import channel
from voiceprint.training.corpus import Group
from voiceprint.training.trials import Spoken, spoken

EACH = 4  # every fourth test for what is slow
AUDIBLE = 1e-3  # of what is mixed in, its pauses do not count
P56_MARGIN_DB, P56_SMOOTHING_S, P56_HANGOVER_S = 15.9, 0.03, 0.2


@dataclass(frozen=True, slots=True)
class Truth:
    """A test as one recording before any line; its active level, and seconds of activity, over a clean telephone."""

    speaker: str
    samples: Samples
    level_dbfs: float
    active_s: float


@dataclass(frozen=True, slots=True)
class Ground:
    """Enrolments and tests of a group, lines to send them over, and every fourth test for what is slow."""

    enrolments: Sequence[Spoken]
    tests: Sequence[Spoken]
    line: channel.Channel
    few: Sequence[Truth]

    @classmethod
    def of(cls, data: Path, group: Group) -> Ground:
        """Raises CorpusMissing."""
        enrolments, tests = spoken(data, group)
        chosen = [(one.speaker, joined(one)) for one in tests[::EACH]]
        few = [Truth(speaker, samples, *active_level(telephone(samples))) for speaker, samples in chosen]
        return cls(enrolments, tests, channel.load(data), few)

    @property
    def fewer(self) -> Sequence[Truth]:
        """Every eighth test."""
        return self.few[::2]


def joined(one: Spoken) -> Samples:
    """A test as one recording."""
    return np.concatenate(one.audio())


def active_level(samples: Samples) -> tuple[float, float]:
    """The active speech level in dBFS and the seconds of activity, after ITU-T P.56, method B."""
    decay = np.exp(-1 / (SAMPLE_RATE * P56_SMOOTHING_S))
    envelope = np.abs(samples.astype(np.float64))
    for _ in range(2):
        envelope = lfilter([1 - decay], [1, -decay], envelope)
    energy, hangover = float(np.square(samples, dtype=np.float64).sum()), P56_HANGOVER_S * SAMPLE_RATE
    index = np.arange(len(samples))
    before: tuple[float, float] | None = None
    for threshold in 2.0 ** np.arange(-15, 1):
        last = np.maximum.accumulate(np.where(envelope >= threshold, index, -len(samples) - hangover))
        active = int((index - last < hangover).sum())
        if not active:
            break
        level = 10 * np.log10(energy / active)
        over = level - 20 * np.log10(threshold)
        if over <= P56_MARGIN_DB and before:
            share = (before[1] - P56_MARGIN_DB) / (before[1] - over)
            level = before[0] + share * (level - before[0])
            return float(level), float(energy / 10 ** (level / 10) / SAMPLE_RATE)
        before = level, over
    return (before[0] if before else -90.0), 0.0


def mixed(speech: Samples, other: NDArray[np.floating], level_dbfs: float) -> Samples:
    """Something else beside the speech, before the line, so loud that the telephone lets it through at a level."""
    quiet = (other / (np.abs(other).max() + 1e-9) / 2).astype(np.float32)
    heard = telephone(quiet)
    sounding = heard[np.abs(heard) > AUDIBLE]
    gain = 10 ** (level_dbfs / 20) / np.sqrt(power(sounding)) if len(sounding) else 0.0
    return (speech + np.float32(gain) * quiet).astype(np.float32)


def low_passed(samples: Samples, edge: float) -> Samples:
    """A sharp edge: an elliptic filter of order 8, 60 dB down."""
    return _filtered(samples, edge, "low")


def high_passed(samples: Samples, edge: float) -> Samples:
    """The same from below."""
    return _filtered(samples, edge, "high")


def flattened(samples: Samples, share: float) -> Samples:
    """Clipped so that a share of the samples lies in the flat top, which is at 0.9."""
    top = float(np.quantile(np.abs(samples), 1 - share))
    return np.clip(samples / np.float32(top), -1, 1) * np.float32(0.9)


def _filtered(samples: Samples, edge: float, kind: str) -> Samples:
    filtered: Samples = sosfilt(ellip(8, 0.5, 60, edge, btype=kind, fs=SAMPLE_RATE, output="sos"), samples).astype(
        np.float32
    )
    return filtered
