"""Thresholds of a person's own: by hand, for any calls, and for a population of made-up people."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, t

from voiceprint.ageing import LIMITS, Call
from voiceprint.metrics import Floats
from voiceprint.personal import LOWEST, PRIOR_DAYS, PersonalThreshold, Why, threshold_for

SHIPPED, MAX_FMR = 1.0, 0.01
MADE = date(2026, 1, 5)
FAR = np.linspace(-30, -5, 200)  # a cohort of which nobody comes near


def calls(*llrs: float, confirmed: bool = True, first: int = 0) -> list[Call]:
    """One call a month."""
    return [
        Call(MADE + timedelta(days=30 * month), llr, MADE, confirmed) for month, llr in enumerate(llrs, start=first)
    ]


REJECTED = calls(0.5, 0.4, 0.3, 0.2, 8, 8)


def test_no_calls_no_change() -> None:
    assert threshold_for(SHIPPED, [], FAR, MAX_FMR) == PersonalThreshold(SHIPPED, Why.FEW_CALLS, 0, 0, 0, 0.0, 200, 0.0)


def test_a_goat_is_let_down_by_hand() -> None:
    found = threshold_for(SHIPPED, REJECTED, FAR, MAX_FMR)
    # The first quartile of the four rejections is 0.275; four days weigh as much as the shipped threshold.
    assert found.llr == pytest.approx(SHIPPED - 4 / (4 + PRIOR_DAYS) * (SHIPPED - 0.275))
    assert (found.why, found.calls, found.days, found.rejected) == (Why.LOWERED, 6, 6, 4)
    assert found.weight == 0.5


@pytest.mark.parametrize(
    ("own", "cohort", "why"),
    [
        (REJECTED[:4], FAR, Why.FEW_CALLS),
        ([Call(MADE, call.llr, MADE, True) for call in REJECTED], FAR, Why.FEW_CALLS),
        (calls(0.5, *[8] * 10), FAR, Why.FITS),
        (calls(*[8] * 10), FAR, Why.FITS),
        (REJECTED, FAR[:90], Why.COHORT),
        (REJECTED, np.array([]), Why.COHORT),
        (REJECTED, np.append(FAR, [2, 3]), Why.COHORT),
    ],
    ids=["four calls", "one day", "one rejection of eleven", "no rejection", "few voices", "no voices", "close voices"],
)
def test_the_shipped_threshold_stays(own: list[Call], cohort: Floats, why: Why) -> None:
    found = threshold_for(SHIPPED, own, cohort, MAX_FMR)
    assert (found.llr, found.why, found.weight) == (SHIPPED, why, 0)


def test_a_day_says_only_one_thing() -> None:
    twice = [Call(call.on, call.llr, MADE, True) for call in REJECTED for _ in range(3)]
    once, thrice = (threshold_for(SHIPPED, own, FAR, MAX_FMR) for own in (REJECTED, twice))
    assert (thrice.llr, thrice.weight, thrice.calls) == (once.llr, once.weight, 18)


def test_the_cohort_says_how_low() -> None:
    close = np.append(FAR, [0.8, 0.9])  # two of 202: one may pass
    found = threshold_for(SHIPPED, REJECTED, close, MAX_FMR)
    assert found.why is Why.LOWERED
    assert found.llr == pytest.approx(0.8)
    assert found.fmr == pytest.approx(1 / 202)


def test_hopeless_calls_lower_little() -> None:
    found = threshold_for(SHIPPED, calls(*[-40.0] * 20), FAR, MAX_FMR)
    assert found.llr == pytest.approx(SHIPPED - LOWEST * 20 / (20 + PRIOR_DAYS))


def test_a_lamb_is_protected_before_its_first_call() -> None:
    cohort = np.append(FAR, np.linspace(1, 4, 20))
    found = threshold_for(SHIPPED, [], cohort, MAX_FMR)
    assert found.why is Why.RAISED
    assert found.weight == pytest.approx(220 / 320)
    assert SHIPPED < found.llr < 4
    assert found.fmr < (cohort >= SHIPPED).mean() / 2
    assert threshold_for(SHIPPED, REJECTED, cohort, MAX_FMR).llr == found.llr


def test_one_voice_too_many_is_chance() -> None:
    assert threshold_for(SHIPPED, [], np.append(FAR, [2, 2, 2]), MAX_FMR).why is Why.FEW_CALLS
    assert threshold_for(SHIPPED, [], np.append(FAR, [2] * 6), MAX_FMR).why is Why.RAISED


llrs = st.floats(-20, 20)
any_calls = st.lists(st.builds(Call, st.dates(MADE, date(2030, 1, 1)), llrs, st.just(MADE), st.booleans()), max_size=30)
any_cohort = st.lists(st.floats(-40, 10), max_size=300).map(lambda found: np.array(found, dtype=np.float64))


@given(any_calls, any_cohort, st.sampled_from([0.05, 0.01, 0.001]))
def test_limits_hold_for_any_calls(own: list[Call], cohort: Floats, max_fmr: float) -> None:
    found = threshold_for(SHIPPED, own, cohort, max_fmr)
    strongest = float(cohort.max(initial=-np.inf))
    assert SHIPPED - LOWEST <= found.llr <= max(SHIPPED, np.nextafter(strongest, np.inf))
    if found.llr < SHIPPED:
        assert found.why is Why.LOWERED
        assert len(cohort) + 1 >= 1 / max_fmr
        assert ((cohort >= found.llr).sum() + 1) / (len(cohort) + 1) <= max_fmr + 1e-9
    if found.llr > SHIPPED:
        assert found.why is Why.RAISED


@given(any_calls, st.lists(st.floats(SHIPPED, SHIPPED + LIMITS.margin, exclude_max=True), max_size=20))
def test_an_attacker_who_just_passes_changes_nothing(own: list[Call], just: list[float]) -> None:
    attacked = [*own, *calls(*just, confirmed=False)]
    assert threshold_for(SHIPPED, attacked, FAR, MAX_FMR) == threshold_for(SHIPPED, own, FAR, MAX_FMR)


@given(any_calls, st.lists(llrs, max_size=20))
def test_unconfirmed_calls_never_lower_it(own: list[Call], more: list[float]) -> None:
    enough = [*REJECTED, *own]
    attacked = threshold_for(SHIPPED, [*enough, *calls(*more, confirmed=False)], FAR, MAX_FMR)
    assert attacked.llr >= threshold_for(SHIPPED, enough, FAR, MAX_FMR).llr


@dataclass(frozen=True)
class People:
    """Made-up people, arrays of shape (people,): own calls, and others against their template, both in nats.

    Spreads as the tuning speakers show them; one in twenty is a lamb.
    """

    level: Floats
    noise: Floats
    others: Floats
    spread: Floats

    @classmethod
    def draw(cls, rng: np.random.Generator, many: int) -> "People":
        lamb = rng.random(many) < 0.05
        return cls(
            level=rng.normal(7.3, 2.7, many),
            noise=rng.choice([1.1, 1.7, 2.6], many),
            others=rng.normal(-13.5, 2.5, many) + 6 * lamb,
            spread=6 * rng.lognormal(0, 0.12, many),
        )

    def fmr(self, thresholds: Floats | float) -> Floats:
        """Each person's true false match rate."""
        rate: Floats = norm.sf(thresholds, self.others, self.spread)
        return rate

    def fnmr(self, thresholds: Floats | float) -> Floats:
        """Each person's true false non-match rate."""
        rate: Floats = t.cdf((thresholds - self.level) / self.noise, 4)
        return rate


@pytest.fixture(scope="module")
def population() -> tuple[People, float, list[PersonalThreshold]]:
    """A thousand people who call monthly for a year, the threshold shipped to them, and those of their own.

    Rejected calls are confirmed by an operator; 141 voices in the cohort.
    """
    rng = np.random.default_rng(7)
    low, high = -10.0, 20.0
    tuning = People.draw(rng, 4000)
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (middle, high) if tuning.fmr(middle).mean() > MAX_FMR else (low, middle)
    people = People.draw(rng, 1000)
    own = []
    for level, noise, others, spread in zip(people.level, people.noise, people.others, people.spread, strict=True):
        said = level + noise * rng.standard_t(4, 12)
        year = [Call(MADE + timedelta(days=30 * month), llr, MADE, llr < high) for month, llr in enumerate(said)]
        own.append(threshold_for(high, year, rng.normal(others, spread, 141), MAX_FMR))
    return people, high, own


def interval(differences: Floats) -> tuple[float, float]:
    """95 % bootstrap interval of a mean over people."""
    rng = np.random.default_rng(1)
    means = [rng.choice(differences, len(differences)).mean() for _ in range(1000)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def test_no_more_impostors_pass_than_before(population: tuple[People, float, list[PersonalThreshold]]) -> None:
    people, shipped, own = population
    thresholds = np.array([one.llr for one in own])
    before, after = people.fmr(shipped), people.fmr(thresholds)
    assert interval(after - before)[1] < 0
    lowered = np.array([one.why is Why.LOWERED for one in own])
    assert lowered.sum() > 100
    assert interval(after[lowered])[1] < MAX_FMR


def test_lambs_are_protected(population: tuple[People, float, list[PersonalThreshold]]) -> None:
    people, shipped, own = population
    lambs = people.fmr(shipped) > 3 * MAX_FMR
    thresholds = np.array([one.llr for one in own])[lambs]
    before, after = people.fmr(shipped)[lambs], norm.sf(thresholds, people.others[lambs], people.spread[lambs])
    assert lambs.sum() > 30
    assert interval(after - before / 2)[1] < 0


def test_goats_are_rejected_less(population: tuple[People, float, list[PersonalThreshold]]) -> None:
    people, shipped, own = population
    goats = (people.fnmr(shipped) > 0.15) & (people.fmr(shipped) < MAX_FMR)
    after = people.fnmr(np.array([one.llr for one in own]))
    assert goats.sum() > 100
    assert interval((after - 0.9 * people.fnmr(shipped))[goats])[1] < 0


def test_whoever_fools_operators_stays_out() -> None:
    rng = np.random.default_rng(3)
    attack = rng.normal(-6, 2, 40)  # an impostor whom an operator confirms forty times
    found = threshold_for(SHIPPED, calls(*attack), rng.normal(-13.5, 5, 300), MAX_FMR)
    assert found.why is Why.LOWERED
    assert (attack >= found.llr).mean() < 0.05
    assert found.fmr <= MAX_FMR
