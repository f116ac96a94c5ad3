"""Whom to remind today: whose period is open, not certified, and over in so many days as the region says."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from certification import bereavement
from certification.needs import Declared
from certification.overdue import certified, lives_in
from certification.phones import PhoneKind
from certification.regions import Region
from certification.store import Need, Period, Person, Phone


def to_remind(session: Session, region: Region, today: date) -> Select[str, str, date, bool]:
    """Person, period, its last day, and whether they have a mobile of their own."""
    days = [today + timedelta(days=before) for before in region.reminders.days_before]
    return (
        select(Person.id, Period.id, Period.due, mobile().label("mobile"))
        .join(Period, Period.person_id == Person.id)
        .where(Period.closed_at.is_(None), Period.due.in_(days), Period.opens <= today)
        .where(lives_in(session, region.code), ~certified(), ~bereavement.reported())
    )


def planned(session: Session, region: Region, today: date) -> dict[int, tuple[int, int]]:
    """How many are to be reminded today, with a mobile of their own and without, by the days that are left to them."""
    found = to_remind(session, region, today).subquery()
    rows = select(found.c.due, found.c.mobile, func.count()).group_by(found.c.due, found.c.mobile)
    counts = {(due, bool(mobile)): number for due, mobile, number in session.execute(rows)}
    days = {before: today + timedelta(days=before) for before in sorted(region.reminders.days_before, reverse=True)}
    return {before: (counts.get((day, True), 0), counts.get((day, False), 0)) for before, day in days.items()}


def mobile(person: ColumnElement[str] | InstrumentedAttribute[str] = Person.id) -> ColumnElement[bool]:
    """In a query of people: whether they have a mobile of their own, and have not said that they have none."""
    own = select(Phone.id).where(
        Phone.person_id == person, Phone.holder == "self", Phone.kind != PhoneKind.LANDLINE.value
    )
    none = select(Need.need).where(Need.person_id == person, Need.need == Declared.NO_MOBILE.value)
    return and_(own.exists(), ~none.exists())
