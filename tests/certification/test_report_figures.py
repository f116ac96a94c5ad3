"""Figures of reports: intervals as scipy has them, small numbers hidden, times rounded, ages on birthdays."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from certification.needs import Declared
from certification.reports.groups import NEEDS, age_band
from certification.reports.hiding import LEAST, hidden
from certification.reports.intervals import wilson
from certification.reports.lives import HOURS, steps
from certification.reports.reading import slowest


@given(st.integers(0, 3000), st.integers(1, 3000))
def test_wilsons_interval_is_that_of_scipy(times: int, more: int) -> None:
    found, theirs = wilson(times, times + more), binomtest(times, times + more).proportion_ci(method="wilson")
    assert [found.low, found.high] == pytest.approx([theirs.low, theirs.high], abs=1e-12)


def test_of_nobody_nothing_is_known() -> None:
    assert (wilson(0, 0).low, wilson(0, 0).high, wilson(0, 9).low, wilson(9, 9).high) == (0, 1, 0, 1)
    with pytest.raises(ValueError, match="no rate"):
        wilson(2, 1)


@given(st.lists(st.integers(0, 40), max_size=9))
def test_what_is_hidden_does_not_follow_from_what_is_shown(counts: list[int]) -> None:
    found = hidden(counts)
    assert {at for at, count in enumerate(counts) if 0 < count < LEAST} <= found
    together = sum(counts[at] for at in found)
    if found and len(found) < len(counts):
        assert len(found) > 1 and together not in (len(found), (LEAST - 1) * len(found))
    if found and (beside := [count for at, count in enumerate(counts) if at not in found]):
        assert max((counts[at] for at in found), default=0) <= max(LEAST - 1, min(beside)), "the smallest are hidden"
    assert found or not any(0 < count < LEAST for count in counts)


@pytest.mark.parametrize(
    ("counts", "which"),
    [
        ([3, 0, 66], {0, 1}),
        ([3, 50, 66], {0, 1}),
        ([1, 1, 66], {0, 1, 2}),
        ([1, 1, 0, 66], {0, 1, 2}),
        ([9, 9, 40, 50], {0, 1, 2}),
        ([3, 2, 66], {0, 1}),
        ([5], {0}),
        ([10, 0], set()),
    ],
    ids=str,
)
def test_the_largest_is_hidden_last(counts: list[int], which: set[int]) -> None:
    assert hidden(counts) == which


@pytest.mark.parametrize(
    ("hours", "told"), [(0, 1), (0.2, 1), (1, 1), (1.01, 2), (HOURS, HOURS), (HOURS + 0.1, 96), (96, 96), (96.1, 120)]
)
def test_times_are_rounded_up(hours: float, told: int) -> None:
    assert steps(timedelta(hours=hours)) == told


def test_the_slowest_tenth_begins_where_nine_of_ten_were_decided() -> None:
    found = {"decided:1": 5, "decided:2": 4, "decided:72": 1, "waiting": 3}
    assert (slowest(found, 50), slowest(found, 90), slowest(found, 91), slowest({}, 50)) == (1, 2, 72, None)


def test_age_changes_on_the_birthday() -> None:
    born = date(1956, 2, 29)
    assert [age_band(born, day) for day in (date(2016, 2, 28), date(2016, 2, 29), date(2026, 2, 28))] == [
        "younger",
        "60",
        "60",
    ]
    assert age_band(born, date(2026, 3, 1)) == "70" and age_band(date(1900, 1, 1), date(2026, 1, 1)) == "90"


def test_every_need_has_its_place() -> None:
    assert set(NEEDS) == set(Declared)
