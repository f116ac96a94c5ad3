"""How those who judge voices do: how many, how fast, how sure, whether a second agrees, and whether they tire.

Whoever looks at their own figures sees known cases counted with the others and not judged: a number that stayed, or a
fault that came, would say which it had been.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import ColumnElement, Integer, Select, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session

from certification.confirmation import CONFIRMED
from certification.judgements import Part
from certification.regions import SHANGHAI
from certification.reports.intervals import Interval, wilson
from certification.store import Judgement, Staff

ENOUGH = 20
"""Of fewer nothing is said but how many there were."""
QUICK = 5.0
"""Seconds in which nobody hears both sides."""
PAUSE = timedelta(minutes=15)
MOST, MOST_LOOKS = 500, 20_000
IN_A_ROW = ((1, 10), (11, 20), (21, 40), (41, None))
"""Which one it was since the last pause, from and to."""
LATE = 8  # hours of work, from which on all are one


@dataclass(frozen=True, slots=True)
class Rate:
    """So many times out of so many."""

    times: int = 0
    of: int = 0

    @property
    def enough(self) -> bool:
        """Whether it says anything."""
        return self.of >= ENOUGH

    @property
    def share(self) -> float:
        """The rate in [0, 1]."""
        return self.times / self.of if self.of else 0.0

    @property
    def interval(self) -> Interval:
        """Where it really is, in 95 of 100 cases."""
        return wilson(self.times, self.of)


@dataclass(frozen=True, slots=True)
class Summary:
    """Somebody's figures. `seconds`: the median of those whose length is known.

    `accepted`: strangers taken for the person, of known strangers; `rejected`: the person not known again, of known
    ones. `own`: of whoever looks.
    """

    staff_id: str
    name: str
    region: str | None
    decided: int
    seconds: float | None
    certified: Rate
    agreed: Rate
    quick: Rate
    accepted: Rate
    rejected: Rate
    own: bool


@dataclass(frozen=True, slots=True)
class Look:
    """One judgement, as figures need it."""

    at: datetime
    part: Part
    confirmed: bool
    seconds: float | None
    same: bool | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was decided in a part of the time: `low` to `high`, without an end where there is no `high`."""

    low: int
    high: int | None
    decided: int
    seconds: float | None
    certified: Rate
    quick: Rate


def account(session: Session, staff_id: str) -> Staff | None:
    """Whose figures they are."""
    return session.get(Staff, staff_id)


def summaries(
    session: Session, since: datetime, *, viewer: str, region: str | None = None, name: str | None = None
) -> list[Summary]:
    """The figures of everybody with an account who judged a voice since then, by name, at most MOST.

    `region`: of whose accounts alone; `name`: of this one alone.
    """
    seconds = dict(session.execute(_medians(since, viewer)).all())
    rows = select(Staff.id, Staff.name, Staff.region, *_counts(viewer)).join(Judgement, Judgement.by == Staff.name)
    rows = rows.where(Judgement.at >= since).group_by(Staff.id, Staff.name, Staff.region)
    if region is not None:
        rows = rows.where(Staff.region == region)
    if name is not None:
        rows = rows.where(Staff.name == name)
    return [
        _summary(staff_id, who, place, [one or 0 for one in counts], seconds.get(who), own=who == viewer)
        for staff_id, who, place, *counts in session.execute(rows.order_by(Staff.name).limit(MOST))
    ]


def looks(session: Session, by: str, since: datetime, *, viewer: str) -> list[Look]:
    """What somebody judged since then, in that order; the latest MOST_LOOKS."""
    mine = select(Judgement).where(Judgement.by == by, Judgement.at >= since)
    mine = mine.order_by(Judgement.at.desc()).limit(MOST_LOOKS)
    found = [
        Look(one.at, Part(one.part), one.verdict == CONFIRMED, one.seconds, one.same) for one in session.scalars(mine)
    ]
    return [_unknown(one) if by == viewer else one for one in reversed(found)]


def known(found: Iterable[Look], most: int) -> list[Look]:
    """The latest known cases among them."""
    return [one for one in found if one.part is Part.KNOWN][::-1][:most]


def by_hour(found: Sequence[Look]) -> list[Stretch]:
    """By the hour of work in which it was: the first begins with the first case of a day in Shanghai."""
    begun: dict[object, datetime] = {}
    for one in found:
        begun.setdefault(_day(one), one.at)
    hours = [(n, n) for n in range(1, LATE)]
    return _stretches(found, [*hours, (LATE, None)], lambda one: 1 + (one.at - begun[_day(one)]) // timedelta(hours=1))


def in_a_row(found: Sequence[Look]) -> list[Stretch]:
    """By which one it was since the last pause."""
    place, count, before = dict[int, int](), 0, None
    for one in found:
        count = 1 if before is None or one.at - before > PAUSE else count + 1
        place[id(one)], before = count, one.at
    return _stretches(found, IN_A_ROW, lambda one: place[id(one)])


def by_week(found: Sequence[Look], now: datetime, days: int) -> list[Stretch]:
    """By how many weeks ago it was, the oldest first; `low` counts from this week, 0."""
    weeks = [(n, n) for n in range((days + 6) // 7)]
    return _stretches(found, weeks, lambda one: (now - one.at) // timedelta(days=7))[::-1]


def _stretches(
    found: Sequence[Look], bounds: Sequence[tuple[int, int | None]], place: Callable[[Look], int]
) -> list[Stretch]:
    held = defaultdict[tuple[int, int | None], list[Look]](list)
    for one in found:
        if one.part is not Part.KNOWN:
            at = place(one)
            held[next(edges for edges in reversed(bounds) if edges[0] <= at)].append(one)
    return [_stretch(low, high, held[low, high]) for low, high in bounds]


def _stretch(low: int, high: int | None, some: list[Look]) -> Stretch:
    first = [one for one in some if one.part is Part.FIRST]
    timed = [one.seconds for one in some if one.seconds is not None]
    certified = Rate(sum(one.confirmed for one in first), len(first))
    quick = Rate(sum(one < QUICK for one in timed), len(timed))
    return Stretch(low, high, len(some), median(timed) if timed else None, certified, quick)


def _unknown(one: Look) -> Look:
    """A known case as one like the others."""
    return Look(one.at, Part.FIRST, one.confirmed, one.seconds) if one.part is Part.KNOWN else one


def _day(one: Look) -> object:
    return one.at.astimezone(SHANGHAI).date()


def _counted(viewer: str) -> ColumnElement[bool]:
    """Of a judgement: that it counts among what was decided."""
    return or_(Judgement.part != Part.KNOWN.value, Judgement.by == viewer)


def _counts(viewer: str) -> list[ColumnElement[int]]:
    """In the order of _summary()."""
    part, counts = Judgement.part, _counted(viewer)
    first = and_(counts, part != Part.SECOND.value)
    timed = and_(counts, Judgement.seconds.is_not(None))
    confirmed = Judgement.verdict == CONFIRMED
    strange, same = (and_(part == Part.KNOWN.value, Judgement.same.is_(one)) for one in (False, True))
    conditions = (
        counts,
        and_(first, confirmed),
        first,
        Judgement.agreed.is_(True),
        Judgement.agreed.is_not(None),
        and_(timed, Judgement.seconds < QUICK),
        timed,
        and_(strange, confirmed),
        strange,
        and_(same, ~confirmed),
        same,
    )
    return [func.sum(cast(case((one, 1), else_=0), Integer)) for one in conditions]


def _medians(since: datetime, viewer: str) -> Select[str, float]:
    """The median of seconds by name: the middle row, or the mean of the two in the middle."""
    place = func.row_number().over(partition_by=Judgement.by, order_by=Judgement.seconds)
    number = func.count().over(partition_by=Judgement.by)
    rows = select(Judgement.by, Judgement.seconds, place.label("place"), number.label("number"))
    timed = rows.where(Judgement.at >= since, Judgement.seconds.is_not(None), _counted(viewer)).subquery()
    middle = (timed.c.place * 2 >= timed.c.number, timed.c.place * 2 <= timed.c.number + 2)
    return select(timed.c.by, func.avg(timed.c.seconds)).where(*middle).group_by(timed.c.by)


def _summary(
    staff_id: str, name: str, region: str | None, counts: list[int], seconds: float | None, *, own: bool
) -> Summary:
    decided, *rest = counts
    certified, agreed, quick, accepted, rejected = (Rate(*rest[at : at + 2]) for at in range(0, len(rest), 2))
    if own:
        accepted = rejected = Rate()
    return Summary(staff_id, name, region, decided, seconds, certified, agreed, quick, accepted, rejected, own)
