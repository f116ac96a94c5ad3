"""Error rates against values worked out by hand, and intervals against what they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceprint.metrics import Scored, cllr, clopper_pearson, curve, equal_error_rate, rate_interval, speaker_bootstrap


def arrays(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def test_eer_by_hand() -> None:
    assert equal_error_rate(arrays(3, 4), arrays(1, 2)) == 0
    assert equal_error_rate(arrays(1, 2), arrays(3, 4)) == 1
    assert equal_error_rate(arrays(1, 3, 4, 5), arrays(0, 0, 0, 2)) == pytest.approx(0.25)
    assert equal_error_rate(arrays(1, 1), arrays(1, 1)) == pytest.approx(0.5)


def test_min_dcf_by_hand() -> None:
    genuine = np.array([True] * 4 + [False] * 100)
    scores = np.concatenate([arrays(1, 3, 4, 5), np.zeros(99), arrays(2)])
    # Refusing one of four costs 0.01 · 1/4, accepting one of a hundred 0.99 · 1/100; the prior alone costs 0.01.
    assert curve(scores, genuine).min_dcf(0.01) == pytest.approx(0.25)


def test_cllr_of_knowing_nothing_is_one_and_of_certainty_is_zero() -> None:
    genuine = np.array([True, False])
    assert cllr(arrays(0, 0), genuine) == pytest.approx(1)
    assert cllr(arrays(30, -30), genuine) == pytest.approx(0, abs=1e-9)
    assert cllr(arrays(-30, 30), genuine) > 40


@given(
    st.lists(st.floats(-5, 5), min_size=1, max_size=30),
    st.lists(st.floats(-5, 5), min_size=1, max_size=30),
)
def test_eer_is_a_rate_and_shift_does_not_matter(targets: list[float], impostors: list[float]) -> None:
    rate = equal_error_rate(np.round(targets, 3), np.round(impostors, 3))
    assert 0 <= rate <= 1
    assert equal_error_rate(np.round(targets, 3) + 8, np.round(impostors, 3) + 8) == pytest.approx(rate)


def test_rule_of_three() -> None:
    low, high = clopper_pearson(0, 300)
    assert low == 0
    assert high == pytest.approx(3.7 / 300, rel=0.02)
    assert clopper_pearson(300, 300)[1] == 1


def two_sorts_of_speaker() -> Scored:
    """Six speakers whose genuine trials either always or never pass at 0."""
    names = np.array([f"s{number}" for number in range(6)])
    enrolled, tested = np.repeat(names, 60), np.tile(np.repeat(names, 10), 6)
    genuine = enrolled == tested
    scores = np.where(genuine & (enrolled < "s3"), 1.0, -1.0)
    return Scored(scores, genuine, enrolled, tested)


def test_speakers_count_not_trials() -> None:
    scored = two_sorts_of_speaker()
    low, high = rate_interval(scored, scored.scores < 0, scored.genuine)
    by_trials = clopper_pearson(30, 60)
    assert low < by_trials[0] - 0.1
    assert high > by_trials[1] + 0.1


def test_no_error_seen_is_not_no_error() -> None:
    scored = two_sorts_of_speaker()
    assert speaker_bootstrap(scored, lambda weights: float(np.average(scored.scores > 5, weights=weights))) == (0, 0)
    assert rate_interval(scored, scored.scores > 5, ~scored.genuine)[1] > 0.005
