"""People of Kunming who write to the line, and what is on record of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import (
    certifying,
    people,
    pins,
    replycodes,
)
from certification.evidence import Kind, Strength
from certification.runtime import Runtime
from certification.store import Case, Evidence, Person
from sms import outbox
from sms.outbox import Purpose
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.conversations.texter import Texter

PIN, HERS = "295038", "740286"
WU, WIFE, DAUGHTER, STRANGER = "+8613888000001", "+8613888000002", "+8613988000009", "+8613700000000"
LANDLINE = "0871-65123456"
Writes = Callable[..., Texter]


@pytest.fixture
def writes(rt: Runtime, clock: Clock) -> Writes:
    """A telephone that writes; Mr Wu's, when not said whose."""
    return lambda number=WU: Texter(rt, clock, number)


@pytest.fixture
def wu(rt: Runtime) -> Person:
    """Mr Wu of Kunming, seen at a desk in the year before, so that a PIN is enough; with one."""
    return resident(rt, pin=PIN)


def resident(rt: Runtime, order: int = 1, phone: str = WU, pin: str | None = None, **more: str) -> Person:
    """Somebody of Kunming, seen at a desk in the quarter before this one."""
    number = resident_number("530102", 1950, 5, 15, order)
    with rt.sessions.begin() as session:
        person = people.add(
            session, rt, id_number=number, name="吴先生", region=more.pop("region", "kunming"), phone=phone, **more
        )
        if pin is not None:
            pins.set_pin(session, rt, person, pin, "clerk")
        before = certifying.current_period(session, rt, person).opens
        seen = rt.now().replace(year=before.year - 1, month=12, day=1)
        put_on_record(session, rt, person, "before", at=seen)
    return person


def put_on_record(session: Session, rt: Runtime, person: Person, ref: str, at: object = None) -> None:
    """A clerk sees the person."""
    desk = {"kind": Kind.DESK, "strength": Strength.OFFICIAL, "source": "desk", "actor": "clerk"}
    certifying.record(session, rt, person, ref=f"{ref}:{person.id}", observed_at=at or rt.now(), **desk)  # type: ignore[arg-type]


def code_for(rt: Runtime, person: Person, number: str = WU) -> str:
    """A reminder with a one-time code."""
    with rt.sessions.begin() as session:
        one = session.get_one(Person, person.id)
        reminder = {"reminder": f"test:{person.id}", "purpose": Purpose.REMINDER, "words": "reminder.code"}
        message = outbox.put(session, rt, person=one, **reminder)  # type: ignore[arg-type]
        drawn = replycodes.draw(session, rt, [(message, number)])[message.id]
        replycodes.keep(session, rt, [drawn])
        return drawn.code


def evidence(rt: Runtime, person: Person) -> list[tuple[str, int]]:
    """Kind and strength of what came by text."""
    with rt.sessions() as session:
        mine = select(Evidence).where(Evidence.person_id == person.id, Evidence.source == "sms")
        return [(one.kind, one.strength) for one in session.scalars(mine.order_by(Evidence.recorded_at))]


def opened(rt: Runtime) -> list[tuple[str, str | None]]:
    """The cases there are, and about whom."""
    with rt.sessions() as session:
        return [(one.kind, one.person_id) for one in session.scalars(select(Case).order_by(Case.opened_at))]


def closed(rt: Runtime, person: Person) -> bool:
    with rt.sessions() as session:
        return certifying.status(session, rt, session.get_one(Person, person.id)).closed
