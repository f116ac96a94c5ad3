"""Whether a recording is good enough to enrol or to compare a voice, and what to say where it is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voiceprint import spectrum, tones
from voiceprint.audio import SAMPLE_RATE, Samples
from voiceprint.speech import FRAME, FRAME_S, activity, digital_silence

SILENCE_DBFS = -90.0
PEAK = 99.9  # percentile of the magnitudes: a click does not hide a flat top
FLAT_TOP = 0.9  # of the peak; G.711 tells loud magnitudes apart in steps of 3 to 6 %


class Use(StrEnum):
    """What the recording is for; enrolment asks more, because every later comparison rests on it."""

    ENROLMENT = "enrolment"
    TEST = "test"


class Reason(StrEnum):
    """Why a recording is not good enough: too poor to say, which is never "failed"."""

    TOO_SHORT = "too_short"
    TOO_NOISY = "too_noisy"
    CLIPPED = "clipped"
    TOO_QUIET = "too_quiet"
    NARROW_BAND = "narrow_band"
    MUSIC_OR_TONE = "music_or_tone"


@dataclass(frozen=True, slots=True)
class Quality:
    """What a recording is like.

    `net_speech_s`: seconds in which WebRTC's detector hears speech; it holds on for up to 0.15 s after a word.
    `snr_db`: speech over the quietest of what is not digital silence; noise that comes and goes is not seen.
    `clipping`: the share of samples in a flat top, at full scale or at a lower level. `level_dbfs`: mean power of the
    speech, full scale being 0; within about 2 dB of the active speech level of ITU-T P.56, which this is not.
    `bandwidth_hz`: the highest frequency that speech reaches. `music`: the share of time in which something holds its
    pitch as tones and music do. Whether one voice speaks is told by comparing: `scoring.agreement` among the utterances
    of an enrolment, `comparing.Comparer.weakest` among the turns of a challenge.
    """

    net_speech_s: float
    snr_db: float
    clipping: float
    level_dbfs: float
    bandwidth_hz: float = SAMPLE_RATE / 2
    music: float = 0.0


class Described(NamedTuple):
    """One measure as a person reads it; `limit` is the lowest or the highest value that is `ok`."""

    name_zh: str
    name_en: str
    value: float
    unit: str
    limit: float
    ok: bool


@dataclass(frozen=True, slots=True)
class _Measure:
    """A field of Quality, what it is called, and from where to where it is good enough for each use."""

    field: str
    name_zh: str
    name_en: str
    unit: str
    reason: Reason
    limits: Mapping[Use, float]
    least: bool = False  # the limit is the lowest value that is good enough, and not the highest
    of_speech: bool = True  # says nothing where nobody speaks

    def holds(self, quality: Quality, use: Use) -> bool:
        """Whether it stands against using the recording."""
        if self.of_speech and quality.net_speech_s <= 0:
            return False
        value = getattr(quality, self.field)
        return bool(value < self.limits[use] if self.least else value > self.limits[use])


def _limits(enrolment: float, test: float) -> dict[Use, float]:
    return {Use.ENROLMENT: enrolment, Use.TEST: test}


# Where the limits of the last two come from: voiceprint.training.qualities.
_MEASURES = (
    _Measure(
        "net_speech_s", "说话时长", "speech", "s", Reason.TOO_SHORT, _limits(1.2, 0.9), least=True, of_speech=False
    ),
    _Measure("snr_db", "信噪比", "speech over noise", "dB", Reason.TOO_NOISY, _limits(9.0, 5.0), least=True),
    _Measure("clipping", "失真比例", "clipped share", "", Reason.CLIPPED, _limits(0.02, 0.03), of_speech=False),
    _Measure("level_dbfs", "音量", "level", "dBFS", Reason.TOO_QUIET, _limits(-45.0, -50.0), least=True),
    _Measure("bandwidth_hz", "频带上限", "bandwidth", "Hz", Reason.NARROW_BAND, _limits(3250.0, 3200.0), least=True),
    _Measure("music", "音乐或提示音", "music or tone", "", Reason.MUSIC_OR_TONE, _limits(0.3, 0.25), of_speech=False),
)

_PLAIN = {
    Reason.TOO_SHORT: ("说得太少，请把词都再说一遍。", "Too little speech: please say all the words again."),
    Reason.TOO_NOISY: (
        "太吵了，请到安静的地方再说一遍。",
        "Too noisy: please go somewhere quiet and say it again.",
    ),
    Reason.CLIPPED: (
        "声音太大，听不清了，请把话筒拿远一点再说。",
        "Too loud to be clear: please hold the phone a little farther away and say it again.",
    ),
    Reason.TOO_QUIET: (
        "声音太小，请靠近话筒，大声一点再说。",
        "Too quiet: please come closer to the phone and speak up.",
    ),
    Reason.NARROW_BAND: (
        "声音发闷，请不要用免提，或者换一部电话再说。",
        "The voice sounds muffled: please turn off the loudspeaker, or use another telephone.",
    ),
    Reason.MUSIC_OR_TONE: (
        "听到音乐或提示音，请关掉电视、收音机再说一遍。",
        "There is music or a tone: please turn off the television or the radio and say it again.",
    ),
}


def measure(samples: Samples) -> Quality:
    """Measure one recording; one without speech has 0 s of it and the level of silence."""
    active, silent = activity(samples), digital_silence(samples)
    speech = active & ~silent
    held = tones.held(samples)
    clipping, music = _clipping(samples, held), float(held.mean()) if len(held) else 0.0
    if not speech.any():
        return Quality(0.0, 0.0, clipping, SILENCE_DBFS, bandwidth_hz=0.0, music=music)
    frames = samples[: len(active) * FRAME].reshape(-1, FRAME)
    noise, spoken = spectrum.noise_power(samples, silent), float(np.square(frames[speech], dtype=np.float64).mean())
    return Quality(
        net_speech_s=float(speech.sum()) * FRAME_S,
        snr_db=_decibels(max(spoken - noise, 0.0)) - _decibels(noise),
        clipping=clipping,
        level_dbfs=_decibels(spoken),
        bandwidth_hz=spectrum.reach(samples, speech, silent),
        music=music,
    )


def reasons(quality: Quality, use: Use) -> tuple[Reason, ...]:
    """What stands against using the recording; empty when it is good enough."""
    return tuple(one.reason for one in _MEASURES if one.holds(quality, use))


def limit(reason: Reason, use: Use) -> float:
    """From where on the measure behind a reason stands against using a recording."""
    return next(one.limits[use] for one in _MEASURES if one.reason is reason)


def plain(reason: Reason) -> tuple[str, str]:
    """What to tell the caller: a sentence in Chinese, and in English."""
    return _PLAIN[reason]


def describe(quality: Quality, use: Use = Use.TEST) -> list[Described]:
    """Every measure with its limit, for whoever looks at a recording."""
    return [
        Described(
            one.name_zh,
            one.name_en,
            float(getattr(quality, one.field)),
            one.unit,
            one.limits[use],
            not one.holds(quality, use),
        )
        for one in _MEASURES
    ]


def _decibels(power: float) -> float:
    return float(max(10 * np.log10(max(power, 1e-12)), SILENCE_DBFS))


def _clipping(samples: Samples, held: NDArray[np.bool_]) -> float:
    """The share of samples near the peak.

    The peak of speech is reached by few samples, that of clipped speech by many, whatever its level is afterwards. A
    tone is always near its peak: where one is held does not count.
    """
    magnitude = np.abs(samples)
    in_tone = np.zeros(len(samples), dtype=np.bool_)
    in_tone[: len(held) * tones.HOP] = np.repeat(held, tones.HOP)
    free = magnitude[~in_tone]
    peak = float(np.percentile(free, PEAK)) if len(free) else 0.0
    return float(np.sum(free >= FLAT_TOP * peak)) / len(samples) if peak > 0 else 0.0
