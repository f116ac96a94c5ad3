"""What happened to one person within some months, and what of it is counted. Pure; every definition is here.

**Certified**: a period of theirs was closed in the month; under the kind of evidence that closed the first of them.
**Unresolved**: the last day of a period lies in the month and before the day of the count, and it is still open.
**Rejected**: a try of theirs by telephone or text came to nothing, see Why. **Tried and failed**: rejected in the
month, and no period of theirs was closed in it; under the route of the first rejection. **Waiting**: a question about
them was with a human, undecided, at the end of the month (at the count, in its own month). **Decided**: of each
question decided in the month, the time since it was opened, rounded up as steps() says.

Over all months: **people** on the roll, who **tried** (was rejected, or gave evidence by voice, PIN or code), was
**rejected** (at all, and for each reason), **left** (rejected, and no period closed since the last time) or
**suspended** (on a list that two supervisors signed and that went out within these months, paid again since or not).
Each counts a person once, whatever happened how often.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from math import ceil
from typing import NamedTuple

from certification.evidence import Kind
from certification.periods import add_months
from certification.regions import SHANGHAI

BY_LINE = (Kind.VOICE, Kind.PIN, Kind.CODE)
"""Evidence that comes by telephone or text, from whoever tried themselves."""
NO_ROUTE = ""
DECIDED = "decided:"
HOURS = 72
"""A time to decide is told in whole hours up to so many, then in whole days."""
_HOUR = timedelta(hours=1)


class Why(StrEnum):
    """Why a try came to nothing."""

    VOICE = "voice"  # the voice did not clearly match: it went to a human
    WORDS = "words"  # the words were not understood, or not those asked for, three times
    HUNG_UP = "hung_up"  # wrong words, and the caller hung up before the words were all said
    LIMIT = "limit"  # turned away: a voice had failed too often before
    NOTHING = "nothing"  # neither a voice nor a PIN on record to try with
    PIN = "pin"  # five wrong PINs in a row, and so a lock
    TEXT = "text"  # six digits by text that were neither their PIN nor a code, while their period was open

    @property
    def route(self) -> Kind:
        """By what they tried."""
        return Kind.PIN if self in (Why.PIN, Why.TEXT) else Kind.VOICE


class Measure(StrEnum):
    """What is counted; beside these `decided:` and a number of hours, and a Why for who was rejected for it."""

    CERTIFIED = "certified"
    UNRESOLVED = "unresolved"
    FAILED = "failed"
    WAITING = "waiting"
    PEOPLE = "people"
    TRIED = "tried"
    REJECTED = "rejected"
    LEFT = "left"
    SUSPENDED = "suspended"


class Counted(NamedTuple):
    """Something that is counted once of a person: over so many months from this one."""

    months: int
    measure: str
    month: date
    route: str


@dataclass(frozen=True)
class Window:
    """The months of a report, `first` to `last` (their first days); what came at `as_of` or later does not count."""

    first: date
    last: date
    as_of: datetime

    @classmethod
    def until(cls, as_of: datetime, months: int) -> Window:
        """So many months, of which the present is the last."""
        last = month_of(as_of)
        return cls(add_months(last, 1 - months), last, as_of)

    @cached_property
    def length(self) -> int:
        """How many months they are."""
        return 12 * (self.last.year - self.first.year) + self.last.month - self.first.month + 1

    @cached_property
    def months(self) -> list[date]:
        """Each of them."""
        return [add_months(self.first, n) for n in range(self.length)]

    @cached_property
    def start(self) -> datetime:
        """The moment at which it begins."""
        return datetime.combine(self.first, time.min, SHANGHAI)

    @cached_property
    def today(self) -> date:
        """The day of the count."""
        return self.as_of.astimezone(SHANGHAI).date()

    @cached_property
    def ends(self) -> dict[date, datetime]:
        """Of each month the moment before which it is over, or the count was made."""
        over = {month: datetime.combine(add_months(month, 1), time.min, SHANGHAI) for month in self.months}
        return {month: min(at, self.as_of) for month, at in over.items()}


@dataclass(slots=True)
class Life:
    """What happened to somebody within a window.

    `closings`: when a period was closed, and by which kind of evidence; `open_since`: last days of periods that are
    over and open. `questions`: when each was opened, and decided if it was.
    """

    closings: list[tuple[datetime, str]] = field(default_factory=list)
    open_since: list[date] = field(default_factory=list)
    rejections: list[tuple[datetime, Why]] = field(default_factory=list)
    questions: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    proved: bool = False
    suspended: bool = False


def month_of(at: datetime) -> date:
    """The month of a moment, in Shanghai: its first day."""
    return at.astimezone(SHANGHAI).date().replace(day=1)


def steps(took: timedelta) -> int:
    """A time to decide in whole hours, rounded up; beyond HOURS in whole days of 24, rounded up."""
    hours = max(1, ceil(took / _HOUR))
    return hours if hours <= HOURS else 24 * ceil(hours / 24)


def counted(life: Life, window: Window) -> Iterator[Counted]:
    """What is counted of a life, each once; a question decided once for each, as they are no people."""
    closed = dict[date, str]()
    for at, kind in sorted(life.closings):
        closed.setdefault(month_of(at), kind)
    for month, kind in closed.items():
        yield Counted(1, Measure.CERTIFIED, month, kind)
    for month in {day.replace(day=1) for day in life.open_since}:
        yield Counted(1, Measure.UNRESOLVED, month, NO_ROUTE)
    failed = dict[date, Why]()
    for at, why in sorted(life.rejections):
        failed.setdefault(month_of(at), why)
    for month, why in failed.items():
        if month not in closed:
            yield Counted(1, Measure.FAILED, month, why.route)
    yield from _questions(life, window)
    yield from _of_all(life, window)


def _questions(life: Life, window: Window) -> Iterator[Counted]:
    if not life.questions:
        return
    for month, end in window.ends.items():
        if any(opened < end and (decided is None or decided >= end) for opened, decided in life.questions):
            yield Counted(1, Measure.WAITING, month, NO_ROUTE)
    for opened, decided in life.questions:
        if decided is not None and window.start <= decided:
            yield Counted(1, f"{DECIDED}{steps(decided - opened)}", month_of(decided), NO_ROUTE)


def _of_all(life: Life, window: Window) -> Iterator[Counted]:
    found = {Measure.PEOPLE.value: True, Measure.SUSPENDED.value: life.suspended}
    if life.rejections:
        latest = max(at for at, _ in life.rejections)
        found[Measure.LEFT] = all(at < latest for at, _ in life.closings)
        found |= {Measure.REJECTED: True} | {why.value: True for _, why in life.rejections}
    found[Measure.TRIED] = life.proved or bool(life.rejections)
    for measure, so in found.items():
        if so:
            yield Counted(window.length, measure, window.first, NO_ROUTE)
