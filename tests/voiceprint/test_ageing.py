"""Refreshing templates, against owners who drift and impostors who push, and forecasts of made-up lives."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import t

from tests.voiceprint.voices import noise, speak
from voiceprint.ageing import (
    LIMITS,
    NOTICE,
    POPULATION,
    RISK,
    Call,
    Candidate,
    Forecast,
    Kept,
    Obstacle,
    Population,
    Refresh,
    forecast,
    may_refresh,
    refreshed,
)
from voiceprint.encoder import Embedding, unit
from voiceprint.metrics import clopper_pearson
from voiceprint.quality import measure
from voiceprint.scoring import Template, TemplateOfAnotherEncoder, score

THRESHOLD = 0.8
MADE = date(2026, 1, 5)
GOOD = Candidate(
    on=MADE + timedelta(days=LIMITS.days),
    quality=measure(speak(1, 6.0)),
    words_right=True,
    replayed=False,
    synthetic=False,
    llr=THRESHOLD + LIMITS.margin,
    anchor_llr=THRESHOLD,
    household_llr=THRESHOLD,
)


def after(years: float) -> date:
    return MADE + timedelta(days=round(years * 365.25))


def test_a_good_call_refreshes() -> None:
    assert may_refresh(GOOD, MADE, THRESHOLD) == Refresh(confirmed=False)
    assert may_refresh(replace(GOOD, household_llr=None), MADE, THRESHOLD) == Refresh(confirmed=False)


@pytest.mark.parametrize(
    ("candidate", "obstacle"),
    [
        (replace(GOOD, quality=measure(noise(4.0, 0.1))), Obstacle.POOR_AUDIO),
        (replace(GOOD, words_right=False), Obstacle.WRONG_WORDS),
        (replace(GOOD, replayed=True), Obstacle.REPLAY),
        (replace(GOOD, synthetic=True), Obstacle.SYNTHETIC),
        (replace(GOOD, household_llr=GOOD.llr), Obstacle.HOUSEHOLD),
        (replace(GOOD, on=GOOD.on - timedelta(days=1)), Obstacle.TOO_SOON),
        (replace(GOOD, on=MADE - timedelta(days=400)), Obstacle.TOO_SOON),
        (replace(GOOD, llr=GOOD.llr - 0.01), Obstacle.NOT_SURE),
        (replace(GOOD, anchor_llr=THRESHOLD - 0.01), Obstacle.FAR_FROM_ANCHOR),
    ],
)
def test_each_obstacle_alone_keeps_the_template(candidate: Candidate, obstacle: Obstacle) -> None:
    assert may_refresh(candidate, MADE, THRESHOLD) == Kept((obstacle,))
    by_operator = may_refresh(replace(candidate, confirmed=True), MADE, THRESHOLD)
    assert by_operator == (Refresh(confirmed=True) if obstacle is Obstacle.NOT_SURE else Kept((obstacle,)))


def test_an_operator_stands_in_for_the_margin_and_not_for_the_threshold() -> None:
    known = replace(GOOD, confirmed=True, llr=THRESHOLD, household_llr=None)
    assert may_refresh(known, MADE, THRESHOLD) == Refresh(confirmed=True)
    assert may_refresh(replace(known, llr=THRESHOLD - 0.01), MADE, THRESHOLD) == Kept((Obstacle.NOT_SURE,))


def test_every_obstacle_is_told() -> None:
    assert may_refresh(replace(GOOD, replayed=True, llr=-5, household_llr=None), MADE, THRESHOLD) == Kept(
        (Obstacle.REPLAY, Obstacle.NOT_SURE)
    )


Vector = NDArray[np.floating]
DIMENSIONS = 128


def some(rng: np.random.Generator) -> Vector:
    return unit(rng.standard_normal(DIMENSIONS))


def turned(start: Vector, towards: Vector, cosine: float) -> Vector:
    """The point at that cosine from `start` on the way to `towards`."""
    across = unit(towards - (towards @ start) * start)
    return unit(cosine * start + np.sqrt(1 - cosine**2) * across)


def said(voice: Vector, rng: np.random.Generator, calls: int = 1) -> Vector:
    """The mean of noisy calls; against a template of three calls one has a cosine of 0.77, as tuning speakers have."""
    scattered = voice + 0.7 * rng.standard_normal((calls, DIMENSIONS)) / np.sqrt(DIMENSIONS)
    return unit(np.mean(scattered, axis=0))


def template(vector: Vector) -> Template:
    return Template(unit(vector), "a", 3)


def llr(one: Template, vector: Vector) -> float:
    """As the shipped calibration has it, rounded."""
    return 46.0 * score(one, Embedding(unit(vector), "a")) - 28.0


def offer(vector: Vector, used: Template, anchor: Template, confirmed: bool = False) -> Template:
    """The template after a call of that embedding, a long time after the last refresh."""
    candidate = replace(GOOD, llr=llr(used, vector), anchor_llr=llr(anchor, vector), household_llr=None)
    if isinstance(may_refresh(replace(candidate, confirmed=confirmed), MADE, THRESHOLD), Kept):
        return used
    return refreshed(used, Embedding(unit(vector), "a"), anchor)


def test_a_refresh_is_a_new_template_of_the_same_encoder() -> None:
    rng = np.random.default_rng(1)
    anchor = template(some(rng))
    before = anchor.vector.copy()
    found = refreshed(anchor, Embedding(turned(anchor.vector, some(rng), 0.8), "a"), anchor)
    assert (found.encoder, found.utterances) == ("a", 4)
    assert np.linalg.norm(found.vector) == pytest.approx(1, abs=1e-6)
    assert found.vector.dtype == np.float32
    assert np.array_equal(anchor.vector, before)
    for used, voice, desk in (("b", "a", "a"), ("a", "b", "a"), ("a", "a", "b")):
        with pytest.raises(TemplateOfAnotherEncoder):
            refreshed(replace(anchor, encoder=used), Embedding(anchor.vector, voice), replace(anchor, encoder=desk))


def test_the_anchor_keeps_its_share() -> None:
    rng = np.random.default_rng(2)
    anchor = template(some(rng))
    call = Embedding(turned(anchor.vector, some(rng), 0.9), "a")
    used = anchor
    for _ in range(100):
        used = refreshed(used, call, anchor)
    balance = unit(LIMITS.anchor * anchor.vector + LIMITS.weight * call.vector)
    assert used.vector @ balance == pytest.approx(1, abs=1e-4)
    assert used.vector @ anchor.vector > LIMITS.cap


@pytest.mark.parametrize("fooled", [False, True], ids=["unconfirmed", "confirmed each time"])
@pytest.mark.parametrize("seed", range(5))
def test_a_slow_impostor_gets_no_further_than_the_cap(seed: int, fooled: bool) -> None:
    """Each call lies as near to the impostor's own voice as is just accepted for a refresh: no real voice is so apt."""
    rng = np.random.default_rng(seed)
    anchor = template(some(rng))
    impostor = turned(anchor.vector, some(rng), 0.32)
    edges = (THRESHOLD if fooled else THRESHOLD + LIMITS.margin, THRESHOLD)
    of_template, of_anchor = (np.arccos((edge + 28.001) / 46) for edge in edges)
    used = anchor
    for _ in range(60):
        walked = np.arccos(min(float(used.vector @ anchor.vector), 1.0))
        furthest = turned(anchor.vector, impostor, float(np.cos(min(walked + of_template, of_anchor))))
        before, used = used, offer(furthest, used, anchor, fooled)
        assert used is not before
        assert used.vector @ anchor.vector >= LIMITS.cap - 1e-6
    assert used.vector @ anchor.vector < LIMITS.cap + 1e-3
    assert llr(used, impostor) < THRESHOLD


def test_an_average_impostor_gets_nowhere_though_confirmed() -> None:
    rng = np.random.default_rng(6)
    anchor = template(some(rng))
    assert offer(turned(anchor.vector, some(rng), 0.32), anchor, anchor, confirmed=True) is anchor


def test_a_drifting_owner_keeps_their_scores() -> None:
    """A voice turns by five degrees a year for eight years and calls twice a year."""
    rng = np.random.default_rng(4)
    kept, renewed = [], []
    for _ in range(60):
        voice, elsewhere = some(rng), some(rng)
        anchor = used = template(said(voice, rng, calls=3))
        for half_year in range(1, 17):
            call = said(turned(voice, elsewhere, float(np.cos(np.radians(2.5 * half_year)))), rng)
            if half_year > 14:
                kept.append(llr(anchor, call))
                renewed.append(llr(used, call))
            used = offer(call, used, anchor)
            assert used.vector @ anchor.vector >= LIMITS.cap - 1e-6
    gained = np.array(renewed) - np.array(kept)
    assert gained.mean() > 2
    assert (np.array(renewed) < THRESHOLD).mean() < (np.array(kept) < THRESHOLD).mean() / 2


def test_a_voice_that_stays_is_not_made_worse() -> None:
    rng = np.random.default_rng(5)
    kept, renewed = [], []
    for _ in range(60):
        voice = some(rng)
        anchor = used = template(said(voice, rng, calls=3))
        for _ in range(10):
            used = offer(said(voice, rng), used, anchor)
        call = said(voice, rng)
        kept.append(llr(anchor, call))
        renewed.append(llr(used, call))
    assert np.mean(renewed) > np.mean(kept)


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
