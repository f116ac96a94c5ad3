"""When a period opens and when it is due, from a region's interval and what is on record of a person. Pure."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

_DAY = timedelta(days=1)
WINDOW_MONTHS = 3
"""Of the twelve months after a success: the last ones, in which the next is asked for."""

FIRST_DAYS = 14
"""Whoever comes on the roll with fewer days left, that one included, has the next period with the present one."""


class Interval(StrEnum):
    """How often a region asks.

    `year`: from birthday to birthday, so that the work spreads. `year_from_success`: again twelve months after the last
    success, by whatever route; at first twelve months after the person came on the roll. `quarter`, `month`: by the
    calendar.
    """

    YEAR = "year"
    YEAR_FROM_SUCCESS = "year_from_success"
    QUARTER = "quarter"
    MONTH = "month"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The days of one period, first and last included."""

    opens: date
    due: date

    def __contains__(self, day: date) -> bool:
        return self.opens <= day <= self.due


@dataclass(frozen=True, slots=True)
class Dates:
    """What the periods of a person are counted from: their birth, and the day on which they came on the roll."""

    born: date
    since: date


@dataclass(frozen=True, slots=True, order=True)
class Kept:
    """A period on record, and the day of the success that closed it."""

    opens: date
    due: date
    success: date | None = None

    @property
    def span(self) -> Span:
        """Its days."""
        return Span(self.opens, self.due)


def span(interval: Interval, dates: Dates, day: date, kept: Sequence[Kept] = ()) -> Span:
    """The span that `day` lies in. Spans of one person follow each other without gap or overlap.

    A period that is on record keeps its days, whatever the region's interval has become: a certified stretch stays
    certified to its end, and nobody's last day moves under them. The interval of today counts from the day after.
    """
    before = max((one for one in kept if one.opens <= day), default=None)
    if before is not None and day <= before.due:
        return before.span
    found = _after(interval, dates, day, before)
    following = min((one.opens for one in kept if one.opens > day), default=None)
    return found if following is None or found.due < following else Span(found.opens, following - _DAY)


def next_span(interval: Interval, dates: Dates, current: Span, kept: Sequence[Kept] = ()) -> Span:
    """The span that follows `current`, one of `kept` where it is on record."""
    return span(interval, dates, current.due + _DAY, kept)


def everybodys(interval: Interval, day: date) -> Span | None:
    """The span that `day` lies in for all alike; None where each person has their own."""
    by_the_calendar = interval in (Interval.QUARTER, Interval.MONTH)
    return _by_the_calendar(interval, day, day) if by_the_calendar else None


def certified(interval: Interval, current: Span, success: date) -> Span:
    """The days for which a success in `current` certifies; in the span after it the next one is awaited."""
    if interval is not Interval.YEAR_FROM_SUCCESS:
        return current
    return Span(current.opens, add_months(success, 12 - WINDOW_MONTHS))


def _after(interval: Interval, dates: Dates, day: date, before: Kept | None) -> Span:
    """The span of a day after `before`, the last period on record that opened until then."""
    if interval is Interval.YEAR_FROM_SUCCESS:
        return _counted(dates, day, before)
    natural = _by_the_calendar(interval, dates.born, day)
    if before is None:
        return _first(interval, dates, natural)
    opens = before.due + _DAY
    first = _by_the_calendar(interval, dates.born, opens)
    if first.opens == opens:
        return natural
    whole = _by_the_calendar(interval, dates.born, first.due + _DAY)
    rest = Span(opens, whole.due)  # nobody gets less than a whole one
    return rest if day in rest else natural


def _first(interval: Interval, dates: Dates, natural: Span) -> Span:
    """A span that none on record precedes; nobody is overdue within days of coming on the roll."""
    came = _by_the_calendar(interval, dates.born, dates.since)
    if dates.since + (FIRST_DAYS - 1) * _DAY <= came.due:
        return natural
    both = Span(came.opens, _by_the_calendar(interval, dates.born, came.due + _DAY).due)
    return both if natural.opens in both else natural


def _counted(dates: Dates, day: date, before: Kept | None) -> Span:
    """Twelve months from the roll, from a success, or from a period that was missed; and again, while it is missed."""
    if before is None:
        return _twelfth(dates.since, day, -_DAY)
    if before.success is None:
        return _twelfth(before.due + _DAY, day, -_DAY)  # as without it on record: to the end of a long February too
    opens = before.due + _DAY
    year = _twelfth(before.success, opens).due
    first = Span(opens, max(year, add_months(before.due, WINDOW_MONTHS)))
    return first if day in first else _twelfth(first.due, day)


def _twelfth(start: date, day: date, less: timedelta = timedelta()) -> Span:
    """The span of a day among those that end every twelve months after `start`, and before."""

    def end(years: int) -> date:
        return add_months(start, 12 * years) + less

    years = next(years for years in range(day.year - start.year - 1, day.year - start.year + 3) if day <= end(years))
    return Span(end(years - 1) + _DAY, end(years))


def _by_the_calendar(interval: Interval, born: date, day: date) -> Span:
    match interval:
        case Interval.QUARTER:
            opens = date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
            return Span(opens, add_months(opens, 3) - _DAY)
        case Interval.MONTH:
            opens = day.replace(day=1)
            return Span(opens, add_months(opens, 1) - _DAY)
        case _:
            year = day.year if day >= birthday(born, day.year) else day.year - 1
            return Span(birthday(born, year), birthday(born, year + 1) - _DAY)


def birthday(birth_date: date, year: int) -> date:
    """The birthday in `year`; who was born on 29 February has it on 1 March in common years."""
    if birth_date.month == 2 and birth_date.day == 29 and monthrange(year, 2)[1] == 28:
        return date(year, 3, 1)
    return birth_date.replace(year=year)


def add_months(day: date, months: int) -> date:
    """The same day `months` later (or earlier, when negative), or the last of that month where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
