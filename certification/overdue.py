"""Whose period is over and not certified: conditions shared by the queries of ladder, reminders and suspensions."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from certification.store import Period, Person


def unresolved(today: date) -> ColumnElement[bool]:
    """Whether this is the person's latest period that is over, and it is open."""
    later = aliased(Period)
    overtaken = select(later.id).where(
        later.person_id == Period.person_id,
        later.due > Period.due,
        or_(later.closed_at.is_not(None), later.due < today),
    )
    return and_(Period.closed_at.is_(None), Period.due < today, ~overtaken.exists())


def certified() -> ColumnElement[bool]:
    """Whether this period, or one that ends or opens later, is closed, by whatever evidence."""
    same_or_later = aliased(Period)
    return (
        select(same_or_later.id)
        .where(
            same_or_later.person_id == Period.person_id,
            # as OR, SQLite would look in two indexes and bring together what it finds
            ~and_(same_or_later.due < Period.due, same_or_later.opens < Period.opens),
            same_or_later.closed_at.is_not(None),
        )
        .exists()
    )


def lives_in(session: Session, region: str) -> ColumnElement[bool]:
    """In a query of people by their periods: who lives in this region. It never begins with the whole region on SQLite.

    PostgreSQL counts what is the better beginning.
    """
    postgresql = session.get_bind().dialect.name == "postgresql"
    return (Person.region if postgresql else func.coalesce(Person.region, "")) == region
