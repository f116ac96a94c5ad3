"""Receipts and confirmations in the less usual cases: by voice, of another person, withdrawn, past, cancelled, late."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from certification import appointments, certifying, people
from certification.evidence import Kind, Strength
from certification.runtime import Runtime
from certification.store import Appointment, Assessment, Call, Evidence, Person
from ops import confirmations
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.ops.test_notices import messages, named, see_to

__all__ = ["named"]


def call_of(rt: Runtime, person: Person | None) -> str:
    """A call that is over, perhaps of nobody known."""
    with rt.sessions.begin() as session:
        call = Call(sid="CA1", from_sealed=b"-", started_at=rt.now(), touched_at=rt.now(), state={})
        call.person_id = None if person is None else person.id
        call.ended_at, call.outcome = rt.now(), "certified"
        session.add(call)
        session.flush()
        return call.id


def weighed(rt: Runtime, call: str, person: Person) -> str:
    with rt.sessions.begin() as session:
        row = {"purpose": "certify", "recordings": [], "state": "done", "asked_at": rt.now()}
        assessment = Assessment(call_id=call, person_id=person.id, **row)
        session.add(assessment)
        session.flush()
        return assessment.id


def recorded(rt: Runtime, person: Person, kind: Kind, ref: str, strength: Strength = Strength.OFFICIAL) -> None:
    with rt.sessions.begin() as session:
        one, at = session.get_one(Person, person.id), rt.now()
        known = {"kind": kind, "strength": strength, "source": "call", "actor": "line"}
        certifying.record(session, rt, one, ref=ref, observed_at=at, **known)  # type: ignore[arg-type]


def add(rt: Runtime, phone: str, region: str = "nanjing", year: int = 1950) -> Person:
    with rt.sessions.begin() as session:
        number = resident_number("320102", year, 5, 15)
        return people.add(session, rt, id_number=number, name="吴", region=region, phone=phone)


def test_a_voice_that_certified_is_followed_by_its_receipt(named: Runtime, wu: Person) -> None:
    call = call_of(named, wu)
    recorded(named, wu, Kind.VOICE, weighed(named, call, wu))
    assert see_to(named, call)
    assert [(one.words, one.person_id) for one in messages(named)] == [("receipt.call", wu.id)]


def test_whoever_was_certified_from_a_call_that_knew_nobody_hears_of_it(named: Runtime, wu: Person) -> None:
    call = call_of(named, None)
    recorded(named, wu, Kind.PIN, call)
    assert see_to(named, call)
    assert [one.person_id for one in messages(named)] == [wu.id]


@pytest.mark.parametrize("why", ["a desk", "not enough", "withdrawn", "no mobile"])
def test_no_receipt_follows(named: Runtime, wu: Person, why: str) -> None:
    person = add(named, "087165551234", "kunming") if why == "no mobile" else wu
    call = call_of(named, person)
    kind = Kind.DESK if why == "a desk" else Kind.PIN
    recorded(named, person, kind, call, Strength.POSSESSION if why == "not enough" else Strength.OFFICIAL)
    if why == "not enough":  # another sign of life closed the period
        recorded(named, person, Kind.DESK, "desk 1")
    if why == "withdrawn":
        with named.sessions.begin() as session:
            session.execute(update(Evidence).values(withdrawn_at=named.now()))
    assert see_to(named, call)
    assert messages(named) == []


def booked(rt: Runtime, person: Person) -> str:
    with rt.sessions.begin() as session:
        one = session.get_one(Person, person.id)
        free = appointments.free(session, rt, rt.regions["nanjing"])[0]
        return appointments.book(session, rt, one, free.office, free.at, "clerk").id


@pytest.mark.parametrize("why", ["cancelled", "past", "long ago"])
def test_an_appointment_is_not_confirmed(named: Runtime, why: str) -> None:
    person = add(named, "13888000001")
    identifier = booked(named, person)
    with named.sessions.begin() as session:
        row = session.get_one(Appointment, identifier)
        if why == "cancelled":
            appointments.cancel(session, named, session.get_one(Person, person.id), "clerk")
        elif why == "past":
            row.at = named.now() - timedelta(hours=1)
        else:
            row.booked_at = named.now() - confirmations.LATELY
    assert confirmations.write_of_appointments(named) == 0
    assert messages(named) == []


def test_one_called_off_after_it_was_looked_for_is_not_confirmed(named: Runtime) -> None:
    person = add(named, "13888000001")
    identifier = booked(named, person)
    with named.sessions.begin() as session:
        appointments.cancel(session, named, session.get_one(Person, person.id), "clerk")
        assert not confirmations._confirm(session, named, identifier)
    assert messages(named) == []


class Stumbling:
    """A clock that fails once, when it is looked at for a confirmation."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.asked = clock, 0

    def __call__(self) -> datetime:
        self.asked += 1
        if self.asked == 6:  # after the five with which the search begins
            raise RuntimeError("a mistake in the program")
        return self.clock()


def test_one_confirmation_that_fails_holds_up_no_other(
    named: Runtime, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for year, phone in ((1950, "13888000001"), (1951, "13888000002")):
        booked(named, add(named, phone, year=year))
    assert confirmations.write_of_appointments(replace(named, now=Stumbling(clock))) == 1
    assert len(messages(named)) == 1
    assert "passed over" in caplog.text
    assert confirmations.write_of_appointments(named) == 1, "the next sweep sees to it"
