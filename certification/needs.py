"""What a person declared once and need not say again: no mobile, cannot speak, hard of hearing, alone, ill, poor."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from certification import cases, journal
from certification.runtime import Runtime
from certification.store import Need, Person, insert_once


class Declared(StrEnum):
    """What can be declared."""

    NO_MOBILE = "no_mobile"
    CANNOT_SPEAK = "cannot_speak"
    HARD_OF_HEARING = "hard_of_hearing"
    ALONE = "alone"
    ILLNESS = "illness"
    SOLE_INCOME = "sole_income"  # they live on this pension alone


def declare(session: Session, rt: Runtime, person: Person, need: Declared, by: str) -> bool:
    """Put a need on record; False when it is there already."""
    row = {"person_id": person.id, "need": need.value, "declared_by": by, "declared_at": rt.now()}
    if not insert_once(session, Need, **row):
        return False
    cases.rank_again(session, rt, person)
    journal.write(session, rt.now(), by, "need declared", f"person:{person.id}", need=need.value)
    return True


def withdraw(session: Session, rt: Runtime, person: Person, need: Declared, by: str) -> bool:
    """Take a need off the record; False when it is not there."""
    mine = delete(Need).where(Need.person_id == person.id, Need.need == need.value).returning(Need.need)
    if session.scalar(mine) is None:
        return False
    cases.rank_again(session, rt, person)
    journal.write(session, rt.now(), by, "need withdrawn", f"person:{person.id}", need=need.value)
    return True


def of(session: Session, person_id: str) -> frozenset[Declared]:
    """What the person declared."""
    return frozenset(map(Declared, session.scalars(select(Need.need).where(Need.person_id == person_id))))
