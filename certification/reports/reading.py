"""Reports read: sums of what was counted, by one trait, month or route, of those whom a page asks for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from certification.reports.groups import PERSONAL, Trait, ordered
from certification.reports.hiding import LEAST, hidden
from certification.reports.lives import DECIDED, Measure, Window
from certification.store import Report, ReportCount

MONTH, ROUTE = "month", "route"
BY = (MONTH, Trait.REGION.value, ROUTE, *(one.value for one in Trait if one is not Trait.REGION))
"""What the rows of a table can be told apart by."""
BY_ROUTE = frozenset({Measure.CERTIFIED, Measure.FAILED})
"""What happened by a route; the others happened by none."""


class Column(StrEnum):
    """The columns of a table."""

    CERTIFIED = Measure.CERTIFIED.value
    UNRESOLVED = Measure.UNRESOLVED.value
    FAILED = Measure.FAILED.value
    WAITING = Measure.WAITING.value
    DECIDED = "decided"
    MEDIAN = "median"
    P90 = "p90"


COUNTS = (Column.CERTIFIED, Column.UNRESOLVED, Column.FAILED, Column.WAITING, Column.DECIDED)
TIMES = {Column.MEDIAN: 50, Column.P90: 90}
"""Of how many in a hundred the time is."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a table is about: months, a route, and a value of some traits; and what its rows are told apart by."""

    first: date
    last: date
    by: str = MONTH
    route: str | None = None
    traits: Mapping[Trait, str] = field(default_factory=dict)

    @property
    def personal(self) -> bool:
        """Whether it tells people apart by what could single somebody out."""
        return self.by in PERSONAL or not PERSONAL.isdisjoint(self.traits)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `numbers` by column. What is not in it was not counted so; None is a number too small to be shown."""

    value: str
    numbers: Mapping[Column, int | None]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows in their order, and all of them together."""

    rows: Sequence[Row]
    total: Row

    @property
    def hides(self) -> bool:
        """Whether any number is not shown."""
        return any(None in row.numbers.values() for row in (*self.rows, self.total))


def table(session: Session, report: Report, asked: Asked) -> Table:
    """The table that was asked for.

    People are counted once each month: over several months their number is the sum of the months'. Who waits is counted
    at the end of the last month alone. A row's times are of the questions decided in it.
    """
    found = defaultdict[str, Counter[str]](Counter)
    for value, measure, count in session.execute(_sums(report, asked)):
        found[value if isinstance(value, str) else value.isoformat()[:7]][measure] += int(count)
    total = sum(found.values(), Counter[str]())
    if asked.by == MONTH:
        months = Window(max(asked.first, report.first), min(asked.last, report.last), report.as_of).months
        values = [month.isoformat()[:7] for month in months]
        total[Measure.WAITING] = found[values[-1]][Measure.WAITING] if values else 0
    else:
        values = ordered(asked.by, found)
    shown, everybody = [_numbers(found[value], asked) for value in values], _numbers(total, asked)
    if asked.personal:
        _hide(shown, everybody, asked)
    rows = [Row(value, numbers) for value, numbers in zip(values, shown, strict=True)]
    return Table(rows, Row("", everybody))


def slowest(found: Mapping[str, int], percent: int) -> int | None:
    """The hours within which so many in a hundred of the questions were decided, as steps() has it; None for none."""
    took = sorted((int(name.removeprefix(DECIDED)), count) for name, count in found.items() if name.startswith(DECIDED))
    decided, so_far = sum(count for _, count in took), 0
    for hours, count in took:
        so_far += count
        if 100 * so_far >= percent * decided:
            return hours
    return None


def _sums(report: Report, asked: Asked) -> Select[Any, str, int]:
    by = getattr(ReportCount, asked.by)
    sums = select(by, ReportCount.measure, func.sum(ReportCount.count)).where(
        ReportCount.report_id == report.id,
        ReportCount.months == 1,
        ReportCount.month >= asked.first,
        ReportCount.month <= asked.last,
    )
    if asked.by != MONTH:  # a stock is not added up over months
        sums = sums.where((ReportCount.measure != Measure.WAITING.value) | (ReportCount.month == asked.last))
    if asked.route is not None:
        sums = sums.where(ReportCount.route == asked.route)
    if asked.route is not None or asked.by == ROUTE:
        sums = sums.where(ReportCount.measure.in_([one.value for one in BY_ROUTE]))
    for trait, value in asked.traits.items():
        sums = sums.where(getattr(ReportCount, trait.value) == value)
    return sums.group_by(by, ReportCount.measure)


def _numbers(found: Mapping[str, int], asked: Asked) -> dict[Column, int | None]:
    if asked.route is not None or asked.by == ROUTE:
        return {Column(one.value): found.get(one, 0) for one in BY_ROUTE}
    numbers: dict[Column, int | None] = {column: found.get(column, 0) for column in COUNTS}
    numbers[Column.DECIDED] = sum(count for name, count in found.items() if name.startswith(DECIDED))
    times = {column: slowest(found, percent) for column, percent in TIMES.items()}
    return numbers | {column: hours for column, hours in times.items() if hours is not None}


def _hide(shown: Sequence[dict[Column, int | None]], everybody: dict[Column, int | None], asked: Asked) -> None:
    """Hide what is too small, column by column; the times of a few questions, too."""
    few = [numbers for numbers in (*shown, everybody) if 0 < (numbers.get(Column.DECIDED) or 0) < LEAST]
    for numbers in few:
        numbers.update(dict.fromkeys(TIMES))
    narrow = not PERSONAL.isdisjoint(asked.traits)  # then all of them together are a group as well
    for column in everybody.keys() & set(COUNTS):
        for at in hidden([numbers[column] or 0 for numbers in shown]):
            shown[at][column] = None
        if narrow and 0 < (everybody[column] or 0) < LEAST:
            everybody[column] = None
