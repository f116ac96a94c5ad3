"""What is looked at when a message is sent: night, wishes, numbers, certified since, and how often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from certification import bereavement, certifying, standings
from certification.evidence import Kind, Strength
from certification.runtime import Runtime
from certification.store import Person
from sms.outbox import Purpose
from sms.sending import Sender
from tests.certification.conftest import Clock
from tests.sms.outbox.carrier import Stub
from tests.sms.outbox.conftest import MOBILE, Put, state

WORDS = ("reminder.pin", "reminder.call", "reminder.last")
E164 = f"+86{MOBILE}"


def test_at_night_reminders_wait_and_answers_do_not(
    rt: Runtime, sender: Sender, carrier: Stub, put: Put, clock: Clock
) -> None:
    clock.at = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)  # eleven at night in Kunming
    reminder, answer = put("reminder:1", Purpose.REMINDER), put()
    sender.batch()
    assert [key for *_, key in carrier.sent] == [answer]
    waiting = state(rt, reminder)
    assert (waiting.state, waiting.tries) == ("queued", 0)
    clock.at = waiting.not_before
    sender.batch()
    assert len(carrier.sent) == 2


def test_a_number_that_wants_no_reminders_gets_answers(rt: Runtime, sender: Sender, carrier: Stub, put: Put) -> None:
    with rt.sessions.begin() as session:
        standings.opt_out(session, rt, E164)
    reminder, answer = put("reminder:1", Purpose.REMINDER), put()
    sender.batch()
    assert [key for *_, key in carrier.sent] == [answer]
    assert (state(rt, reminder).state, state(rt, reminder).why) == ("dropped", "opted out")


def test_whoever_certified_meanwhile_is_not_reminded(
    rt: Runtime, sender: Sender, carrier: Stub, put: Put, wu: Person
) -> None:
    about = put("reminder:1", Purpose.REMINDER)
    with rt.sessions.begin() as session:
        person = session.get_one(Person, wu.id)
        certifying.record(
            session,
            rt,
            person,
            kind=Kind.DESK,
            strength=Strength.OFFICIAL,
            source="desk",
            ref="desk 1",
            observed_at=rt.now(),
            actor="clerk",
        )
    sender.batch()
    assert (state(rt, about).state, state(rt, about).why, carrier.sent) == ("dropped", "certified", [])


@pytest.mark.parametrize(("days", "state_"), [(21, "sent"), (22, "dropped")], ids=["the last day", "the day after"])
def test_of_a_period_that_is_over_nobody_is_reminded(
    rt: Runtime, sender: Sender, put: Put, clock: Clock, days: int, state_: str
) -> None:
    about = put("reminder:1", Purpose.REMINDER, words="reminder.last")
    clock.forward(hours=24 * days)
    sender.batch()
    assert (state(rt, about).state, state(rt, about).why) == (state_, None if state_ == "sent" else "late")


def test_a_reported_death_stops_reminders(rt: Runtime, sender: Sender, carrier: Stub, put: Put, wu: Person) -> None:
    about = put("reminder:1", Purpose.REMINDER)
    with rt.sessions.begin() as session:
        bereavement.report(session, rt, session.get_one(Person, wu.id), source="text", ref="1", by="text", detail={})
    sender.batch()
    assert (state(rt, about).state, state(rt, about).why, carrier.sent) == ("dropped", "bereavement", [])


def test_no_more_than_so_many_a_day(rt: Runtime, sender: Sender, carrier: Stub, put: Put, clock: Clock) -> None:
    ids = [put(f"reminder:{n}", Purpose.REMINDER, words=words) for n, words in enumerate(WORDS)]
    for _ in ids:
        sender.batch(1)
    assert len(carrier.sent) == rt.regions["kunming"].reminders.max_a_day == 2
    [waiting] = [one for one in (state(rt, identifier) for identifier in ids) if one.state == "queued"]
    assert (waiting.not_before - clock.at, waiting.tries) == (timedelta(hours=23), 0)
    clock.at = waiting.not_before
    sender.batch()
    assert len(carrier.sent) == 3


def test_the_same_text_goes_twice_a_day_and_not_three_times(
    rt: Runtime, sender: Sender, carrier: Stub, put: Put, clock: Clock
) -> None:
    ids = [put(f"answer:{n}") for n in range(3)]
    for _ in range(3):
        sender.batch(1)
    assert sorted(state(rt, one).state for one in ids) == ["dropped", "sent", "sent"]
    clock.forward(days=1, minutes=1)
    put("answer:tomorrow")
    sender.batch()
    assert len(carrier.sent) == 3


def test_one_that_cannot_be_made_keeps_no_other_waiting(rt: Runtime, sender: Sender, carrier: Stub, put: Put) -> None:
    broken = put("answer:0", words="there is no such sentence")
    good = put("answer:1")
    sender.batch()
    assert (state(rt, broken).state, [key for *_, key in carrier.sent]) == ("dropped", [good])
