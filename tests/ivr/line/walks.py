"""The way of a caller up to the words, and what tests ask about afterwards."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from certification import certifying, people
from certification.evidence import Kind, Strength
from certification.runtime import Runtime
from certification.store import Case, Person
from tests.ivr.line.telephone import Telephone

NIGHT = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)


def tail(rt: Runtime, person: Person) -> str:
    return people.number_of(rt.keys, person).tail.replace("X", "*")


def whole(rt: Runtime, person: Person) -> str:
    return people.number_of(rt.keys, person).text.replace("X", "*")


def certifying_call(phone: Telephone, rt: Runtime, person: Person) -> Telephone:
    """A first call, up to the first group of words."""
    phone.dial().press("1").says("认证").press(tail(rt, person))
    return phone


def cases(rt: Runtime) -> dict[str, Case]:
    with rt.sessions() as session:
        return {case.kind: case for case in session.scalars(select(Case))}


def record(rt: Runtime, person: Person, kind: Kind, strength: Strength) -> str:
    """Put a sign of life on record; its receipt number."""
    with rt.sessions.begin() as session:
        recorded = certifying.record(
            session,
            rt,
            session.get_one(Person, person.id),
            kind=kind,
            strength=strength,
            source="test",
            ref=kind.value,
            observed_at=rt.now(),
            actor="clerk",
        )
        return recorded.evidence.receipt
