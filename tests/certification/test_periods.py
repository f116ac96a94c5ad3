"""Periods follow each other, whatever the interval and the birthday."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.periods import Interval, Span, add_months, birthday, next_span, span

DAY = timedelta(days=1)
births = st.dates(date(1900, 1, 1), date(1980, 12, 31))
days = st.dates(date(2020, 1, 1), date(2060, 12, 31))
intervals = st.sampled_from(Interval)


@given(intervals, births, days)
def test_every_day_lies_in_its_span(interval: Interval, born: date, day: date) -> None:
    assert day in span(interval, born, day)


@given(intervals, births, days, st.integers(0, 400))
def test_every_day_of_a_span_has_that_span(interval: Interval, born: date, day: date, later: int) -> None:
    found = span(interval, born, day)
    other = found.opens + timedelta(days=later)
    assert (other in found) == (span(interval, born, other) == found)


@given(intervals, births, days)
def test_the_next_span_opens_the_day_after(interval: Interval, born: date, day: date) -> None:
    found = span(interval, born, day)
    following = next_span(interval, born, found)
    assert following.opens == found.due + DAY
    assert following.due > following.opens


@pytest.mark.parametrize(
    ("interval", "day", "opens", "due"),
    [
        (Interval.YEAR, date(2026, 5, 14), date(2025, 5, 15), date(2026, 5, 14)),
        (Interval.YEAR, date(2026, 5, 15), date(2026, 5, 15), date(2027, 5, 14)),
        (Interval.QUARTER, date(2026, 3, 31), date(2026, 1, 1), date(2026, 3, 31)),
        (Interval.QUARTER, date(2026, 12, 1), date(2026, 10, 1), date(2026, 12, 31)),
        (Interval.MONTH, date(2028, 2, 29), date(2028, 2, 1), date(2028, 2, 29)),
    ],
)
def test_known_spans(interval: Interval, day: date, opens: date, due: date) -> None:
    assert span(interval, date(1950, 5, 15), day) == Span(opens, due)


def test_who_was_born_on_the_29th_of_february() -> None:
    born = date(1952, 2, 29)
    assert birthday(born, 2026) == date(2026, 3, 1)
    assert birthday(born, 2028) == date(2028, 2, 29)
    assert span(Interval.YEAR, born, date(2028, 2, 28)) == Span(date(2027, 3, 1), date(2028, 2, 28))


@given(days, st.integers(-60, 60))
def test_months_are_added(day: date, months: int) -> None:
    moved = add_months(day, months)
    assert (moved.year - day.year) * 12 + moved.month - day.month == months
    assert moved.day == day.day or (moved.day < day.day and (moved + DAY).day == 1)
