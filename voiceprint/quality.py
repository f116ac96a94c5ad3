"""Whether a recording is good enough to enrol or to compare a voice."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from voiceprint.audio import Samples
from voiceprint.speech import FRAME, FRAME_S, activity

SILENCE_DBFS = -90.0
# G.711 cannot say more than 0.980 (µ-law) or 0.984 (A-law); a clipped wave stands at that value.
CLIPPED_FROM = 0.975


class Use(StrEnum):
    """What the recording is for; enrolment asks more, because every later comparison rests on it."""

    ENROLMENT = "enrolment"
    TEST = "test"


class Reason(StrEnum):
    """Why a recording is not good enough."""

    TOO_SHORT = "too_short"
    TOO_NOISY = "too_noisy"
    CLIPPED = "clipped"
    TOO_QUIET = "too_quiet"


@dataclass(frozen=True, slots=True)
class Quality:
    """What a recording is like.

    `net_speech_s`: seconds in which somebody speaks. `snr_db`: speech over the quietest tenth of the recording.
    `clipping`: fraction of samples at full scale. `level_dbfs`: level of the speech, full scale being 0.
    """

    net_speech_s: float
    snr_db: float
    clipping: float
    level_dbfs: float


@dataclass(frozen=True, slots=True)
class _Limits:
    net_speech_s: float
    snr_db: float
    clipping: float = 0.02
    level_dbfs: float = -50.0


_LIMITS = {
    Use.ENROLMENT: _Limits(net_speech_s=1.2, snr_db=9.0),
    Use.TEST: _Limits(net_speech_s=0.9, snr_db=5.0),
}


def measure(samples: Samples) -> Quality:
    """Measure one recording; one without speech has 0 s of it and the level of silence."""
    active = activity(samples)
    level = _frame_power(samples[: len(active) * FRAME])
    if not active.any():
        return Quality(0.0, 0.0, _clipping(samples), SILENCE_DBFS)
    noise = float(np.percentile(level, 10))
    speech = float(np.mean(level[active]))
    return Quality(
        net_speech_s=float(active.sum()) * FRAME_S,
        snr_db=_decibels(max(speech - noise, 0.0)) - _decibels(noise),
        clipping=_clipping(samples),
        level_dbfs=_decibels(speech),
    )


def reasons(quality: Quality, use: Use) -> tuple[Reason, ...]:
    """What stands against using the recording; empty when it is good enough."""
    limits = _LIMITS[use]
    found = (
        (Reason.TOO_SHORT, quality.net_speech_s < limits.net_speech_s),
        (Reason.TOO_NOISY, quality.net_speech_s > 0 and quality.snr_db < limits.snr_db),
        (Reason.CLIPPED, quality.clipping > limits.clipping),
        (Reason.TOO_QUIET, quality.net_speech_s > 0 and quality.level_dbfs < limits.level_dbfs),
    )
    return tuple(reason for reason, holds in found if holds)


def _frame_power(samples: Samples) -> NDArray[np.float64]:
    power: NDArray[np.float64] = np.square(samples.reshape(-1, FRAME), dtype=np.float64).mean(axis=1)
    return power


def _decibels(power: float) -> float:
    return float(max(10 * np.log10(max(power, 1e-12)), SILENCE_DBFS))


def _clipping(samples: Samples) -> float:
    return float(np.mean(np.abs(samples) >= CLIPPED_FROM)) if len(samples) else 0.0
