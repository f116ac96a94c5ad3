"""Sees to it that everybody has the period on record in which today lies, those too of whom nothing is ever heard."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session, aliased

from certification import bereavement, journal, seals
from certification.certifying import day_of
from certification.identity import ResidentNumber
from certification.keys import SealBroken
from certification.periods import Dates, Interval, Kept, Span, span
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.store import (
    Evidence,
    Opening,
    Period,
    Person,
    give_way,
    insert_into,
    insert_once,
    new_id,
    only_read,
)

logger = logging.getLogger(__name__)

SLICE = 20_000  # people
_ONLY = 1
_TRIES = 5
_AT_ONCE = text(
    "INSERT INTO periods (id, person_id, opens, due) SELECT * FROM unnest(CAST(:id AS varchar[]), "
    "CAST(:person_id AS varchar[]), CAST(:opens AS date[]), CAST(:due AS date[])) ON CONFLICT DO NOTHING"
)
_NOBODYS = date(1900, 1, 1)
"""Stands for a day that a span does not hang on; for a birthday too: to open the seals of millions takes minutes."""


def go_on(rt: Runtime) -> int:
    """Open the next slice of the periods that today lies in; how many. Once a day everybody is gone through.

    When that is done, this reads one row. Raises OperationalError or IntegrityError when a slice is to be tried again:
    it gave way to a call, or somebody was erased meanwhile.
    """
    day = day_of(rt.now())
    with rt.sessions() as session:
        only_read(session)
        before = session.get(Opening, _ONLY)
        if before is not None and before.on == day and before.done_at is not None:
            return 0
        after = before.seen_to if before is not None and before.on == day else ""
        found = _spans(session, rt, day, after)
    with rt.sessions.begin() as session:
        give_way(session)
        _note(session, rt, before, day, found)
        return _put(session, found)


def open_all(
    rt: Runtime,
    region: str,
    progress: Callable[[int], object] = lambda _: None,
    size: int = SLICE,
    *,
    on: date | None = None,
) -> int:
    """Open the period of today for everybody of a region who has none; how many. `progress` is told of each slice.

    Each slice is a transaction of its own: killed and called again, it goes on. `on`: an earlier day, which the periods
    are to lie about instead; whoever came on the roll after it is passed over, for they could only be late.
    """
    day, after, opened, tries = on or day_of(rt.now()), "", 0, 0
    while True:
        with rt.sessions() as session:
            only_read(session)
            found = _spans(session, rt, day, after, region, size, came_by=on)
        if not found:
            return opened
        try:
            with rt.sessions.begin() as session:
                give_way(session)
                some = _put(session, found)
        except (OperationalError, IntegrityError):
            tries += 1
            if tries == _TRIES:
                raise
            continue
        after, tries, opened = max(found), 0, opened + some
        progress(some)


def _note(session: Session, rt: Runtime, before: Opening | None, day: date, found: dict[str, Span | None]) -> None:
    """Note how far this day's round has come; another sweep may have noted it first."""
    begun = before is None or before.on != day
    opened = sum(one is not None for one in found.values()) + (0 if before is None or begun else before.opened)
    now = {
        "on": day,
        "seen_to": max(found, default=""),
        "opened": opened,
        "done_at": None if found else rt.now(),
    }
    if before is None:
        noted = insert_once(session, Opening, id=_ONLY, **now)
    else:
        unmoved = update(Opening).where(
            Opening.id == _ONLY,
            Opening.on == before.on,
            Opening.seen_to == before.seen_to,
            Opening.done_at == before.done_at,
        )
        noted = session.scalar(unmoved.values(**now).returning(Opening.id)) is not None
    if noted and not found and opened:  # nothing is opened in this transaction: no call waits for the journal meanwhile
        journal.write(session, rt.now(), "schedule", "periods opened", "periods", day=day.isoformat(), opened=opened)


def _put(session: Session, found: dict[str, Span | None]) -> int:
    """Put these periods on record, where nobody did meanwhile."""
    spans = {person: one for person, one in found.items() if one is not None}
    if not spans:
        return 0
    ids = sorted(new_id() for _ in spans)  # in order, so that the index is written page by page
    columns = [ids, list(spans), [one.opens for one in spans.values()], [one.due for one in spans.values()]]
    names = ("id", "person_id", "opens", "due")
    if session.get_bind().dialect.name == "postgresql":  # row by row it takes ten times as long
        session.execute(_AT_ONCE, dict(zip(names, columns, strict=True)))
    else:
        rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        session.connection().execute(insert_into(session, Period).on_conflict_do_nothing(), rows)
    return len(spans)


def _spans(
    session: Session,
    rt: Runtime,
    day: date,
    after: str,
    region: str | None = None,
    size: int = SLICE,
    *,
    came_by: date | None = None,
) -> dict[str, Span | None]:
    """Of the next people after one who have no period in which `day` lies, its span as current_period() would make it.

    None for somebody whose seal is broken, and who is passed over.
    """
    reckoned = cache(span)
    found: dict[str, Span | None] = {}
    for row in session.execute(_without(day, after, region, size, came_by)):
        interval = rt.regions[row.region].interval
        before = () if row.opens is None else (Kept(row.opens, row.due, row.at and day_of(row.at)),)
        following = () if row.next is None else (Kept(row.next, row.next),)  # only its first day matters
        try:
            born = _born(rt, row) if interval is Interval.YEAR else _NOBODYS
        except SealBroken:
            logger.exception("the period of %s is not opened", row.id)
            found[row.id] = None
            continue
        found[row.id] = reckoned(interval, Dates(born, _since(row)), day, before + following)
    return found


def _born(rt: Runtime, row: Any) -> date:
    return ResidentNumber.parse(rt.keys.open(row.number_sealed, seals.number(row.id)).decode()).birth_date


def _since(row: Any) -> date:
    return day_of(row.created_at) if row.opens is None else _NOBODYS


def _without(day: date, after: str, region: str | None, size: int, came_by: date | None) -> Select[Any]:
    """People without a period of this day, with the last before it and the first after: all that a span hangs on."""
    before, other = aliased(Period), aliased(Period)
    latest = select(func.max(other.opens)).where(other.person_id == Person.id, other.opens <= day)
    later = select(func.min(other.opens)).where(other.person_id == Person.id, other.opens > day)
    columns: tuple[Any, ...] = (
        Person.id,
        Person.region,
        Person.created_at,
        Person.number_sealed,
        before.opens,
        before.due,
    )
    without = (
        select(*columns, Evidence.observed_at.label("at"), later.scalar_subquery().label("next"))
        .select_from(Person)
        .outerjoin(before, and_(before.person_id == Person.id, before.opens == latest.scalar_subquery()))
        .outerjoin(Evidence, before.closed_by == Evidence.id)
        .where(Person.id > after, or_(before.id.is_(None), before.due < day), ~bereavement.found_dead())
    )
    if region is not None:
        without = without.where(Person.region == region)
    if came_by is not None:
        without = without.where(Person.created_at < datetime.combine(came_by + timedelta(days=1), time.min, SHANGHAI))
    return without.order_by(Person.id).limit(size)
