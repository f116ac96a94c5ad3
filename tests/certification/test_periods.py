"""Periods follow each other, whatever the interval, the birthday, what is on record, and what the rules become."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from certification.periods import (
    FIRST_DAYS,
    WINDOW_MONTHS,
    Dates,
    Interval,
    Kept,
    Span,
    add_months,
    birthday,
    certified,
    next_span,
    span,
)

DAY = timedelta(days=1)
births = st.dates(date(1900, 1, 1), date(1980, 12, 31)) | st.sampled_from([date(1948, 2, 29), date(1952, 2, 29)])
days = st.dates(date(2020, 1, 1), date(2060, 12, 31))
intervals = st.sampled_from(Interval)
people = st.builds(Dates, births, st.dates(date(2015, 1, 1), date(2030, 12, 31)))
BORN = Dates(date(1950, 5, 15), date(2026, 3, 10))
FROM_SUCCESS = Interval.YEAR_FROM_SUCCESS


@st.composite
def lives(draw: st.DrawFn) -> tuple[Dates, list[Kept]]:
    """Somebody whom rules that changed have asked now and then, and what certifying.py keeps on record of them."""
    dates, day, kept = draw(people), date(2026, 1, 1), list[Kept]()
    for _ in range(draw(st.integers(0, 5))):
        interval, day = draw(intervals), day + draw(st.integers(0, 500)) * DAY
        present = span(interval, dates, day, kept)
        success = next((one.success for one in kept if one.opens == present.opens), None)  # it stays closed
        if draw(st.booleans()) and day in present:
            present, success = certified(interval, present, day), day
        kept = [one for one in kept if one.opens != present.opens]
        kept.append(Kept(present.opens, present.due, success))
        day = max(day, present.opens)
    return dates, kept


@given(intervals, lives(), days)
def test_every_day_lies_in_its_span(interval: Interval, life: tuple[Dates, list[Kept]], day: date) -> None:
    assert day in span(interval, life[0], day, life[1])


@given(intervals, lives(), days, st.integers(-800, 800))
def test_every_day_of_a_span_has_that_span(
    interval: Interval, life: tuple[Dates, list[Kept]], day: date, later: int
) -> None:
    dates, kept = life
    found = span(interval, dates, day, kept)
    other = day + later * DAY
    assert (other in found) == (span(interval, dates, other, kept) == found)


@given(intervals, lives(), days)
def test_the_next_span_opens_the_day_after(interval: Interval, life: tuple[Dates, list[Kept]], day: date) -> None:
    dates, kept = life
    found = span(interval, dates, day, kept)
    following = next_span(interval, dates, found, kept)
    assert following.opens == found.due + DAY
    assert following.due >= following.opens


@given(intervals, lives())
def test_what_is_on_record_stands_whatever_the_interval_becomes(
    interval: Interval, life: tuple[Dates, list[Kept]]
) -> None:
    dates, kept = life
    for one in kept:
        assert span(interval, dates, one.opens, kept) == span(interval, dates, one.due, kept) == one.span


@given(intervals, intervals, people, days, st.integers(0, 800))
def test_a_certified_stretch_outlives_a_change_of_the_interval_and_leaves_time_for_the_next(
    old: Interval, new: Interval, dates: Dates, day: date, later: int
) -> None:
    stretch = certified(old, span(old, dates, day), day)
    kept = [Kept(stretch.opens, stretch.due, day)]
    asked = day + later * DAY
    assert (span(new, dates, asked, kept) == stretch) == (asked in stretch)
    awaited = next_span(new, dates, stretch, kept)
    whole = {Interval.MONTH: 1, Interval.QUARTER: 3, Interval.YEAR: 12, FROM_SUCCESS: WINDOW_MONTHS}[new]
    assert awaited.due >= add_months(stretch.due, whole) - DAY  # February may cost a day


@example(FROM_SUCCESS, Dates(date(1948, 2, 29), date(2026, 3, 1)))
@given(intervals, people)
def test_a_first_period_is_never_short_and_is_followed_by_whole_ones(interval: Interval, dates: Dates) -> None:
    first = span(interval, dates, dates.since)
    assert (first.due - dates.since).days + 1 >= FIRST_DAYS
    after = next_span(interval, dates, first)
    natural = span(interval, Dates(dates.born, date(2000, 1, 1)), first.due)
    assert interval is FROM_SUCCESS or first.due == natural.due, "on a day on which everybody's ends"
    assert interval is FROM_SUCCESS or first == natural or dates.since < natural.opens, (
        "the next only with a short rest"
    )
    assert next_span(interval, dates, first, [Kept(first.opens, first.due)]) == after


@pytest.mark.parametrize(
    ("interval", "since", "expected"),
    [
        (Interval.MONTH, date(2026, 4, 30), Span(date(2026, 4, 1), date(2026, 5, 31))),
        (Interval.MONTH, date(2026, 4, 17), Span(date(2026, 4, 1), date(2026, 4, 30))),  # fourteen days
        (Interval.MONTH, date(2026, 4, 18), Span(date(2026, 4, 1), date(2026, 5, 31))),
        (Interval.QUARTER, date(2026, 3, 31), Span(date(2026, 1, 1), date(2026, 6, 30))),
        (Interval.YEAR, date(2026, 5, 14), Span(date(2025, 5, 15), date(2027, 5, 14))),
        (FROM_SUCCESS, date(2026, 5, 14), Span(date(2026, 5, 14), date(2027, 5, 13))),
    ],
)
def test_who_comes_on_the_roll_in_the_last_days_has_the_next_period_with_the_present(
    interval: Interval, since: date, expected: Span
) -> None:
    dates = Dates(BORN.born, since)
    assert span(interval, dates, since) == span(interval, dates, expected.due) == expected
    earlier = span(interval, dates, expected.opens - DAY)
    assert earlier.due == expected.opens - DAY, "days before are as they were"


@given(people, days, st.integers(0, 364))
def test_a_success_makes_the_next_due_twelve_months_after_it(dates: Dates, day: date, later: int) -> None:
    first = span(FROM_SUCCESS, dates, day)
    success = min(first.opens + later * DAY, first.due)
    stretch = certified(FROM_SUCCESS, first, success)
    assert success in stretch
    awaited = next_span(FROM_SUCCESS, dates, stretch, [Kept(stretch.opens, stretch.due, success)])
    assert awaited.due == add_months(success, 12)
    assert awaited.opens == add_months(success, 12 - WINDOW_MONTHS) + DAY


@given(births, days)
def test_without_a_success_the_first_period_is_twelve_months_from_the_roll(born: date, since: date) -> None:
    assert span(FROM_SUCCESS, Dates(born, since), since) == Span(since, add_months(since, 12) - DAY)


@example(date(1948, 2, 29), date(2020, 3, 1), 3)
@given(births, days, st.integers(1, 5))
def test_who_misses_a_year_has_another(born: date, since: date, years: int) -> None:
    dates = Dates(born, since)
    first = span(FROM_SUCCESS, dates, since)
    last = add_months(first.due + DAY, 12 * years) - DAY  # the day before an anniversary, also of 1 March
    missed = span(FROM_SUCCESS, dates, last, [Kept(first.opens, first.due)])
    assert missed.due == last


@pytest.mark.parametrize(
    ("interval", "day", "opens", "due"),
    [
        (Interval.YEAR, date(2026, 5, 14), date(2025, 5, 15), date(2026, 5, 14)),
        (Interval.YEAR, date(2026, 5, 15), date(2026, 5, 15), date(2027, 5, 14)),
        (Interval.QUARTER, date(2026, 3, 31), date(2026, 1, 1), date(2026, 3, 31)),
        (Interval.QUARTER, date(2026, 12, 1), date(2026, 10, 1), date(2026, 12, 31)),
        (Interval.MONTH, date(2028, 2, 29), date(2028, 2, 1), date(2028, 2, 29)),
        (FROM_SUCCESS, date(2026, 12, 1), date(2026, 3, 10), date(2027, 3, 9)),
        (FROM_SUCCESS, date(2027, 3, 10), date(2027, 3, 10), date(2028, 3, 9)),
        (FROM_SUCCESS, date(2026, 3, 9), date(2025, 3, 10), date(2026, 3, 9)),
    ],
)
def test_known_spans(interval: Interval, day: date, opens: date, due: date) -> None:
    assert span(interval, BORN, day) == Span(opens, due)


@pytest.mark.parametrize(
    ("interval", "kept", "day", "expected"),
    [
        # A year that is certified, then quarters: the year to its end, then the rest of a quarter and the next one.
        (Interval.QUARTER, [Kept(date(2025, 5, 15), date(2026, 5, 14), date(2025, 6, 1))], date(2026, 5, 1), None),
        (
            Interval.QUARTER,
            [Kept(date(2025, 5, 15), date(2026, 5, 14), date(2025, 6, 1))],
            date(2026, 6, 1),
            Span(date(2026, 5, 15), date(2026, 9, 30)),
        ),
        # An open year keeps its last day too.
        (Interval.MONTH, [Kept(date(2025, 5, 15), date(2026, 5, 14))], date(2026, 1, 1), None),
        # From birthdays to the last success: never less than three months after the certified stretch.
        (
            FROM_SUCCESS,
            [Kept(date(2025, 5, 15), date(2026, 5, 14), date(2025, 5, 15))],
            date(2026, 5, 15),
            Span(date(2026, 5, 15), date(2026, 8, 14)),
        ),
        (
            FROM_SUCCESS,
            [Kept(date(2025, 5, 15), date(2026, 5, 14), date(2026, 4, 1))],
            date(2026, 5, 15),
            Span(date(2026, 5, 15), date(2027, 4, 1)),
        ),
        # Evidence of a day before a period that is on record lies in one that ends there.
        (
            Interval.YEAR,
            [Kept(date(2026, 1, 1), date(2026, 3, 31))],
            date(2025, 12, 1),
            Span(date(2025, 5, 15), date(2025, 12, 31)),
        ),
    ],
)
def test_known_changes(interval: Interval, kept: list[Kept], day: date, expected: Span | None) -> None:
    assert span(interval, BORN, day, kept) == (expected or kept[0].span)


def test_who_was_born_on_the_29th_of_february() -> None:
    born = date(1952, 2, 29)
    assert birthday(born, 2026) == date(2026, 3, 1)
    assert birthday(born, 2028) == date(2028, 2, 29)
    assert span(Interval.YEAR, Dates(born, born), date(2028, 2, 28)) == Span(date(2027, 3, 1), date(2028, 2, 28))


@given(days, st.integers(-60, 60))
def test_months_are_added(day: date, months: int) -> None:
    moved = add_months(day, months)
    assert (moved.year - day.year) * 12 + moved.month - day.month == months
    assert moved.day == day.day or (moved.day < day.day and (moved + DAY).day == 1)
