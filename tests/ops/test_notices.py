"""What goes out in writing without being asked for: the receipt after a call that certified, and appointments."""

from __future__ import annotations

from dataclasses import replace

import pytest
from redis import Redis
from sqlalchemy import select

from certification import appointments, certifying, people, standings
from certification.evidence import Kind, Strength
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.store import Appointment, Call, Message, Person
from ops import confirmations, ended
from sms.pace import Pace, Tally
from sms.sending import Sender
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.sms.outbox.carrier import Stub
from tests.sms.outbox.conftest import MOBILE, redis, redis_url

__all__ = ["redis", "redis_url"]


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
        return list(session.scalars(select(Message).order_by(Message.not_before, Message.purpose)))


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


def test_stopping_reminders_stops_no_receipt_and_no_appointment(named: Runtime, wu: Person, li: Person) -> None:
    with named.sessions.begin() as session:
        standings.opt_out(session, named, f"+86{MOBILE}")
    book(named, li)
    assert see_to(named, certified_by(named, wu))
    assert confirmations.write_of_appointments(named) == 1
    assert sorted(one.words for one in messages(named)) == ["appointment.booked", "receipt.call"]


@pytest.mark.parametrize("why", ["another's evidence", "no carrier", "long ago"], ids=["other", "none", "late"])
def test_no_receipt_goes_out(named: Runtime, rt: Runtime, wu: Person, clock: Clock, why: str) -> None:
    call = certified_by(named, wu, refs="of another call" if why == "another's evidence" else "same")
    clock.forward(days=2 if why == "long ago" else 0)
    assert see_to(rt if why == "no carrier" else named, call)
    assert messages(rt) == []


def resident(rt: Runtime, year: int, phone: str) -> Person:
    """Somebody of Nanjing."""
    with rt.sessions.begin() as session:
        number = resident_number("320102", year, 5, 15)
        return people.add(session, rt, id_number=number, name="吴", region="nanjing", phone=phone)


@pytest.fixture
def li(rt: Runtime) -> Person:
    """Somebody with a mobile, where appointments are taken."""
    return resident(rt, 1950, MOBILE)


def book(rt: Runtime, person: Person, free: int = 0, move: bool = False) -> Appointment:
    """Book one of the free times, or move what is booked there."""
    with rt.sessions.begin() as session:
        time = appointments.free(session, rt, rt.regions["nanjing"])[free]
        deed = appointments.move if move else appointments.book
        return deed(session, rt, session.get_one(Person, person.id), time.office, time.at, "clerk")


def call_off(rt: Runtime, person: Person) -> Appointment:
    with rt.sessions.begin() as session:
        return appointments.cancel(session, rt, session.get_one(Person, person.id), "clerk")


def written(rt: Runtime) -> list[str]:
    """What was written of appointments, in order."""
    confirmations.write_of_appointments(rt)
    return [one.words.removeprefix("appointment.") for one in messages(rt)]


def test_an_appointment_is_confirmed_in_writing_once(named: Runtime, rt: Runtime, li: Person) -> None:
    booked = book(rt, li)
    book(rt, resident(rt, 1951, "087165551234"))
    assert confirmations.write_of_appointments(rt) == 0, "no carrier is named"
    assert [confirmations.write_of_appointments(named) for _ in range(2)] == [1, 0]
    [one] = messages(rt)
    assert (one.words, one.purpose) == ("appointment.booked", "appointment")
    assert (one.expires_at, one.facts["office"]) == (booked.at, booked.office)


def test_one_that_is_called_off_is_said_to_be_so_once(named: Runtime, li: Person, clock: Clock) -> None:
    book(named, li, free=20)
    assert written(named) == ["booked"]
    clock.forward(hours=1)
    off = call_off(named, li)
    assert written(named) == ["booked"], "another may be booked in its place at once"
    clock.forward(minutes=10)
    assert written(named) == written(named) == ["booked", "cancelled"]
    [_, told] = messages(named)
    assert (told.facts["at"], told.expires_at) == (off.at.isoformat(), off.at)


@pytest.mark.parametrize("on_the_line", [True, False], ids=["called off, then booked", "moved"])
def test_one_that_is_moved_is_said_to_be_so_once(named: Runtime, li: Person, clock: Clock, on_the_line: bool) -> None:
    book(named, li)
    written(named)
    clock.forward(minutes=5)
    if on_the_line:
        call_off(named, li)
        clock.forward(minutes=2)
    moved = book(named, li, free=5, move=not on_the_line)
    assert written(named) == written(named) == ["booked", "moved"]
    clock.forward(hours=1)
    assert written(named) == ["booked", "moved"], "nothing of the one that it was"
    [_, told] = messages(named)
    assert (told.facts["at"], told.facts["office"]) == (moved.at.isoformat(), moved.office)


def test_another_much_later_is_a_new_one(named: Runtime, li: Person, clock: Clock) -> None:
    book(named, li, free=20)
    written(named)
    call_off(named, li)
    clock.forward(minutes=11)
    written(named)
    book(named, li, free=20)
    assert written(named) == ["booked", "cancelled", "booked"]


@pytest.mark.parametrize(("free", "hours"), [(0, 1), (-1, 25)], ids=["its time is over", "long ago"])
def test_nothing_is_written_any_more(named: Runtime, li: Person, clock: Clock, free: int, hours: int) -> None:
    book(named, li, free)
    call_off(named, li)
    clock.forward(hours=hours)
    assert written(named) == []


def test_a_confirmation_that_a_night_held_back_is_not_sent_of_one_called_off(
    named: Runtime, li: Person, clock: Clock, redis: Redis
) -> None:
    carrier = Stub()
    sender = Sender(named, {"stub": (carrier, 1)}, Pace(redis, 1000), Tally(redis))
    clock.forward(hours=11)  # nine in the evening
    book(named, li, free=20)
    written(named)
    assert (sender.batch(), carrier.sent) == (1, [])
    call_off(named, li)
    clock.forward(hours=12)
    assert written(named) == ["booked", "cancelled"]
    sender.batch()
    [(to, said, _)] = carrier.sent
    assert (to, "取消" in said) == (f"+86{MOBILE}", True)
    assert sorted((one.state, one.why) for one in messages(named)) == [("dropped", "called off"), ("sent", None)]


def test_a_moved_time_is_sent_with_its_office_and_hour(named: Runtime, li: Person, clock: Clock, redis: Redis) -> None:
    carrier = Stub()
    book(named, li)
    moved = book(named, li, free=5, move=True)
    written(named)
    Sender(named, {"stub": (carrier, 1)}, Pace(redis, 1000), Tally(redis)).batch()
    [(_, said, _)] = carrier.sent
    assert f"预约改好了：{moved.at.astimezone(SHANGHAI):%-m月%-d日%H:%M}，{moved.office}" in said
