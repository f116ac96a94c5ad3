"""From scores to log-likelihood ratios, and the thresholds that keep to a false match rate."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from voiceprint.encoder import MODEL
from voiceprint.metrics import Floats, Interval, Scored, cllr, rate_interval
from voiceprint.quality import Quality

SHIPPED = MODEL / "calibration.json"
FMR_TARGETS = (0.05, 0.03, 0.02, 0.01, 0.005, 0.002, 0.001)
USUAL_SPEECH_S, USUAL_SNR_DB = 3.0, 20.0
RIDGE, LEAST_SLOPE = 1e-3, 0.1


class CalibrationMissing(LookupError):
    """There is no calibration for this encoder and this cohort."""

    def __init__(self, path: Path, encoder: str, cohort: str) -> None:
        super().__init__(
            f"{path} 不是为声纹模型 {encoder} 和对照组 {cohort} 校准的，请运行 stillhere voiceprint calibrate。"
            f"{path} holds no calibration for the encoder {encoder} with the cohort {cohort}: "
            "run `stillhere voiceprint calibrate`."
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
class Conditions:
    """Under which tests were heard, both of shape (trials,): seconds of net speech, and signal over noise in dB."""

    net_speech_s: Floats
    snr_db: Floats

    @classmethod
    def of(cls, qualities: Sequence[Quality]) -> Conditions:
        """Those of measured recordings."""
        seconds, ratios = ([getattr(one, name) for one in qualities] for name in ("net_speech_s", "snr_db"))
        return cls(np.array(seconds, dtype=np.float64), np.array(ratios, dtype=np.float64))

    def where(self, chosen: NDArray[np.bool_]) -> Conditions:
        """Those of the chosen trials."""
        return Conditions(self.net_speech_s[chosen], self.snr_db[chosen])

    def terms(self) -> Floats:
        """Shape (trials, 3): 1, doublings of 3 s of speech, and tens of dB over 20; both within what was fitted."""
        doublings = np.log2(np.maximum(self.net_speech_s, 0.1) / USUAL_SPEECH_S)
        tens = (self.snr_db - USUAL_SNR_DB) / 10
        return np.stack([np.ones(len(tens)), np.clip(doublings, -1.5, 1.5), np.clip(tens, -1.5, 1.0)], axis=1)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a decision costs, and how often somebody else calls: from these the threshold follows.

    `impostors`: the share of calls by somebody else. `cost`: what certifying one of those costs, in units of what it
    costs that a human looks at the call of the right person.
    """

    impostors: float
    cost: float

    @property
    def llr(self) -> float:
        """The ratio from which on certifying costs less than a human (Bayes; Brümmer & du Preez, 2006)."""
        return float(np.log(self.cost * self.impostors / (1 - self.impostors)))


SHIPPED_DECISION = Decision(impostors=0.01, cost=200.0)
"""One call in a hundred by somebody else; a pension paid for a year to nobody costs as much as 200 reviews."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A map from score to log-likelihood ratio, fitted for one encoder and one cohort, and its thresholds.

    Affine in the score; slope and offset are linear in the terms of `Conditions`: a short or noisy test says less.
    """

    encoder: str
    cohort: str
    slope: tuple[float, ...]
    offset: tuple[float, ...]
    thresholds: tuple[Threshold, ...]
    one_voice: OneVoice

    def log_likelihood_ratios(self, scores: Floats, conditions: Conditions) -> Floats:
        """Turn normalised scores into natural-log likelihood ratios (same speaker : another), shape (trials,).

        Affine calibration as in Brümmer & du Preez, "Application-independent evaluation of speaker detection" (2006),
        with quality measures as in Mandasari et al., "Quality measure functions for calibration of speaker recognition
        systems in various duration conditions" (2013).
        """
        terms = conditions.terms()
        ratios: Floats = (terms @ np.array(self.slope)) * scores + terms @ np.array(self.offset)
        return ratios

    def log_likelihood_ratio(self, score: float, quality: Quality) -> float:
        """The natural-log likelihood ratio of one normalised score, the test being of that quality."""
        return float(self.log_likelihood_ratios(np.array([score]), Conditions.of([quality]))[0])

    def threshold(self, max_fmr: float) -> Threshold:
        """The threshold of the highest measured target that is not above `max_fmr`. Raises ThresholdUnsupported."""
        fitting = [one for one in self.thresholds if one.max_fmr <= max_fmr]
        if not fitting:
            raise ThresholdUnsupported(max_fmr, min(one.max_fmr for one in self.thresholds))
        return max(fitting, key=lambda one: one.max_fmr)

    def certify_from(self, max_fmr: float, decision: Decision) -> float:
        """The ratio from which on a voice certifies: what the costs say, and never below the threshold for `max_fmr`.

        The first trusts the calibration, the second what was counted on the tuning speakers. Raises
        ThresholdUnsupported.
        """
        return max(decision.llr, self.threshold(max_fmr).llr)

    def save(self, path: Path) -> None:
        """Write as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def load(encoder: str, cohort: str, path: Path = SHIPPED) -> Calibration:
    """The calibration kept in `path`. Raises CalibrationMissing when absent, damaged or of other models."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        thresholds = tuple(Threshold(**{**one, "ci95": tuple(one["ci95"])}) for one in fields.pop("thresholds"))
        one_voice = OneVoice(**fields.pop("one_voice"))
        slope, offset = (tuple(map(float, fields.pop(name))) for name in ("slope", "offset"))
        calibration = Calibration(**fields, slope=slope, offset=offset, thresholds=thresholds, one_voice=one_voice)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CalibrationMissing(path, encoder, cohort) from error
    if (calibration.encoder, calibration.cohort) != (encoder, cohort):
        raise CalibrationMissing(path, encoder, cohort)
    return calibration


def fit(encoder: str, cohort: str, scored: Scored, conditions: Conditions, one_voice: OneVoice) -> Calibration:
    """Logistic regression on scores of trials, genuine and impostor trials weighing the same, and thresholds."""
    slope, offset = regress(scored, conditions)
    fitted = Calibration(encoder, cohort, slope, offset, (), one_voice)
    llrs = fitted.log_likelihood_ratios(scored.scores, conditions)
    return replace(fitted, thresholds=tuple(threshold_at(scored, llrs, target) for target in FMR_TARGETS))


def regress(scored: Scored, conditions: Conditions) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Slope and offset, three terms each, of the lowest Cllr.

    Terms of conditions are drawn to 0 (RIDGE), and a slope never turns: a higher score never says less. Scores that
    separate perfectly are kept from an endless slope.
    """
    terms = conditions.terms()
    weighed = np.concatenate([terms * scored.scores[:, None], terms], axis=1)
    same = scored.genuine
    corners = np.array([(1.0, doublings, tens) for doublings in (-1.5, 1.5) for tens in (-1.5, 1.0)])

    def cost(weights: Floats) -> tuple[float, Floats]:
        llrs, slopes = weighed @ weights, corners @ weights[:3]
        turned = np.maximum(LEAST_SLOPE - slopes, 0)
        right, wrong = expit(-llrs[same]), expit(llrs[~same])
        slant = (weighed[~same].T @ wrong / len(wrong) - weighed[same].T @ right / len(right)) / 2 / np.log(2)
        held = np.array([1e-6, RIDGE, RIDGE, 0, RIDGE, RIDGE]) * weights
        gradient = slant + 2 * held
        gradient[:3] -= 200 * turned @ corners
        return cllr(llrs, same) + held @ weights + 100 * turned @ turned, gradient

    found = minimize(cost, np.array([1.0, 0, 0, 0, 0, 0]), jac=True, method="BFGS").x
    return tuple(map(float, found[:3])), tuple(map(float, found[3:]))


def fit_one_voice(same: Floats, mixed: Floats) -> OneVoice:
    """The agreement, among those of enrolments by one speaker, at which the two errors differ least."""
    candidates = np.sort(same)
    parted = np.array([(same < one).mean() for one in candidates])
    joined = np.array([(mixed >= one).mean() for one in candidates])
    best = int(np.argmin(np.abs(parted - joined)))
    return OneVoice(float(candidates[best]), float(parted[best]), float(joined[best]), len(same), len(mixed))


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
