"""The ladder's message rung: through the outbox, and passed over where no mobile takes it."""

from __future__ import annotations

from sqlalchemy import select, update

from certification import standings
from certification.ladder import climbing
from certification.runtime import Runtime
from certification.store import Climb, Contact, Period, Person
from ops import texting
from sms.sending import Sender
from tests.certification.conftest import Clock
from tests.sms.outbox.carrier import Stub
from tests.sms.outbox.conftest import MOBILE
from tests.sms.outbox.test_campaigns import Add, add, planned

__all__ = ["add"]


def climbed(rt: Runtime, person: Person, clock: Clock) -> str:
    """Puts somebody on the ladder, and on its first rung, a message; the name of the attempt."""
    with rt.sessions.begin() as session:
        period = session.scalars(select(Period).where(Period.person_id == person.id)).one()
        climbing.begin(session, rt, session.get_one(Person, person.id), period)
    clock.forward(hours=2)
    with rt.sessions.begin() as session:
        [climb] = session.scalars(select(Climb.id))
        assert climbing.climb(session, rt, climb)
    return climbing.attempt(climb, "message")


def test_the_ladders_message_is_put_into_the_outbox(
    rt: Runtime, add: Add, clock: Clock, sender: Sender, carrier: Stub
) -> None:
    asked = climbed(rt, add(1950, MOBILE), clock)
    assert [texting.send_ladder_messages(rt), texting.send_ladder_messages(rt)] == [1, 0]
    sender.batch()
    assert [to for to, *_ in carrier.sent] == [f"+86{MOBILE}"]
    assert planned(rt)[0].reminder == asked


def test_the_ladder_goes_on_where_the_mobile_takes_nothing(rt: Runtime, add: Add, clock: Clock) -> None:
    asked = climbed(rt, add(1950, MOBILE), clock)
    with rt.sessions.begin() as session:
        standings.opt_out(session, rt, f"+86{MOBILE}")
    assert (texting.send_ladder_messages(rt), planned(rt)) == (0, [])
    with rt.sessions() as session:
        assert session.scalars(select(Contact.outcome).where(Contact.ref == asked)).one() == "failed"


def test_of_a_ladder_that_was_stopped_nothing_is_written(rt: Runtime, add: Add, clock: Clock) -> None:
    climbed(rt, add(1950, MOBILE), clock)
    with rt.sessions.begin() as session:
        contact = session.scalars(select(Contact.id)).one()
        session.execute(update(Climb).values(stopped_at=rt.now()))
    assert texting.send_ladder_messages(rt) == 0
    with rt.sessions.begin() as session:
        assert not texting._send(session, rt, contact), "stopped after it was looked for"
    assert planned(rt) == []


def test_what_the_ladder_asked_for_long_ago_is_not_written_any_more(rt: Runtime, add: Add, clock: Clock) -> None:
    climbed(rt, add(1950, MOBILE), clock)
    clock.forward(hours=texting.ASKED_LATELY.days * 24)
    assert texting.send_ladder_messages(rt) == 0
