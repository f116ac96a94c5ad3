"""What may happen at this hour in a region: whether a human answers, and whether people may be disturbed."""

from __future__ import annotations

from datetime import date, datetime

from certification.regions.fields import SHANGHAI
from certification.regions.schema import Region


def operator_open(region: Region, now: datetime) -> bool:
    """Whether a human answers the region's line at this moment."""
    here = now.astimezone(SHANGHAI)
    opens, closes = region.operator.hours
    return staffed(region, here.date()) and opens <= here.time() < closes


def operator_answers_today(region: Region, now: datetime) -> bool:
    """Whether a human answers the region's line now or later on this day."""
    here = now.astimezone(SHANGHAI)
    return staffed(region, here.date()) and here.time() < region.operator.hours[1]


def staffed(region: Region, day: date) -> bool:
    """Whether anybody works on this day: one of the operator's days of the week, and no holiday."""
    return day.isoweekday() in region.operator.days and not any(day in holiday for holiday in region.holidays)


def holidays_missing(region: Region, day: date) -> int | None:
    """The year whose holidays are not known here: this one's or, from December on, the next one's; else None.

    Whoever has written none at all has no holidays.
    """
    known = {year for holiday in region.holidays for year in (holiday.first.year, holiday.last.year)}
    asked = (day.year, day.year + 1) if day.month == 12 else (day.year,)
    return next((year for year in asked if known and year not in known), None)


def quiet(region: Region, now: datetime) -> bool:
    """Whether nothing may be sent and nobody called at this moment."""
    first, second = region.reminders.quiet_hours
    here = now.astimezone(SHANGHAI).time()
    return first <= here < second if first < second else here >= first or here < second
