"""When a period opens and when it is due, from a region's interval alone. Pure."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

_DAY = timedelta(days=1)


class Interval(StrEnum):
    """How often a region asks: yearly from birthday to birthday, so that the work spreads; else by the calendar."""

    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The days of one period, first and last included."""

    opens: date
    due: date

    def __contains__(self, day: date) -> bool:
        return self.opens <= day <= self.due


def span(interval: Interval, birth_date: date, day: date) -> Span:
    """The span that `day` lies in. Spans of one person follow each other without gap or overlap."""
    match interval:
        case Interval.YEAR:
            year = day.year if day >= birthday(birth_date, day.year) else day.year - 1
            return Span(birthday(birth_date, year), birthday(birth_date, year + 1) - _DAY)
        case Interval.QUARTER:
            opens = date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
            return Span(opens, add_months(opens, 3) - _DAY)
        case Interval.MONTH:
            opens = day.replace(day=1)
            return Span(opens, add_months(opens, 1) - _DAY)


def next_span(interval: Interval, birth_date: date, current: Span) -> Span:
    """The span that follows `current`."""
    return span(interval, birth_date, current.due + _DAY)


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
