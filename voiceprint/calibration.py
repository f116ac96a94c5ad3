"""From scores to log-likelihood ratios, and the thresholds that keep to a false match rate."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from voiceprint.encoder import MODEL
from voiceprint.metrics import Floats, Interval, Scored, cllr, rate_interval

SHIPPED = MODEL / "calibration.json"
FMR_TARGETS = (0.05, 0.03, 0.02, 0.01, 0.005, 0.002, 0.001)


class CalibrationMissing(LookupError):
    """There is no calibration for this encoder."""

    def __init__(self, path: Path, encoder: str) -> None:
        super().__init__(
            f"{path} 不是为声纹模型 {encoder} 校准的，请运行 stillhere voiceprint calibrate。"
            f"{path} holds no calibration for the encoder {encoder}: run `stillhere voiceprint calibrate`."
        )


class ThresholdUnsupported(ValueError):
    """The tuning trials are too few to promise so low a false match rate."""

    def __init__(self, max_fmr: float, lowest: float) -> None:
        super().__init__(
            f"误识率 {max_fmr:g} 过低，现有数据最低支持 {lowest:g}。"
            f"A false match rate of {max_fmr:g} is below what was measured: ask for {lowest:g} or more."
        )


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where to certify so that at most `max_fmr` of the impostor trials of the tuning speakers passed.

    `llr`: natural-log likelihood ratio, certify from here up. `fmr`: what passed, `ci95` its interval, on `trials`
    impostor trials among `speakers` speakers.
    """

    max_fmr: float
    llr: float
    fmr: float
    ci95: Interval
    speakers: int
    trials: int


@dataclass(frozen=True, slots=True)
class OneVoice:
    """From which agreement on (see scoring.agreement) the utterances of an enrolment count as one voice.

    Set where both errors are equal on the tuning speakers: `parted` of `enrolments` by one speaker fall below, `joined`
    of `mixtures` with one utterance of another speaker reach it.
    """

    agreement: float
    parted: float
    joined: float
    enrolments: int
    mixtures: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """An affine map from score to log-likelihood ratio, fitted for one encoder, and its thresholds."""

    encoder: str
    slope: float
    offset: float
    thresholds: tuple[Threshold, ...]
    one_voice: OneVoice

    def log_likelihood_ratio(self, score: float) -> float:
        """Turn a score in [-1, 1] into a natural-log likelihood ratio (same speaker : another).

        Affine calibration as in Brümmer & du Preez, "Application-independent evaluation of speaker detection" (2006).
        """
        return self.slope * score + self.offset

    def threshold(self, max_fmr: float) -> Threshold:
        """The threshold of the highest measured target that is not above `max_fmr`. Raises ThresholdUnsupported."""
        fitting = [one for one in self.thresholds if one.max_fmr <= max_fmr]
        if not fitting:
            raise ThresholdUnsupported(max_fmr, min(one.max_fmr for one in self.thresholds))
        return max(fitting, key=lambda one: one.max_fmr)

    def save(self, path: Path) -> None:
        """Write as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def load(encoder: str, path: Path = SHIPPED) -> Calibration:
    """The calibration kept in `path`. Raises CalibrationMissing when absent, damaged or of another encoder."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        thresholds = tuple(Threshold(**{**one, "ci95": tuple(one["ci95"])}) for one in fields.pop("thresholds"))
        one_voice = OneVoice(**fields.pop("one_voice"))
        calibration = Calibration(**fields, thresholds=thresholds, one_voice=one_voice)
    except (OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise CalibrationMissing(path, encoder) from error
    if calibration.encoder != encoder:
        raise CalibrationMissing(path, encoder)
    return calibration


def fit(encoder: str, scored: Scored, one_voice: OneVoice) -> Calibration:
    """Logistic regression on scores of trials, genuine and impostor trials weighing the same, and thresholds."""
    slope, offset = affine(scored.scores, scored.genuine)
    llrs = slope * scored.scores + offset
    thresholds = tuple(threshold_at(scored, llrs, target) for target in FMR_TARGETS)
    return Calibration(encoder, slope, offset, thresholds, one_voice)


def fit_one_voice(same: Floats, mixed: Floats) -> OneVoice:
    """The agreement, among those of enrolments by one speaker, at which the two errors differ least."""
    candidates = np.sort(same)
    parted = np.array([(same < one).mean() for one in candidates])
    joined = np.array([(mixed >= one).mean() for one in candidates])
    best = int(np.argmin(np.abs(parted - joined)))
    return OneVoice(float(candidates[best]), float(parted[best]), float(joined[best]), len(same), len(mixed))


def affine(scores: Floats, genuine: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset of the lowest Cllr; scores that separate perfectly are kept from an endless slope."""

    def cost(parameters: Sequence[float]) -> float:
        slope, offset = parameters
        return cllr(slope * scores + offset, genuine) + 1e-6 * slope**2

    slope, offset = minimize(cost, (10.0, -4.0), method="BFGS").x
    return float(slope), float(offset)


def threshold_at(scored: Scored, llrs: Floats, max_fmr: float) -> Threshold:
    """The lowest threshold, among the impostors' own ratios, that at most `max_fmr` of the impostors reach."""
    impostor = ~scored.genuine
    highest_first = np.sort(llrs[impostor])[::-1]
    strongest_kept_out = highest_first[int(max_fmr * len(highest_first))]
    llr = float(np.nextafter(strongest_kept_out, np.inf))
    passed = llrs >= llr
    return Threshold(
        max_fmr=max_fmr,
        llr=llr,
        fmr=float(passed[impostor].mean()),
        ci95=rate_interval(scored, passed, impostor),
        speakers=scored.speakers,
        trials=int(impostor.sum()),
    )
