"""Whose period is over and not certified: conditions for queries of periods, shared by ladder and suspensions."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import aliased

from certification.store import Period


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
            or_(same_or_later.due >= Period.due, same_or_later.opens >= Period.opens),
            same_or_later.closed_at.is_not(None),
        )
        .exists()
    )
