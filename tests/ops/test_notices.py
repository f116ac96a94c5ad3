"""What goes out in writing without being asked for: the receipt after a call that certified, and an appointment."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from certification import appointments, certifying, people
from certification.evidence import Kind, Strength
from certification.runtime import Runtime
from certification.store import Call, Message, Person
from ops import ended, notices
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number


@pytest.fixture
def named(rt: Runtime) -> Runtime:
    """The runtime, where a carrier is named."""
    return replace(rt, settings=replace(rt.settings, sms_providers="console"))


def certified_by(rt: Runtime, person: Person, *, refs: str = "same") -> str:
    """A call that is over and certified the person by their PIN, or where the evidence is of another one; its name."""
    with rt.sessions.begin() as session:
        call = Call(sid="CA1", from_sealed=b"-", started_at=rt.now(), touched_at=rt.now(), state={})
        call.person_id, call.ended_at, call.outcome = person.id, rt.now(), "certified"
        session.add(call)
        session.flush()
        certifying.record(
            session,
            rt,
            session.get_one(Person, person.id),
            kind=Kind.PIN,
            strength=Strength.OFFICIAL,
            source="call",
            ref=call.id if refs == "same" else refs,
            observed_at=rt.now(),
            actor="line",
        )
        return call.id


def messages(rt: Runtime) -> list[Message]:
    with rt.sessions() as session:
        return list(session.scalars(select(Message)))


def see_to(rt: Runtime, call: str) -> bool:
    with rt.sessions.begin() as session:
        return ended.see_to(session, rt, call)


def test_a_call_that_certified_is_followed_by_its_receipt_once(named: Runtime, wu: Person) -> None:
    call = certified_by(named, wu)
    assert [see_to(named, call), see_to(named, call)] == [True, False]
    [one] = messages(named)
    assert (one.reminder, one.words, one.person_id) == (f"receipt:{call}", "receipt.call", wu.id)
    with named.sessions.begin() as session:
        status = certifying.status(session, named, session.get_one(Person, wu.id))
    assert one.facts == {"receipt": status.receipt, "next_due": status.next_due.isoformat()}


@pytest.mark.parametrize("why", ["another's evidence", "no carrier", "long ago"], ids=["other", "none", "late"])
def test_no_receipt_goes_out(named: Runtime, rt: Runtime, wu: Person, clock: Clock, why: str) -> None:
    call = certified_by(named, wu, refs="of another call" if why == "another's evidence" else "same")
    clock.forward(days=2 if why == "long ago" else 0)
    assert see_to(rt if why == "no carrier" else named, call)
    assert messages(rt) == []


def test_an_appointment_is_confirmed_in_writing_once(named: Runtime, rt: Runtime) -> None:
    made = []
    with rt.sessions.begin() as session:
        for year, phone in ((1950, "13888000001"), (1951, "087165551234")):
            number = resident_number("320102", year, 5, 15)
            person = people.add(session, rt, id_number=number, name="吴", region="nanjing", phone=phone)
            free = appointments.free(session, rt, rt.regions["nanjing"])[0]
            made.append(appointments.book(session, rt, person, free.office, free.at, "clerk"))
    booked = made[0]
    assert notices.confirm_appointments(rt) == 0, "no carrier is named"
    assert [notices.confirm_appointments(named) for _ in range(2)] == [1, 0]
    [one] = messages(rt)
    assert (one.words, one.purpose) == ("appointment.booked", "appointment")
    assert (one.expires_at, one.facts["office"]) == (booked.at, booked.office)
