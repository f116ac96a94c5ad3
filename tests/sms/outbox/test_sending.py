"""Each message is sent once: by one sender, after its commit, and never again while nobody knows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from certification import forgetting, standings
from certification.contacts import Channel
from certification.runtime import Runtime
from certification.store import Contact, Message, Person
from sms import outbox, sending
from sms.outbox import Purpose, Told
from sms.providers import Accepted, Answer, Refused, Unclear
from sms.sending import Sender
from tests.certification.conftest import Clock
from tests.certification.reached import really_tried
from tests.sms.outbox.carrier import Stub
from tests.sms.outbox.conftest import MOBILE, Put, state

WORDS = ("reminder.pin", "reminder.call", "reminder.last")
E164 = f"+86{MOBILE}"


def told(rt: Runtime, ref: str, outcome: Told, code: str | None = None) -> bool:
    with rt.sessions.begin() as session:
        return outbox.told(session, rt, "stub", ref, outcome, code)


def outcome(rt: Runtime, ref: str) -> str | None:
    with rt.sessions() as session:
        return session.scalars(select(Contact.outcome).where(Contact.channel == "sms", Contact.ref == ref)).first()


def test_a_message_is_put_once_and_sent_once(rt: Runtime, sender: Sender, carrier: Stub, put: Put) -> None:
    first = put()
    assert put() == first
    assert sender.batch() == 1
    assert sender.batch() == 0
    assert [(to, key) for to, _, key in carrier.sent] == [(E164, first)]
    sent = state(rt, first)
    assert (sent.state, sent.provider, sent.provider_ref) == ("sent", "stub", f"SM{first}")


def test_answers_go_before_campaigns(sender: Sender, carrier: Stub, put: Put) -> None:
    late = put("reminder:1", Purpose.REMINDER)
    soon = put("answer:1")
    sender.batch(1)
    sender.batch(1)
    assert [key for *_, key in carrier.sent] == [soon, late]


def test_two_senders_share_what_waits(rt: Runtime, sender: Sender, carrier: Stub, put: Put) -> None:
    ids = {put(f"answer:{n}", words="answer.wrong", facts={"left": n}) for n in range(40)}
    with ThreadPoolExecutor(4) as hands:
        list(hands.map(lambda _: sender.batch(7), range(12)))
    assert sorted(key for *_, key in carrier.sent) == sorted(ids)


def test_the_commit_comes_before_the_carrier(rt: Runtime, sender: Sender, carrier: Stub, put: Put) -> None:
    class Looking(Stub):
        def send(self, to: str, text: str, key: str) -> Answer:
            seen.append(state(rt, key).state)
            return Stub.send(self, to, text, key)

    seen = list[str]()
    put()
    Sender(rt, {"stub": (Looking(), 1)}, sender.pace, sender.tally).batch()
    assert seen == ["sending"]


def test_what_the_carrier_told_before_its_answer_stands(rt: Runtime, sender: Sender, put: Put) -> None:
    class Hasty(Stub):
        def send(self, to: str, text: str, key: str) -> Answer:
            assert told(rt, key, Told.DELIVERED)
            return Stub.send(self, to, text, key)

    about = put("reminder:1", Purpose.REMINDER)
    Sender(rt, {"stub": (Hasty(), 1)}, sender.pace, sender.tally).batch()
    assert (state(rt, about).state, state(rt, about).provider_ref) == ("delivered", f"SM{about}")
    assert outcome(rt, "reminder:1") == "delivered"


@pytest.mark.parametrize("late", [Told.SENT, Told.FAILED, Told.UNDELIVERED, Told.DELIVERED], ids=str)
def test_a_final_state_is_never_left_and_every_event_kept(rt: Runtime, sender: Sender, put: Put, late: Told) -> None:
    about = put("reminder:1", Purpose.REMINDER)
    sender.batch()
    assert told(rt, f"SM{about}", Told.DELIVERED)
    assert told(rt, f"SM{about}", late, "30005")
    assert state(rt, about).state == "delivered"
    assert [event[0] for event in state(rt, about).events] == ["delivered", late.value]
    assert not told(rt, "SM of another", Told.SENT)


def test_a_temporary_refusal_is_tried_again_later_and_not_for_ever(
    rt: Runtime, sender: Sender, carrier: Stub, put: Put, clock: Clock
) -> None:
    carrier.answers = [Refused("20429")] * 20
    about = put("reminder:1", Purpose.REMINDER)
    waits = []
    while state(rt, about).state == "queued":
        clock.at = max(clock.at, state(rt, about).not_before)
        before = clock.at
        assert sender.batch() == 1
        waits.append(state(rt, about).not_before - before)
    assert len(carrier.sent) == sending.TRIES
    assert waits[:3] == [timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120)]
    assert (state(rt, about).state, state(rt, about).why, outcome(rt, "reminder:1")) == ("failed", "20429", "failed")


def test_a_permanent_refusal_marks_the_number(rt: Runtime, sender: Sender, carrier: Stub, put: Put) -> None:
    carrier.answers = [Refused("21614", permanent=True)]
    first = put("reminder:1", Purpose.REMINDER)
    second = put("reminder:2", Purpose.REMINDER)
    sender.batch(1)
    sender.batch(1)
    assert {(one.state, one.why) for one in (state(rt, first), state(rt, second))} == {
        ("failed", "21614"),
        ("dropped", "number: 21614"),
    }
    with rt.sessions() as session:
        assert standings.fault_of(session, rt.keys, E164) == "21614"


def test_what_is_unclear_is_found_in_the_list_and_not_sent_again(
    rt: Runtime, sender: Sender, carrier: Stub, put: Put, clock: Clock
) -> None:
    carrier.answers = [Unclear("ReadTimeout")]
    about = put()
    sender.batch()
    assert state(rt, about).state == "unknown"
    assert sender.reconcile() == 0, "it is not looked up at once"
    clock.forward(minutes=3)
    assert sender.reconcile() == 1
    assert (state(rt, about).state, len(carrier.sent)) == ("sent", 1)


def test_only_what_the_list_lacks_long_after_is_sent_again(
    rt: Runtime, sender: Sender, carrier: Stub, put: Put, clock: Clock
) -> None:
    carrier.answers, carrier.blind = [Unclear("ConnectionReset")], True
    about = put()
    sender.batch()
    clock.forward(minutes=3)
    assert sender.reconcile() == 0
    assert sender.batch() == 0
    clock.forward(minutes=8)
    assert sender.reconcile() == 1
    assert sender.batch() == 1
    assert (state(rt, about).state, len(carrier.sent)) == ("sent", 2)


def test_what_nobody_can_tell_stays_unknown_for_good(
    rt: Runtime, sender: Sender, carrier: Stub, put: Put, clock: Clock
) -> None:
    class Mute(Stub):
        def look_up(self, *_: object) -> Accepted | Unclear:
            return Unclear("no list")

    carrier = Mute(answers=[Unclear("ReadTimeout")])
    mute = Sender(rt, {"stub": (carrier, 1)}, sender.pace, sender.tally)
    about = put()
    mute.batch()
    clock.forward(days=1, minutes=1)
    assert mute.reconcile() == 0
    assert (state(rt, about).state, state(rt, about).settled_at, len(carrier.sent)) == ("unknown", clock.at, 1)
    assert mute.reconcile() == 0
    with rt.sessions() as session:
        assert session.scalars(sending.unclear(rt)).all() == []


def test_a_message_whose_sender_was_killed_is_looked_up(
    rt: Runtime, sender: Sender, carrier: Stub, put: Put, clock: Clock
) -> None:
    class Killed(Stub):
        def send(self, to: str, text: str, key: str) -> Answer:
            carrier.send(to, text, key)  # the carrier had it, and we were gone
            raise KeyboardInterrupt

    about = put()
    with pytest.raises(KeyboardInterrupt):
        Sender(rt, {"stub": (Killed(), 1)}, sender.pace, sender.tally).batch()
    assert state(rt, about).state == "sending"
    assert sender.batch() == 0
    clock.forward(minutes=4)
    assert sender.reconcile() == 1
    assert (state(rt, about).state, len(carrier.sent)) == ("sent", 1)


def test_an_erased_person_gets_nothing(rt: Runtime, sender: Sender, carrier: Stub, put: Put, wu: Person) -> None:
    put()
    with rt.sessions.begin() as session:
        forgetting.person(session, rt, wu.id, "clerk")
        assert session.scalars(select(func.count()).select_from(Message)).one() == 0
    assert (sender.batch(), carrier.sent) == (0, [])


def test_a_delivered_reminder_is_an_attempt_on_record(
    rt: Runtime, sender: Sender, put: Put, wu: Person, clock: Clock
) -> None:
    began = clock.at
    about = put("ladder:1:message", Purpose.LADDER)
    sender.batch()
    with rt.sessions() as session:
        assert really_tried(session, wu.id, began) == frozenset()
    told(rt, f"SM{about}", Told.DELIVERED)
    with rt.sessions() as session:
        assert really_tried(session, wu.id, began) == {Channel.SMS}


def test_a_number_that_the_carrier_found_dead_later_is_marked(rt: Runtime, sender: Sender, put: Put) -> None:
    class Known(Stub):
        """Twilio's codes, by its name."""

    twilio = Sender(rt, {"twilio": (Known(name="twilio"), 1)}, sender.pace, sender.tally)
    about = put("reminder:1", Purpose.REMINDER)
    twilio.batch()
    with rt.sessions.begin() as session:
        assert outbox.told(session, rt, "twilio", about, Told.UNDELIVERED, "30006")
        assert standings.fault_of(session, rt.keys, E164) == "30006"
    assert outcome(rt, "reminder:1") == "undelivered"


def test_the_list_gives_no_message_to_two_of_ours(
    rt: Runtime, sender: Sender, carrier: Stub, put: Put, clock: Clock
) -> None:
    class Forgetful(Stub):
        def look_up(self, *_: object) -> Accepted:
            return Accepted(f"SM{first}")

    first = put("answer:1")
    sender.batch()
    carrier = Forgetful(answers=[Unclear("ReadTimeout")])
    other = Sender(rt, {"stub": (carrier, 1)}, sender.pace, sender.tally)
    second = put("answer:2")
    other.batch()
    clock.forward(minutes=3)
    assert other.reconcile() == 0
    assert state(rt, second).state == "unknown"
