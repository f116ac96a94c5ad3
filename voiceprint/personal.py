"""Thresholds of a person's own: higher where many voices resemble theirs, lower for the often rejected where safe."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
from scipy.stats import binom

from voiceprint.ageing import LIMITS, Call
from voiceprint.metrics import Floats

MIN_CALLS, MIN_DAYS = 5, 4  # of a person's own, before they say anything
OFTEN = 0.1  # a person is rejected often from this share of their days on
RESCUED = 0.75  # of the days on which the person was rejected, to have passed: what a lower threshold aims at
PRIOR_DAYS = 4  # confirmed rejections that weigh as much as the shipped threshold
LOWEST = 2.0  # nats below the shipped threshold at most: a cohort does not hold the neighbour and the brother
CERTAINTY = 0.95  # that a voice is resembled by too many, before its threshold is raised


class Why(StrEnum):
    """What a threshold rests on."""

    FEW_CALLS = "few_calls"  # the shipped one: too few calls of the person's own
    FITS = "fits"  # the shipped one: the person is seldom rejected
    COHORT = "cohort"  # the shipped one: lower would let others in, or the cohort is too small to say
    LOWERED = "lowered"  # a goat: often rejected, and resembled by few
    RAISED = "raised"  # a lamb: resembled by too many


@dataclass(frozen=True, slots=True)
class PersonalThreshold:
    """Certify from `llr` up (natural-log likelihood ratio).

    `calls` on `days`: the person's own that counted; `rejected`: days on which they were rejected and confirmed.
    `weight`: of the person's own evidence against the shipped threshold, in [0, 1]. `voices`: in the cohort; `fmr`:
    the share of them that would pass.
    """

    llr: float
    why: Why
    calls: int
    days: int
    rejected: int
    weight: float
    voices: int
    fmr: float


def threshold_for(shipped_llr: float, calls: Sequence[Call], cohort_llrs: Floats, max_fmr: float) -> PersonalThreshold:
    """The shipped threshold, moved for one person as far as their calls and the cohort bear out.

    `cohort_llrs`, shape (voices,): the person's template against one call of each of as many other people; several
    calls of one voice must not be handed in as several voices. Goats and lambs are those of Doddington et al. (1998).

    Raised, with or without calls, when the cohort shows with CERTAINTY (binomial) that more than `max_fmr` pass;
    towards the lowest threshold that keeps to `max_fmr`, with weight voices / (voices + 1 / max_fmr), for the tail of a
    small cohort says little; so never above the strongest voice of the cohort.

    Lowered, when the person is rejected OFTEN, towards their own confirmed rejections, with weight
    days / (days + PRIOR_DAYS), as the mean of a normal prior and as many days would have it; never below what
    keeps the cohort to `max_fmr`, nor by more than LOWEST. Calls that nobody confirmed and that pass by less than
    the margin of a refresh count for nothing, and no unconfirmed call asks for a lower threshold.
    """
    counted = [call for call in calls if call.confirmed or call.llr >= shipped_llr + LIMITS.margin]
    days = {call.on for call in counted}
    rejections = _rejections(counted, shipped_llr)
    voices = len(cohort_llrs)

    def at(llr: float, why: Why, weight: float = 0.0) -> PersonalThreshold:
        fmr = float((cohort_llrs >= llr).mean()) if voices else 0.0
        return PersonalThreshold(llr, why, len(counted), len(days), len(rejections), weight, voices, fmr)

    safe, proven = _safe(cohort_llrs, max_fmr)
    passing = int((cohort_llrs >= shipped_llr).sum())
    if binom.cdf(passing - 1, voices, max_fmr) > CERTAINTY:
        weight = voices / (voices + 1 / max_fmr)
        return at(shipped_llr + weight * max(safe - shipped_llr, 0.0), Why.RAISED, weight)
    if len(counted) < MIN_CALLS or len(days) < MIN_DAYS:
        return at(shipped_llr, Why.FEW_CALLS)
    if len(rejections) < OFTEN * len(days):
        return at(shipped_llr, Why.FITS)
    if not proven or safe >= shipped_llr:
        return at(shipped_llr, Why.COHORT)
    weight = len(rejections) / (len(rejections) + PRIOR_DAYS)
    wanted = max(float(np.quantile(rejections, 1 - RESCUED)), shipped_llr - LOWEST)
    return at(max(shipped_llr + weight * (wanted - shipped_llr), safe), Why.LOWERED, weight)


def _rejections(counted: Sequence[Call], shipped_llr: float) -> list[float]:
    """The mean of each day's confirmed calls below the threshold: those of one day say the same thing twice."""
    by_day: dict[date, list[float]] = defaultdict(list)
    for call in counted:
        if call.llr < shipped_llr:
            by_day[call.on].append(call.llr)
    return [float(np.mean(llrs)) for llrs in by_day.values()]


def _safe(cohort_llrs: Floats, max_fmr: float) -> tuple[float, bool]:
    """The lowest threshold at which one more voice like those of the cohort passes with at most `max_fmr`.

    An order statistic, so nothing is assumed of the tail (Vovk et al. 2005, conformal prediction): of n + 1 alike
    voices the last one is as likely as any to be among the strongest k. With too few voices to promise that, it is
    just above the strongest, and not proven.
    """
    if not len(cohort_llrs):
        return -np.inf, False
    allowed = int(max_fmr * (len(cohort_llrs) + 1) + 1e-9) - 1
    strongest_kept_out = np.sort(cohort_llrs)[::-1][max(allowed, 0)]
    return float(np.nextafter(strongest_kept_out, np.inf)), allowed >= 0
