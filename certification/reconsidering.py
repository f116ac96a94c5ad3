"""Periods looked at again once a region's rules ask for less: those are closed for which enough is on record."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import bereavement, certifying, journal, people
from certification.evidence import Closed, decide
from certification.keys import SealBroken
from certification.periods import Span
from certification.runtime import Runtime
from certification.store import Evidence, Period, Person, only_read

logger = logging.getLogger(__name__)

SLICE = 1000  # periods


@dataclass(frozen=True, slots=True)
class Reconsidered:
    """How many open periods were looked at, how many were closed, and of how many people the record does not open."""

    looked_at: int = 0
    closed: int = 0
    unreadable: int = 0


def close(
    rt: Runtime, region: str, by: str, more: Callable[[int], object] = lambda _: None, size: int = SLICE
) -> Reconsidered:
    """Close the present periods of a region's people for which what is on record suffices by its rules of today.

    Each in a transaction of its own: killed and called again, it goes on with those that are left. `more` is told how
    many were looked at. It is for a human to ask for, and no duty of the sweep: see decision 22.
    """
    last, looked_at, closed, unreadable = "", 0, 0, 0
    while True:
        with rt.sessions() as session:
            only_read(session)
            found = _open(session, region, certifying.day_of(rt.now()), last, size)
            enough = _sufficing(session, rt, region, found)
        if not found:
            break
        for period_id in enough:
            try:
                with rt.sessions.begin() as session:
                    closed += _close(session, rt, period_id, by)
            except SealBroken:
                logger.exception("period %s is not looked at again", period_id)
                unreadable += 1
        last, looked_at = max(found), looked_at + len(found)
        more(len(found))
    with rt.sessions.begin() as session:
        facts = {"looked_at": looked_at, "closed": closed, "unreadable": unreadable}
        journal.write(session, rt.now(), by, "periods reconsidered", f"region:{region}", **facts)
    return Reconsidered(looked_at, closed, unreadable)


def _open(session: Session, region: str, today: date, after: str, size: int) -> dict[str, Period]:
    """The next people's present periods that are open, by person; nobody's who was found to have died."""
    present = (Period.opens <= today, Period.due >= today, Period.closed_at.is_(None))
    theirs = select(Period).join(Person, Person.id == Period.person_id).where(Person.region == region, *present)
    found = theirs.where(Person.id > after, ~bereavement.found_dead()).order_by(Person.id).limit(size)
    return {one.person_id: one for one in session.scalars(found)}


def _sufficing(session: Session, rt: Runtime, region: str, found: dict[str, Period]) -> list[str]:
    """Those of these periods that something on record closes."""
    rule, signs = rt.regions[region].evidence.rule, certifying.signs(session, list(found))
    return [
        one.id
        for person_id, one in found.items()
        if isinstance(decide(Span(one.opens, one.due), signs[person_id], rule), Closed)
    ]


def _close(session: Session, rt: Runtime, period_id: str, by: str) -> bool:
    period = session.get(Period, period_id)
    if period is None or people.hold(session, period.person_id) is None:  # erased meanwhile
        return False
    session.refresh(period)  # whoever takes a sign of life back holds the person, too
    counts = select(Evidence.id).where(Evidence.person_id == period.person_id, Evidence.withdrawn_at.is_(None))
    session.execute(counts.with_for_update(read=True))  # but a comparison that is undone holds what it takes back alone
    return period.closed_at is None and certifying.close_again(session, rt, period_id, by)
