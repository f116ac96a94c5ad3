"""Forecasts of made-up lives: who will be rejected by the deadline, and who is asked to enrol again."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from scipy.stats import t

from voiceprint.ageing import NOTICE, POPULATION, RISK, Call, Forecast, Population, forecast
from voiceprint.metrics import clopper_pearson

THRESHOLD = 0.8
MADE = date(2026, 1, 5)


def after(years: float) -> date:
    return MADE + timedelta(days=round(years * 365.25))


def foretold(calls: list[Call], years: float, ahead: float = 0.25, population: Population = POPULATION) -> Forecast:
    """The forecast some years after the template was made, with the deadline a little ahead."""
    return forecast(calls, MADE, THRESHOLD, after(years), after(years + ahead), population)


def risk(calls: list[Call], years: float, population: Population = POPULATION) -> float:
    return foretold(calls, years, population=population).probability_of_rejection(after(years + 0.25)).value


FALLING = (10, 8, 6, 4, 2)


def yearly(*llrs: float, confirmed: bool = False) -> list[Call]:
    return [Call(after(year), llr, MADE, confirmed) for year, llr in enumerate(llrs, start=1)]


def test_without_calls_the_age_of_the_template_speaks() -> None:
    assert foretold([], 0).ask_by is None
    assert risk([], 0) < risk([], 5) < risk([], 10)
    assert foretold([], 10).ask_by == after(10)
    prior = foretold([], 1)
    assert prior.calls == 0
    assert prior.slope_per_year.value == pytest.approx(POPULATION.slope, abs=0.01)
    assert prior.llr_at(MADE).value == pytest.approx(POPULATION.level, abs=0.01)


def test_one_and_two_calls_move_the_forecast_and_make_it_surer() -> None:
    none, one, two = (foretold(yearly(*[6.0] * calls), 2).probability_of_rejection(after(2)) for calls in range(3))
    assert none.value > one.value > two.value
    assert none.ci95[1] > one.ci95[1] > two.ci95[1]
    assert risk(yearly(-1, confirmed=True), 1) > 2 * risk([], 1)
    llr = foretold(yearly(6, 6), 2).llr_at(after(2))
    assert llr.ci95[0] < 6 < llr.ci95[1]
    assert 6 + POPULATION.slope < llr.value < POPULATION.level


def test_a_fall_shows_in_the_slope() -> None:
    steady, falling = (foretold(yearly(*llrs), 5, 1) for llrs in ((6, 6, 6, 6, 6), FALLING))
    assert steady.ask_by is None
    assert falling.slope_per_year.ci95[1] < 0 < steady.slope_per_year.ci95[1]
    assert falling.ask_by is not None


def test_calls_of_one_day_tell_no_slope() -> None:
    same = [Call(MADE, llr, MADE) for llr in (5.0, 9.0, 6.0)]
    found = foretold(same, 1)
    assert found.slope_per_year.value == pytest.approx(POPULATION.slope, abs=0.01)
    assert found.llr_at(MADE).value == pytest.approx(6.7, abs=0.6)


def test_the_order_of_calls_does_not_matter() -> None:
    calls = yearly(9, 6, 7, 2)
    assert foretold(calls[::-1], 4).slope_per_year.value == pytest.approx(foretold(calls, 4).slope_per_year.value)


def test_unconfirmed_rejections_do_not_count() -> None:
    mixed = [*yearly(6, 6), Call(after(1.5), -9, MADE)]
    assert risk(mixed, 2) == risk(yearly(6, 6), 2)
    assert (foretold(mixed, 2).calls, len(mixed)) == (2, 3)


def test_one_cold_is_no_alarm() -> None:
    calls = [*yearly(8, 7, 8, 7), Call(after(4.2), -4, MADE, True)]
    assert foretold(calls, 5).ask_by is None


def test_a_new_template_starts_afresh() -> None:
    """Calls against older templates tell how this person's scores fall with the age of any template."""
    calls = yearly(9, 7, 5, 3)
    old = foretold(calls, 4)
    new = forecast(calls, after(4), THRESHOLD, after(4), after(5))
    assert new.slope_per_year.value == old.slope_per_year.value
    assert new.llr_at(after(5)).value == pytest.approx(old.llr_at(after(1)).value, abs=0.01)
    assert new.ask_by is None


def test_the_day_to_ask_by_lies_before_the_deadline() -> None:
    calls = yearly(*FALLING)
    near = forecast(calls, MADE, THRESHOLD, after(5), after(6))
    assert near.ask_by is not None
    assert after(5) <= near.ask_by <= after(6) - NOTICE
    far = forecast(calls, MADE, THRESHOLD, after(5), after(8))
    assert far.ask_by is not None
    assert far.probability_of_rejection(far.ask_by).value >= RISK
    assert far.probability_of_rejection(far.ask_by - timedelta(days=1)).value < RISK
    soon = far.ask_by + timedelta(days=10)
    assert forecast(calls, MADE, THRESHOLD, after(5), soon).ask_by == soon - NOTICE
    assert forecast(calls, MADE, THRESHOLD, soon, after(5)).ask_by == soon  # overdue


def lived(
    rng: np.random.Generator,
    level: float,
    slope: float,
    noise: float,
    when: list[float],
    confirmed: float = POPULATION.confirmed,
    threshold: float = THRESHOLD,
) -> list[Call]:
    """What is seen of a person's calls: the accepted, and that share of the others that operators confirm."""
    calls = []
    for years in when:
        llr = level + slope * years + noise * rng.standard_t(4)
        if llr >= threshold or rng.random() < confirmed:
            calls.append(Call(after(years), llr, MADE, llr < threshold))
    return calls


def drawn(rng: np.random.Generator) -> tuple[float, float, float]:
    """Level, slope and noise of somebody out of the population."""
    return (
        rng.normal(POPULATION.level, POPULATION.level_sd),
        POPULATION.slope + POPULATION.slope_scale * rng.standard_t(3),
        POPULATION.noise * rng.choice([0.65, 1.0, 1.5], p=[0.25, 0.5, 0.25]),
    )


def test_intervals_cover_and_probabilities_come_true() -> None:
    rng = np.random.default_rng(11)
    covered, chances, rejected, slopes, known = [], [], [], [], []
    for number in range(144):
        level, slope, noise = drawn(rng)
        calls = lived(rng, level, slope, noise, list(rng.uniform(0, 4, number % 9)))
        found = foretold(calls, 4, 1)
        low, high = found.llr_at(after(5)).ci95
        llr = level + slope * 5 + noise * rng.standard_t(4)
        covered.append(low <= llr <= high)
        chance = found.probability_of_rejection(after(5))
        chances.append(chance.value)
        rejected.append(llr < THRESHOLD)
        slopes.append(found.slope_per_year.ci95[0] <= slope <= found.slope_per_year.ci95[1])
        known.append(chance.ci95[0] <= t.cdf((THRESHOLD - level - slope * 5) / noise, 4) <= chance.ci95[1])
    for within in (covered, slopes, known):
        low, high = clopper_pearson(sum(within), len(within))
        assert low < 0.95 < high
    low, high = clopper_pearson(sum(rejected), len(rejected))
    assert low < np.mean(chances) < high
    knowing, guessing = (np.mean((np.array(p) - rejected) ** 2) for p in (chances, np.mean(rejected)))
    assert knowing < 0.8 * guessing


def test_lost_rejections_do_not_make_a_voice_seem_stable() -> None:
    """Where the threshold is high and operators confirm one rejection in five, mean chances against the true ones."""
    rng = np.random.default_rng(12)
    high, share = 5.0, 0.2
    careful: list[float] = []
    careless: list[float] = []
    for _ in range(80):
        level, slope, noise = drawn(rng)
        calls = lived(rng, level, slope, noise, list(rng.uniform(0, 4, 12)), share, high)
        truth = t.cdf((high - level - slope * 5) / noise, 4)
        for found, confirmed in ((careful, share), (careless, 1.0)):
            people = replace(POPULATION, confirmed=confirmed)
            line = forecast(calls, MADE, high, after(4), after(5), people)
            found.append(line.probability_of_rejection(after(5)).value - truth)
    assert np.mean(careless) < -3 * np.std(careless) / np.sqrt(len(careless))
    assert abs(np.mean(careful)) < abs(np.mean(careless)) / 2


def alarm(rng: np.random.Generator, level: float, slope: float, years: int) -> int | None:
    """The first yearly deadline for which a new enrolment is asked, looking two months ahead."""
    calls: list[Call] = []
    for year in range(1, years + 1):
        found = forecast(calls, MADE, THRESHOLD, after(year - 1 / 6), after(year))
        if found.ask_by is not None:
            assert found.ask_by < after(year)
            return year
        calls += lived(rng, level, slope, POPULATION.noise, [year])
    return None


def test_a_stable_voice_is_seldom_troubled() -> None:
    rng = np.random.default_rng(13)
    troubled = sum(alarm(rng, POPULATION.level, 0, 6) is not None for _ in range(50))
    assert clopper_pearson(troubled, 50)[1] < 0.2


def test_a_falling_voice_is_asked_before_it_fails_every_other_time() -> None:
    rng = np.random.default_rng(14)
    fall = -1.5
    halfway = int(np.ceil((THRESHOLD - POPULATION.level) / fall))  # the deadline at which every other call fails
    asked = [alarm(rng, POPULATION.level, fall, halfway) for _ in range(50)]
    in_time = sum(year is not None for year in asked)
    assert clopper_pearson(in_time, 50)[0] > 0.6
