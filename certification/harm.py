"""Who goes before others because waiting harms them more: the old, and whom a circumstance makes so in their region."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certification import people
from certification.keys import SealBroken
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.store import Attempt, Need, Person

FAILURES = "failures"
LATELY = timedelta(days=365)


def goes_first(
    *, age: int | None, needs: Collection[str], failures: int, first_age: int, first: Collection[str]
) -> bool:
    """Whether somebody comes before others: by age, by what they declared, or because they failed before. Pure.

    `first`: what the region counts: needs by their names, and FAILURES.
    """
    old = age is not None and age >= first_age
    return old or not set(needs).isdisjoint(first) or (failures > 0 and FAILURES in first)


def first(session: Session, rt: Runtime, person: Person) -> bool:
    """Whether the person comes before others now; of one whose number does not open no age is known."""
    plan = rt.regions[person.region].ladder
    needs = session.scalars(select(Need.need).where(Need.person_id == person.id)).all()
    return goes_first(
        age=age(rt, person),
        needs=needs,
        failures=failures(session, rt, person),
        first_age=plan.first_age,
        first=plan.first,
    )


def age(rt: Runtime, person: Person) -> int | None:
    """How old somebody is, in whole years; None where their number does not open."""
    try:
        return years(rt, people.number_of(rt.keys, person).birth_date)
    except SealBroken:
        return None


def years(rt: Runtime, born: date) -> int:
    """How many whole years ago that day was."""
    today = rt.now().astimezone(SHANGHAI).date()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def failures(session: Session, rt: Runtime, person: Person) -> int:
    """How often somebody tried to certify within a year, and did not succeed."""
    failed = select(func.count()).select_from(Attempt).where(Attempt.person_id == person.id)
    return session.scalars(failed.where(Attempt.at > rt.now() - LATELY)).one()
