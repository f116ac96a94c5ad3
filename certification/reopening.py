"""A period opened again whose evidence counts no more: to its former last day, and with the ladder from today on."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from certification import certifying, journal
from certification.keys import SealBroken
from certification.ladder import climbing
from certification.periods import Interval, span
from certification.runtime import Runtime
from certification.store import ComparisonResult, Evidence, Period, Person

WHY = "taken back"
"""Why a ladder ends that begins anew."""


def open_again(session: Session, rt: Runtime, person: Person, evidence: Evidence, by: str) -> list[str]:
    """Open the periods that this evidence closed and no other does; those that are open now."""
    closed = update(Period).where(Period.closed_by == evidence.id)
    found = session.scalars(closed.values(closed_at=None, closed_by=None).returning(Period.id)).all()
    opened = list[str]()
    for identifier in found:
        period = session.get_one(Period, identifier, populate_existing=True)
        _shorten(session, rt, person, period)
        facts = {"period": period.id, "evidence": evidence.id, "due": period.due.isoformat()}
        journal.write(session, rt.now(), by, "period opened again", f"person:{person.id}", **facts)
        if not certifying.close_again(session, rt, period.id, by):
            opened.append(period.id)
            with suppress(SealBroken):  # the sweep tries again where the period is over, and says so
                climbing.begin_again(session, rt, person, period, WHY)
    return opened


def _shorten(session: Session, rt: Runtime, person: Person, period: Period) -> None:
    """Let a period end where it did before it was certified, unless another follows it already."""
    later = select(Period.id).where(Period.person_id == person.id, Period.opens > period.opens)
    if session.scalars(later.limit(1)).first() is None:
        period.due = _due_before(session, rt, person, period)
        said = ComparisonResult  # what a comparison that is taken back would let count again
        longer = (said.person_id == person.id, said.period_id == period.id, said.due > period.due)
        session.execute(update(said).where(*longer).values(due=period.due).execution_options(synchronize_session=False))
    period.due_before = None
    session.flush()


def _due_before(session: Session, rt: Runtime, person: Person, period: Period) -> date:
    """The last day of a period before it was certified; of long ago, when nobody noted it, as it would be today."""
    interval = rt.regions[person.region].interval
    if period.due_before is not None or interval is not Interval.YEAR_FROM_SUCCESS:
        return period.due_before or period.due
    before = [one for one in certifying.kept(session, [person.id])[person.id] if one.opens < period.opens]
    try:
        return span(interval, certifying.dates(rt, person), period.opens, before).due
    except SealBroken:
        return period.due
