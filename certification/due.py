"""Who of a region is certified today, who is awaited, and who is overdue: the former counted, the latter listed."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from certification import bereavement
from certification.overdue import lives_in, unresolved
from certification.store import Period, Person


def counted(region: str, today: date) -> Select[int, int]:
    """How many have a period today, and of how many it is certified."""
    present = and_(Period.person_id == Person.id, Period.opens <= today, Period.due >= today)
    return (
        select(func.count(), func.count(Period.closed_at))
        .select_from(Person)
        .join(Period, present)
        .where(Person.region == region)
    )


def overdue(session: Session, region: str, today: date) -> Select[str, date, date]:
    """Person, and first and last day of the latest of their periods that is over, where it is open; not of the dead."""
    return (
        select(Person.id, Period.opens, Period.due)
        .join(Period, Period.person_id == Person.id)
        .where(unresolved(today), lives_in(session, region), ~bereavement.found_dead())
        .order_by(Period.due, Person.id)
    )
