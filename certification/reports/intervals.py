"""How sure a rate is: Wilson's interval. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Z = 1.959963984540054
"""The normal distribution's quantile at 0.975: 95 of 100 intervals hold what they are about."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`, both included."""

    low: float
    high: float


def wilson(times: int, of: int, z: float = Z) -> Interval:
    """The score interval of a rate of `times` in `of`, in [0, 1]; of nobody, nothing is known.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927); without
    correction for continuity, as Brown, Cai & DasGupta recommend for small numbers ("Interval estimation for a binomial
    proportion", Statistical Science 16, 2001). Raises ValueError where `times` is not from 0 to `of`.
    """
    if not 0 <= times <= of:
        raise ValueError(f"{times} of {of} is no rate")
    if of == 0:
        return Interval(0.0, 1.0)
    rate, square = times / of, z * z
    middle = (rate + square / (2 * of)) / (1 + square / of)
    half = z / (1 + square / of) * sqrt(rate * (1 - rate) / of + square / (4 * of * of))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Interval(0.0 if times == 0 else low, 1.0 if times == of else high)
