"""Refreshing templates, against owners who drift and impostors who push."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.voiceprint.voices import noise, talk
from voiceprint.ageing import (
    LIMITS,
    Candidate,
    Kept,
    Obstacle,
    Refresh,
    may_refresh,
    refreshed,
)
from voiceprint.encoder import Embedding, unit
from voiceprint.quality import measure
from voiceprint.scoring import Template, TemplateOfAnotherEncoder, score

THRESHOLD = 0.8
MADE = date(2026, 1, 5)
GOOD = Candidate(
    on=MADE + timedelta(days=LIMITS.days),
    quality=measure(talk(1, 6.0)),
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
