"""Measure the measures of quality against what is known to be true, on the speakers of one group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voiceprint import encoder as encoders
from voiceprint import spectrum, tones
from voiceprint.audio import Samples, decode_alaw, decode_mulaw, encode_alaw, encode_mulaw, telephone
from voiceprint.encoder import Encoder
from voiceprint.line import coloured
from voiceprint.quality import Quality, Reason, Use, limit, reasons
from voiceprint.quality import measure as quality_of
from voiceprint.speech import activity, digital_silence
from voiceprint.training import quality_losses, sounds
from voiceprint.training.corpus import Group
from voiceprint.training.degrading import Ground, Truth, flattened, joined, low_passed, mixed
from voiceprint.training.quality_losses import CLIPPED, EDGES

Noise = Callable[[int, np.random.Generator], NDArray[np.floating]]
Table = dict[str, object]

SNRS = (30, 20, 10, 5)
BAND_SNRS = (None, 30, 20, 10)
GAINS = (1.0, 0.25, 0.05)
LEVELS = (0, -5, -10)  # dB, of music to speech
KINDS = {"seen": sounds.SEEN, "held out": sounds.HELD_OUT, "hum": sounds.HUM}
STEPS = {
    "refused": 2,
    "snr_error_db": 9,
    "level_and_speech": 1,
    "clipping": 3 * len(GAINS),
    "bandwidth_hz": 1 + len(EDGES),
    "music": sum(map(len, KINDS.values())),
    "losses": quality_losses.STEPS,
}
"""The tables of `measure`, and how often each of them calls `seen`."""


def measure(
    data: Path,
    group: Group,
    seen: Callable[[], object] = int,
    encoder: Encoder | None = None,
    tables: Sequence[str] = tuple(STEPS),
) -> dict[str, object]:
    """The tables named, ready for JSON; `seen` is called as often as STEPS says of each. Raises CorpusMissing.

    Errors are measured less true. Three numbers in brackets are the lowest, the median and the highest. About a quarter
    of an hour on one core; `encoder` is the shipped one unless another is given.
    """
    ground, encoder = Ground.of(data, group), encoder or encoders.load()
    makers: dict[str, Callable[[], Table]] = {
        "refused": lambda: _refused(ground, seen),
        "snr_error_db": lambda: _snr(ground, seen),
        "level_and_speech": lambda: _level_and_speech(ground, seen),
        "clipping": lambda: _clipping(ground, seen),
        "bandwidth_hz": lambda: _bandwidth(ground, seen),
        "music": lambda: _music(ground, seen),
        "losses": lambda: quality_losses.losses(ground, encoder, seen),
    }
    about: Table = {
        "group": group.value,
        "speakers": len({one.speaker for one in ground.tests}),
        "tests": len(ground.tests),
        "every_fourth": len(ground.few),
        "every_eighth": len(ground.fewer),
        "encoder": encoder.name,
    }
    return about | {name: makers[name]() for name in tables}


def _refused(ground: Ground, seen: Callable[[], object]) -> Table:
    """How many enrolments and tests would be refused over a clean and over a poor line, and why."""
    rng = np.random.default_rng(1)
    found: Table = {}
    for name, transmit in (("clean", telephone), ("poor", lambda samples: ground.line(samples, rng))):
        enrolled = [[quality_of(transmit(piece)) for piece in one.audio()] for one in ground.enrolments]
        tested = [quality_of(transmit(joined(one))) for one in ground.tests]
        found[name] = {
            "enrolments": len(enrolled),
            "enrolments_refused": sum(any(reasons(one, Use.ENROLMENT) for one in pieces) for pieces in enrolled),
            "reasons_of_utterances": _counted([one for pieces in enrolled for one in pieces], Use.ENROLMENT),
            "tests": len(tested),
            "tests_refused": sum(bool(reasons(one, Use.TEST)) for one in tested),
            "reasons_of_tests": _counted(tested, Use.TEST),
            "music_percentiles_50_95_99_100": _percentiles([one.music for one in tested], 50, 95, 99, 100),
        }
        seen()
    return found


def _counted(qualities: Sequence[Quality], use: Use) -> dict[str, int]:
    counts = Counter(reason for one in qualities for reason in reasons(one, use))
    return {reason.value: counts[reason] for reason in Reason if counts[reason]}


def _noises(ground: Ground) -> dict[str, Noise]:
    def recorded(noise: Samples) -> Noise:
        return lambda length, rng: np.resize(np.roll(noise, -int(rng.integers(len(noise)))), length)

    made: dict[str, Noise] = {
        name: lambda length, rng, fall=fall: coloured(length, fall, rng)  # type: ignore[misc]
        for name, fall in (("white", 0.0), ("pink", 1.0), ("brown", 2.0))
    }
    return made | {f"recorded {number}": recorded(noise) for number, noise in enumerate(ground.line.noises, 1)}


def _snr(ground: Ground, seen: Callable[[], object]) -> Table:
    """Measured less true, mean and standard deviation, by kind of noise and true ratio; once with silent pauses."""
    found: Table = {}
    ways = [(name, noise, False) for name, noise in _noises(ground).items()]
    for name, noise, silent in [*ways, ("white, pauses digitally silent", ways[0][1], True)]:
        row = {}
        for snr in SNRS:
            rng = np.random.default_rng(1)
            heard = [mixed(one.samples, noise(len(one.samples), rng), one.level_dbfs - snr) for one in ground.fewer]
            if silent:
                heard = [_gated(one, truth.samples) for one, truth in zip(heard, ground.fewer, strict=True)]
            errors = [quality_of(telephone(one)).snr_db - snr for one in heard]
            row[f"{snr} dB"] = [round(float(np.mean(errors)), 1), round(float(np.std(errors)), 1)]
        found[name] = row
        seen()
    return found


def _gated(heard: Samples, speech: Samples) -> Samples:
    smooth = np.convolve(np.square(speech), np.ones(400) / 400, "same")
    return np.where(smooth > smooth.max() * 1e-4, heard, np.float32(0))


def _level_and_speech(ground: Ground, seen: Callable[[], object]) -> Table:
    """Against ITU-T P.56: the level in dB, and seconds of speech, over a clean line and at 10 dB."""
    rng = np.random.default_rng(1)
    clean = [(truth, quality_of(telephone(truth.samples))) for truth in ground.few]
    noisy = [
        (one, quality_of(telephone(mixed(one.samples, rng.standard_normal(len(one.samples)), one.level_dbfs - 10))))
        for one in ground.few
    ]
    seen()
    return {
        "level_error_db": _spread([quality.level_dbfs - truth.level_dbfs for truth, quality in clean]),
        "active_s_p56": _spread([truth.active_s for truth in ground.few]),
        "net_speech_error_s": _spread([quality.net_speech_s - truth.active_s for truth, quality in clean]),
        "net_speech_error_s_10_db": _spread([quality.net_speech_s - truth.active_s for truth, quality in noisy]),
    }


def _clipping(ground: Ground, seen: Callable[[], object]) -> Table:
    """Measured share by true share, the level changed afterwards; by what comes between clipping and measuring."""
    ways: dict[str, Callable[[Samples], Samples]] = {
        "then G.711 µ": lambda samples: decode_mulaw(encode_mulaw(samples)),
        "then G.711 A": lambda samples: decode_alaw(encode_alaw(samples)),
        "then 300-3400 Hz and G.711 µ": telephone,
    }
    found: Table = {}
    for name, line in ways.items():
        for gain in GAINS:
            row = {}
            for share in CLIPPED:
                speech = [telephone(one.samples) for one in ground.fewer]
                clipped = [flattened(one, share) if share else one for one in speech]
                row[f"{share:g}"] = _spread([quality_of(line(one * np.float32(gain))).clipping for one in clipped])
            found[f"{name}, level x {gain:g}"] = row
            seen()
    return found


def _bandwidth(ground: Ground, seen: Callable[[], object]) -> Table:
    """The reading by edge of a sharp low-pass, with white noise before it or after it."""
    found: Table = {}
    for edge in (None, *EDGES):
        row = {}
        for snr in BAND_SNRS:
            for where in ("before", "after") if snr else ("none",):
                readings = [_reading(one, edge, snr, where) for one in ground.fewer]
                row[f"{snr} dB noise {where}" if snr else "quiet"] = _spread(readings)
        found[f"{edge} Hz" if edge else "whole line"] = row
        seen()
    return found


def _reading(one: Truth, edge: int | None, snr: int | None, where: str) -> float:
    def narrowed(samples: Samples) -> Samples:
        return low_passed(samples, edge) if edge else samples

    noise = np.random.default_rng(1).standard_normal(len(one.samples))
    if snr is None:
        heard = telephone(narrowed(one.samples))
    elif where == "before":
        heard = telephone(narrowed(mixed(one.samples, noise, one.level_dbfs - snr)))
    else:
        heard = decode_mulaw(encode_mulaw(mixed(narrowed(telephone(one.samples)), noise, one.level_dbfs - snr)))
    return spectrum.reach(heard, activity(heard), digital_silence(heard))


def _music(ground: Ground, seen: Callable[[], object]) -> Table:
    """The share of recordings refused for music or a tone, by kind and level, and what is measured in the median."""
    found: Table = {}
    for name, made, group in [(name, made, group) for group, kinds in KINDS.items() for name, made in kinds.items()]:
        row: Table = {"made": group}
        for level in (None, *LEVELS):
            rng = np.random.default_rng(1)
            heard = [_beside(one, made(len(one.samples), rng), level) for one in ground.fewer]
            shares = np.array([tones.held(telephone(one)).mean() for one in heard])
            refused = float((shares > limit(Reason.MUSIC_OR_TONE, Use.TEST)).mean())
            row["alone" if level is None else f"{level} dB"] = [round(refused, 2), round(float(np.median(shares)), 2)]
        found[name] = row
        seen()
    return found


def _beside(one: Truth, sound: NDArray[np.floating], level: int | None) -> Samples:
    alone: Samples = (sound / (np.abs(sound).max() + 1e-9) / 4).astype(np.float32)
    return alone if level is None else mixed(one.samples, sound, one.level_dbfs + level)


def _spread(values: Sequence[float]) -> list[float]:
    return _percentiles(values, 0, 50, 100)


def _percentiles(values: Sequence[float], *which: float) -> list[float]:
    return [round(float(one), 4) for one in np.percentile(values, which)]
