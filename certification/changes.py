"""What a change of a region's rules does to the people there, counted before it is taken. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certification import certifying
from certification.evidence import Closed, Sign, decide
from certification.keys import SealBroken
from certification.periods import Dates, Interval, Kept, certified, next_span, span
from certification.regions import Region
from certification.runtime import Runtime
from certification.store import Person

CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Effect:
    """How many people a change touches.

    `people` are on the roll there. `due`: the last day of whose present period is another; `next_due`: of the period
    that awaits them. `no_longer`: who count as certified now and would not; `newly`: who would and do not.
    `unreadable`: whose identity number does not open, and of whom the rest cannot be said.
    """

    people: int = 0
    due: int = 0
    next_due: int = 0
    no_longer: int = 0
    newly: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands by some rules: whether certified now, the last day of this period and of the next to do."""

    certified: bool
    due: date
    next_due: date


def on_the_roll(session: Session) -> dict[str, int]:
    """How many people there are in each region."""
    rows = session.execute(select(Person.region, func.count().label("people")).group_by(Person.region))
    return {row.region: row.people for row in rows}


def touches_periods(old: Region, new: Region) -> bool:
    """Whether the change could move anybody's period or close it."""
    return (old.interval, old.evidence) != (new.interval, new.evidence)


def effect(
    session: Session,
    rt: Runtime,
    code: str,
    old: Region,
    new: Region,
    more: Callable[[int], None],
    touched: Callable[[str, list[str]], None] = lambda _person, _how: None,
) -> Effect:
    """What the change does to those on the roll with this region's code; `more` is told how many were looked at.

    `touched` is told of everybody whom it touches, and how: the names of Effect.
    """
    total, today = Effect(), certifying.day_of(rt.now())
    born = Interval.YEAR in (old.interval, new.interval)
    for chunk in _chunks(session, code):
        ids = [person.id for person in chunk]
        kept, signs = certifying.kept(session, ids), certifying.signs(session, ids)
        for person in chunk:
            total = replace(total, people=total.people + 1)
            try:
                dates = _born(rt, person, born)
            except SealBroken:
                total = replace(total, unreadable=total.unreadable + 1)
                touched(person.id, ["unreadable"])
                continue
            before, after = (stand(one, dates, kept[person.id], signs[person.id], today) for one in (old, new))
            if how := _touched(before, after):
                touched(person.id, how)
            total = replace(total, **{name: getattr(total, name) + 1 for name in how})
        more(len(chunk))
    return total


def _touched(before: Standing, after: Standing) -> list[str]:
    """How a change touches somebody who stood so before and stands so after it."""
    found = {
        "due": before.due != after.due,
        "next_due": before.next_due != after.next_due,
        "no_longer": before.certified and not after.certified,
        "newly": after.certified and not before.certified,
    }
    return [name for name, so in found.items() if so]


def stand(region: Region, dates: Dates, kept: Sequence[Kept], signs: Sequence[Sign], day: date) -> Standing:
    """Where somebody stands by the region's rules with what is on record of them. Pure."""
    present = span(region.interval, dates, day, kept)
    closed = any(one.span == present and one.success is not None for one in kept)
    decision = decide(present, signs, region.evidence.rule)
    if not closed and isinstance(decision, Closed):
        success = decision.by.on
        present = certified(region.interval, present, success)
        others = (one for one in kept if one.opens != present.opens)
        kept, closed = [*others, Kept(present.opens, present.due, success)], True
    due = next_span(region.interval, dates, present, kept).due if closed else present.due
    return Standing(closed, present.due, due)


def _chunks(session: Session, code: str) -> Iterator[Sequence[Person]]:
    last = ""
    while True:
        mine = select(Person).where(Person.region == code, Person.id > last).order_by(Person.id).limit(CHUNK)
        chunk = session.scalars(mine).all()
        if not chunk:
            return
        yield chunk
        last = chunk[-1].id


def _born(rt: Runtime, person: Person, needed: bool) -> Dates:
    """What the person's periods are counted from; nothing is opened where birthdays do not matter."""
    if needed:
        return certifying.dates(rt, person)
    since = certifying.day_of(person.created_at)
    return Dates(born=since, since=since)
