"""What comes at the same moment, twice, too early or too late: it ends as if it had come once and in order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import func, select

from certification import standings
from certification.runtime import Runtime
from certification.store import Message
from ops.embedded import free_port
from ops.queue import connect
from sms import outbox, sending
from sms.outbox import Purpose, Told
from sms.pace import Pace, Tally
from sms.providers import Answer, Refused, Unclear
from sms.sending import Sender
from tests.certification.conftest import Clock
from tests.sms.outbox.carrier import Stub
from tests.sms.outbox.conftest import MOBILE, Put, state
from tests.sms.outbox.test_sending import E164, told


@pytest.fixture
def away() -> Redis:
    """A Redis that is not there."""
    return connect(f"redis://127.0.0.1:{free_port()}/0")


def test_what_is_put_at_the_same_moment_is_there_once(rt: Runtime, put: Put) -> None:
    with ThreadPoolExecutor(4) as hands:
        ids = set(hands.map(lambda _: put("reminder:1", Purpose.REMINDER), range(8)))
    with rt.sessions() as session:
        assert session.scalars(select(func.count()).select_from(Message)).one() == len(ids) == 1


def test_of_two_who_claim_at_the_same_moment_one_has_it(rt: Runtime, put: Put) -> None:
    ids = [put(f"answer:{n}") for n in range(30)]

    def claim(_: int) -> list[str]:
        with rt.sessions.begin() as session:
            return [one.id for one in outbox.claim(session, rt, 4)]

    with ThreadPoolExecutor(4) as hands:
        claimed = [one for some in hands.map(claim, range(16)) for one in some]
    assert sorted(claimed) == sorted(ids)


def test_what_is_told_at_the_same_moment_is_all_kept(rt: Runtime, sender: Sender, put: Put) -> None:
    about = put("reminder:1", Purpose.REMINDER)
    sender.batch()
    outcomes = [Told.SENT, Told.DELIVERED] * 4
    with ThreadPoolExecutor(4) as hands:
        assert all(hands.map(lambda outcome: told(rt, f"SM{about}", outcome), outcomes))
    found = state(rt, about)
    assert (found.state, sorted(event[0] for event in found.events)) == ("delivered", sorted(outcomes))


@pytest.mark.parametrize("first", [Told.FAILED, Told.UNDELIVERED, Told.DELIVERED], ids=str)
def test_an_answer_after_the_end_names_the_message_and_changes_nothing(
    rt: Runtime, sender: Sender, put: Put, first: Told
) -> None:
    class Hasty(Stub):
        def send(self, to: str, text: str, key: str) -> Answer:
            assert told(rt, key, first)
            return Stub.send(self, to, text, key)

    about = put()
    Sender(rt, {"stub": (Hasty(), 1)}, sender.pace, sender.tally).batch()
    ended = state(rt, about)
    assert (ended.state, ended.provider_ref) == ("delivered" if first is Told.DELIVERED else "failed", f"SM{about}")


@pytest.mark.parametrize("answer", [Refused("20429"), Unclear("ReadTimeout")], ids=["refused", "unclear"])
def test_who_was_told_of_is_not_sent_again(rt: Runtime, sender: Sender, put: Put, clock: Clock, answer: Answer) -> None:
    class Contradicting(Stub):
        def send(self, to: str, text: str, key: str) -> Answer:  # noqa: ARG002
            sent.append(key)
            assert told(rt, key, Told.SENT)
            return answer

    sent, about = list[str](), put()
    contradicting = Sender(rt, {"stub": (Contradicting(), 1)}, sender.pace, sender.tally)
    contradicting.batch()
    clock.forward(hours=1)
    assert (contradicting.reconcile(), contradicting.batch(), sent) == (0, 0, [about])
    assert state(rt, about).state == "sent"


def test_two_who_look_for_the_same_message_find_it_once(
    rt: Runtime, sender: Sender, carrier: Stub, put: Put, clock: Clock
) -> None:
    carrier.answers, carrier.blind = [Unclear("ConnectionReset")], True
    put()
    sender.batch()
    clock.forward(minutes=11)
    with ThreadPoolExecutor(4) as hands:
        assert sum(hands.map(lambda _: sender.reconcile(), range(4))) == 1
    with ThreadPoolExecutor(4) as hands:
        assert sum(hands.map(lambda _: sender.batch(), range(4))) == 1
    assert len(carrier.sent) == 2


def test_three_of_the_same_in_one_batch_are_two(rt: Runtime, sender: Sender, carrier: Stub, put: Put) -> None:
    ids = [put(f"answer:{n}") for n in range(3)]
    sender.batch()
    assert sorted(state(rt, one).state for one in ids) == ["dropped", "sent", "sent"]


def test_a_batch_holds_no_more_for_one_person_than_a_day(rt: Runtime, sender: Sender, carrier: Stub, put: Put) -> None:
    for number, words in enumerate(("reminder.pin", "reminder.call", "reminder.last")):
        put(f"reminder:{number}", Purpose.REMINDER, words=words)
    sender.batch()
    assert len(carrier.sent) == rt.regions["kunming"].reminders.max_a_day == 2


def test_without_redis_nothing_is_handed_over_and_nothing_lost(
    rt: Runtime, carrier: Stub, put: Put, away: Redis, clock: Clock
) -> None:
    about = put()
    Sender(rt, {"stub": (carrier, 1)}, Pace(away, 100), Tally(away)).batch()
    waiting = state(rt, about)
    assert (waiting.state, waiting.tries, carrier.sent) == ("queued", 0, [])
    assert waiting.not_before == clock.at + sending.HELD


def test_an_answer_is_written_down_though_redis_went_away_meanwhile(
    rt: Runtime, sender: Sender, carrier: Stub, put: Put, away: Redis
) -> None:
    about = put()
    Sender(rt, {"stub": (carrier, 1)}, sender.pace, Tally(away)).batch()
    assert state(rt, about).state == "sent"


def test_whoever_stood_still_after_claiming_hands_nothing_over(
    rt: Runtime, sender: Sender, carrier: Stub, put: Put, clock: Clock
) -> None:
    class Still(Pace):
        def take(self, carrier: str, segments: int) -> float:  # noqa: ARG002
            clock.forward(minutes=2)
            return 0.0

    about = put()
    Sender(rt, {"stub": (carrier, 1)}, Still(sender.pace.redis, 100), sender.tally).batch()
    assert (state(rt, about).state, state(rt, about).tries, carrier.sent) == ("queued", 0, [])


def test_what_the_pace_has_no_room_for_waits_and_was_not_tried(
    rt: Runtime, sender: Sender, carrier: Stub, put: Put, clock: Clock
) -> None:
    ids = [put(f"answer:{n}", words="answer.wrong", facts={"left": n}) for n in range(3)]
    slow = Pace(sender.pace.redis, 0.05, patience_s=0.1)
    Sender(rt, {"stub": (carrier, 1)}, slow, sender.tally).batch()
    waiting = [one for one in (state(rt, identifier) for identifier in ids) if one.state == "queued"]
    assert (len(carrier.sent), [one.tries for one in waiting]) == (1, [0, 0])
    assert all(one.not_before > clock.at + timedelta(seconds=10) for one in waiting)


def test_a_number_of_which_it_is_told_that_nothing_arrives_is_marked(rt: Runtime, put: Put, sender: Sender) -> None:
    about = put("reminder:1", Purpose.REMINDER)
    sender.batch()
    with rt.sessions.begin() as session:
        session.get_one(Message, about).provider = "twilio"
    with rt.sessions.begin() as session:
        assert outbox.told(session, rt, "twilio", f"SM{about}", Told.UNDELIVERED, "30006")
        assert standings.fault_of(session, rt.keys, f"+86{MOBILE}") == "30006" and E164.endswith(MOBILE)


def test_a_wrong_number_is_no_error_of_the_carrier(rt: Runtime, sender: Sender, carrier: Stub, put: Put) -> None:
    carrier.answers = [Refused("21614", permanent=True), Refused("20429"), Unclear("ReadTimeout")]
    for number in range(3):
        put(f"answer:{number}", words="answer.wrong", facts={"left": number})
    sender.batch()
    rate = sender.tally.rates(["stub"])["stub"]
    assert (rate.given, rate.errors) == (3, 2)
