"""Keep a template fresh without letting anybody walk it away, and foresee when an ageing voice is rejected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np
from scipy.optimize import brentq

from voiceprint.encoder import Embedding, unit
from voiceprint.metrics import Floats, Interval
from voiceprint.quality import Quality, Use, reasons
from voiceprint.scoring import Template, score

CALL_TAIL, SLOPE_TAIL = 4, 3  # degrees of freedom: a cold, a bad line, a stroke are rarer than usual, not impossible
NOISE_FACTORS, NOISE_WEIGHTS = (0.65, 1.0, 1.5), (0.25, 0.5, 0.25)  # some people's calls differ more than others'
RISK = 0.25  # from this probability of rejection on, somebody is asked to enrol again
NOTICE = timedelta(days=45)  # before the deadline: a visit to the desk must be arranged


class Obstacle(StrEnum):
    """Why a template is not refreshed from a call."""

    POOR_AUDIO = "poor_audio"
    WRONG_WORDS = "wrong_words"
    REPLAY = "replay"
    SYNTHETIC = "synthetic"
    HOUSEHOLD = "household"  # somebody else at home fits as well
    TOO_SOON = "too_soon"
    NOT_SURE = "not_sure"  # below the threshold, or not confirmed and not well above it
    FAR_FROM_ANCHOR = "far_from_anchor"  # like the refreshed template, but no longer like the desk enrolment


@dataclass(frozen=True, slots=True)
class Refresh:
    """The call may refresh the template: an operator knew the person, or else it is well above the threshold."""

    confirmed: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """The template stays as it is."""

    obstacles: tuple[Obstacle, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """What keeps an impostor from walking a template away ("poisoning"; Lovisotto et al. 2020, Biggio et al. 2013).

    `margin`: nats above the threshold. Of calibrated ratios at most e^-t of the impostors reach t, so three nats let
    through about a twentieth of those who pass. `days`: between changes of a template. `weight`, `anchor`: shares of
    the call and of the desk enrolment (the anchor) in a refresh; of the mean over all refreshes the anchor keeps at
    least anchor / (anchor + weight). `cap`: the lowest cosine of template and anchor, 18 degrees.
    """

    margin: float = 3.0
    days: int = 180
    weight: float = 0.1
    anchor: float = 0.05
    cap: float = 0.95


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A call from which a template might be refreshed.

    Natural-log likelihood ratios: `llr` against the template in use, `anchor_llr` the desk enrolment, `household_llr`
    whoever else at home fits best. `replayed`, `synthetic`: under suspicion. `confirmed`: an operator knew the person.
    """

    on: date
    quality: Quality
    words_right: bool
    replayed: bool
    synthetic: bool
    llr: float
    anchor_llr: float
    household_llr: float | None = None
    confirmed: bool = False


def may_refresh(candidate: Candidate, made: date, threshold_llr: float, limits: Limits = LIMITS) -> Refresh | Kept:
    """Decide whether a call may refresh a template that was made (enrolled or last refreshed) on `made`.

    `threshold_llr` is the shipped one, never a lowered one of the person's own. One threshold to accept and a higher
    one to adapt, as in adaptive biometric systems: Rattani et al. (2009), Pisani et al. (2019). A confirmation stands
    in for the margin alone: were it to stand in for the threshold, whoever fools an operator once would afterwards be
    accepted without one; a voice that has drifted so far is enrolled again.
    """
    rival = candidate.household_llr
    margin = 0.0 if candidate.confirmed else limits.margin
    checks = (
        (Obstacle.POOR_AUDIO, bool(reasons(candidate.quality, Use.ENROLMENT))),
        (Obstacle.WRONG_WORDS, not candidate.words_right),
        (Obstacle.REPLAY, candidate.replayed),
        (Obstacle.SYNTHETIC, candidate.synthetic),
        (Obstacle.HOUSEHOLD, rival is not None and rival >= candidate.llr),
        (Obstacle.TOO_SOON, (candidate.on - made).days < limits.days),
        (Obstacle.NOT_SURE, candidate.llr < threshold_llr + margin),
        (Obstacle.FAR_FROM_ANCHOR, candidate.anchor_llr < threshold_llr),
    )
    if obstacles := tuple(obstacle for obstacle, holds in checks if holds):
        return Kept(obstacles)
    return Refresh(candidate.confirmed)


def refreshed(template: Template, embedding: Embedding, anchor: Template, limits: Limits = LIMITS) -> Template:
    """A running mean on the sphere of template, call and anchor, kept within the cap around the anchor.

    A new template; the one before is the caller's to keep, so that a refresh can be undone. Raises
    TemplateOfAnotherEncoder.
    """
    score(template, embedding), score(anchor, embedding)  # of one encoder, or it raises
    kept = 1 - limits.weight - limits.anchor
    centre = anchor.direction
    mean = unit(kept * template.direction + limits.weight * embedding.vector + limits.anchor * centre)
    cosine = float(mean @ centre)
    if cosine < limits.cap:
        away = unit(mean - cosine * centre)
        mean = unit(limits.cap * centre + np.sqrt(1 - limits.cap**2) * away)
    return Template(mean, template.encoder, template.utterances + 1)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a person: its natural-log likelihood ratio against the template made on `made`.

    `confirmed`: an operator knew the person.
    """

    on: date
    llr: float
    made: date
    confirmed: bool = False

    def counts(self, threshold_llr: float) -> bool:
        """Whether the call is taken for the person's own: accepted or confirmed."""
        return self.confirmed or self.llr >= threshold_llr


@dataclass(frozen=True, slots=True)
class Population:
    """What is known of anybody before their first call, in natural-log likelihood ratios.

    `level`, `level_sd`: of people's own lines at a new template. `slope`, `slope_scale`: change a year. `noise`: scale
    of a person's calls around their line. `confirmed`, above 0: the share of their own calls below the threshold that
    an operator confirms; the others are never seen.
    """

    level: float
    level_sd: float
    slope: float
    slope_scale: float
    noise: float
    confirmed: float


# Level and noise: in 720 genuine trials of the six tuning speakers (one session, resnet8k-84ecee78) people's means are
# 7.6 ± 2.2 and their calls deviate by 1.4 on a clean line, 1.8 at 20 dB; other days and telephones are allowed for.
# The slope is an assumption, for none is published in these units: three years did nothing measurable (Lawson et al.
# 2009); less than five are small beside the difference of sessions, ageing is faster from sixty on (Kelly & Harte 2011)
# and plain over decades (Kelly, Drygajlo & Harte 2013). So on average five years count half of one call's deviation;
# how people differ is not known, and left wide.
POPULATION = Population(level=7.3, level_sd=3.0, slope=-0.25, slope_scale=0.8, noise=1.75, confirmed=0.8)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    ci95: Interval


@dataclass(frozen=True, slots=True)
class Lines:
    """Possible lines of a person and their probabilities, all of shape (lines,): level, slope, noise, weight."""

    level: Floats
    slope: Floats
    noise: Floats
    weight: Floats

    def below(self, llr: float, lapse: float) -> Floats:
        """For each line, the probability that a call stays below `llr`, `lapse` years after the template."""
        off = (llr - self.level - self.slope * lapse) / self.noise
        sine = off / np.sqrt(off**2 + CALL_TAIL)  # closed form for four degrees of freedom, ten times as fast as scipy
        chance: Floats = 0.5 + 0.75 * (sine - sine**3 / 3)
        return chance

    def estimate(self, values: Floats) -> Estimate:
        """Mean and interval of a figure that each line gives."""
        order = np.argsort(values)
        low, high = values[order[np.searchsorted(np.cumsum(self.weight[order]), (0.025, 0.975))]]
        return Estimate(float(self.weight @ values), (float(low), float(high)))


@dataclass(frozen=True, slots=True)
class Forecast:
    """How a person's calls will fare against a template made on `made`; `calls`: of theirs that it rests on.

    `ask_by`: when to have asked for a new enrolment, None where there is no need.
    """

    made: date
    threshold_llr: float
    calls: int
    lines: Lines
    ask_by: date | None

    @property
    def slope_per_year(self) -> Estimate:
        """Change of the likelihood ratio a year, in nats."""
        return self.lines.estimate(self.lines.slope)

    def llr_at(self, on: date) -> Estimate:
        """The likelihood ratio of a call on that day; the interval is that of one call."""
        lapse = _lapse(self.made, on)
        middle = float(self.lines.weight @ (self.lines.level + self.lines.slope * lapse))

        def over(llr: float, quantile: float) -> float:
            return float(self.lines.weight @ self.lines.below(llr, lapse)) - quantile

        low, high = (float(brentq(over, -999, 999, (quantile,), xtol=1e-3)) for quantile in (0.025, 0.975))
        return Estimate(middle, (low, high))

    def probability_of_rejection(self, on: date) -> Estimate:
        """How likely a call on that day stays below the threshold; the interval says how sure that is."""
        return self.lines.estimate(self.lines.below(self.threshold_llr, _lapse(self.made, on)))


def forecast(
    calls: Sequence[Call],
    made: date,
    threshold_llr: float,
    today: date,
    deadline: date,
    population: Population = POPULATION,
) -> Forecast:
    """Fit a person's line over the age of the template, and say by when to ask for a new enrolment.

    Bayesian regression with the person's own level and slope around the population's, as in multilevel models of
    biometric ageing (Yoon & Jain 2015, Best-Rowden & Jain 2015), but with heavy tails; summed over a grid. Asked for
    when a call at the deadline (overdue: today) fails with a probability of RISK: on the day that this is reached, or
    NOTICE before. Accepted and confirmed calls count; each is weighed by the chance that such a call is seen at all,
    lest somebody whose bad calls were lost seem stable. Without calls only the age of the template speaks.
    """
    lines = _lines(calls, threshold_llr, population)
    counted = sum(call.counts(threshold_llr) for call in calls)

    def risky(on: date) -> bool:
        return bool(lines.weight @ lines.below(threshold_llr, _lapse(made, on)) >= RISK)

    if not risky(max(today, deadline)):
        return Forecast(made, threshold_llr, counted, lines, None)
    safe, unsafe = today - timedelta(days=1), max(today, deadline)
    while (unsafe - safe).days > 1:
        middle = safe + (unsafe - safe) // 2
        safe, unsafe = (safe, middle) if risky(middle) else (middle, unsafe)
    return Forecast(made, threshold_llr, counted, lines, max(today, min(unsafe, deadline - NOTICE)))


def _lapse(made: date, on: date) -> float:
    return abs((on - made).days) / 365.25  # years


def _lines(calls: Sequence[Call], threshold_llr: float, population: Population) -> Lines:
    level, slope, noise = (
        axis.ravel()
        for axis in np.meshgrid(
            population.level + population.level_sd * np.linspace(-4, 4, 41),
            population.slope + population.slope_scale * np.linspace(-8, 8, 81),
            population.noise * np.array(NOISE_FACTORS),
        )
    )
    weight = np.broadcast_to(NOISE_WEIGHTS, (81, 41, 3)).ravel()
    lines = Lines(level, slope, noise, weight)
    log = np.log(weight) - ((level - population.level) / population.level_sd) ** 2 / 2
    log += _log_t((slope - population.slope) / population.slope_scale, SLOPE_TAIL)
    for call in calls:
        if call.counts(threshold_llr):
            lapse = _lapse(call.made, call.on)
            log += _log_t((call.llr - level - slope * lapse) / noise, CALL_TAIL) - np.log(noise)
            log -= np.log(1 - (1 - population.confirmed) * lines.below(threshold_llr, lapse))
    weight = np.exp(log - log.max())
    likely = weight > 1e-6
    return Lines(level[likely], slope[likely], noise[likely], weight[likely] / weight[likely].sum())


def _log_t(off: Floats, tail: int) -> Floats:
    return np.asarray(np.log1p(off**2 / tail) * -(tail + 1) / 2)
