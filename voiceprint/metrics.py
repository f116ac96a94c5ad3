"""Error rates of verification scores and how sure they are: EER, minDCF, Cllr, DET curve, intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

Floats = NDArray[np.float64]
Interval = tuple[float, float]
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores of trials, all arrays of shape (trials,): the score, whether genuine, and who was compared with whom."""

    scores: Floats
    genuine: NDArray[np.bool_]
    enrolled: NDArray[np.str_]
    tested: NDArray[np.str_]

    def where(self, chosen: NDArray[np.bool_]) -> Scored:
        """The chosen trials alone."""
        return Scored(self.scores[chosen], self.genuine[chosen], self.enrolled[chosen], self.tested[chosen])

    @property
    def speakers(self) -> int:
        """How many different speakers were enrolled or tested."""
        return len(set(self.enrolled) | set(self.tested))


@dataclass(frozen=True, slots=True)
class Curve:
    """The DET curve: FMR rising from 0 to 1 and FNMR falling from 1 to 0 as the threshold falls."""

    fmr: Floats
    fnmr: Floats

    @property
    def eer(self) -> float:
        """The rate where the two cross, between the points beside the crossing."""
        after = int(np.argmax(self.fmr >= self.fnmr))
        before = after - 1
        gap_before, gap_after = self.fnmr[before] - self.fmr[before], self.fmr[after] - self.fnmr[after]
        share = gap_before / (gap_before + gap_after)
        return float(self.fmr[before] + share * (self.fmr[after] - self.fmr[before]))

    def min_dcf(self, prior: float = 0.01) -> float:
        """The lowest cost of detection over all thresholds, both errors costing 1, relative to never looking."""
        cost = prior * self.fnmr + (1 - prior) * self.fmr
        return float(cost.min() / min(prior, 1 - prior))


def curve(scores: Floats, genuine: NDArray[np.bool_], weights: Floats | None = None) -> Curve:
    """FMR and FNMR at every threshold "accept from here up"; equal scores are accepted together."""
    weights = np.ones(len(scores)) if weights is None else weights
    order = np.argsort(-scores, kind="stable")
    last_of_ties = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    weight, same = weights[order], genuine[order]
    accepted_targets = np.cumsum(weight * same)[last_of_ties]
    accepted_impostors = np.cumsum(weight * ~same)[last_of_ties]
    return Curve(
        fmr=np.concatenate([[0.0], accepted_impostors / accepted_impostors[-1]]),
        fnmr=np.concatenate([[1.0], 1 - accepted_targets / accepted_targets[-1]]),
    )


def equal_error_rate(targets: Floats, impostors: Floats) -> float:
    """EER of genuine and impostor scores."""
    genuine = np.repeat([True, False], [len(targets), len(impostors)])
    return curve(np.concatenate([targets, impostors]), genuine).eer


def cllr(llrs: Floats, genuine: NDArray[np.bool_]) -> float:
    """Cost of log-likelihood ratios in bits: 0 is perfect, 1 tells nothing (Brümmer & du Preez, 2006)."""
    targets = np.logaddexp(0, -llrs[genuine]).mean()
    impostors = np.logaddexp(0, llrs[~genuine]).mean()
    return float((targets + impostors) / 2 / np.log(2))


def error_rate(errors: NDArray[np.bool_], weights: Floats | None = None) -> float:
    """The share of trials that went wrong."""
    return float(np.average(errors, weights=weights))


def clopper_pearson(errors: int, trials: int, confidence: float = 0.95) -> Interval:
    """The exact binomial interval, as if every trial were independent."""
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, errors, trials - errors + 1)) if errors else 0.0
    high = float(beta.ppf(1 - tail, errors + 1, trials - errors)) if errors < trials else 1.0
    return low, high


def speaker_bootstrap(scored: Scored, statistic: Callable[[Floats], float], seed: int = 1) -> Interval:
    """95 % interval of a statistic of trial weights when *speakers* are drawn anew, with replacement.

    Trials of one speaker are not independent; a few speakers say less than many trials seem to. A trial weighs as
    often as both its speakers were drawn. Draws without a genuine or an impostor trial are left out.
    """
    names, numbers = np.unique(np.concatenate([scored.enrolled, scored.tested]), return_inverse=True)
    enrolled, tested = np.split(numbers, 2)
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(RESAMPLES):
        drawn = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
        weights = np.where(scored.genuine, drawn[enrolled], drawn[enrolled] * drawn[tested]).astype(np.float64)
        if weights[scored.genuine].any() and weights[~scored.genuine].any():
            values.append(statistic(weights))
    if not values:
        return 0.0, 1.0
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def rate_interval(scored: Scored, errors: NDArray[np.bool_], counted: NDArray[np.bool_]) -> Interval:
    """95 % interval of an error rate among the `counted` trials: the wider of both kinds on each side.

    The bootstrap over speakers sees how speakers differ, but shrinks to a point where no error was seen; the binomial
    interval does not.
    """

    def rate(weights: Floats) -> float:
        return error_rate(errors[counted], weights[counted])

    by_speakers = speaker_bootstrap(scored, rate)
    by_trials = clopper_pearson(int(errors[counted].sum()), int(counted.sum()))
    return min(by_speakers[0], by_trials[0]), max(by_speakers[1], by_trials[1])


@dataclass(frozen=True, slots=True)
class Rate:
    """A fraction of `calls` of so many speakers, with its 95 % interval."""

    rate: float
    ci95: Interval
    calls: int
    speakers: int

    def __str__(self) -> str:
        """For a person."""
        low, high = self.ci95
        return f"{100 * self.rate:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def rate_by_speaker(found: Sequence[tuple[str, bool]]) -> Rate:
    """How often it was so, from (speaker, whether it was so) of each call.

    The interval is the wider of a bootstrap over speakers and Clopper-Pearson on each side.
    """
    names, number = np.unique([speaker for speaker, _ in found], return_inverse=True)
    so = np.array([one for _, one in found], dtype=np.float64)
    rng = np.random.default_rng(1)
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), RESAMPLES)[:, number]
    low, high = np.percentile(drawn @ so / drawn.sum(axis=1), [2.5, 97.5])
    exact = clopper_pearson(int(so.sum()), len(so))
    return Rate(float(so.mean()), (min(float(low), exact[0]), max(float(high), exact[1])), len(so), len(names))
