"""SMPP between Debian's Kannel and a message centre of npm's `smpp`: from our outbox, and back to our door."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import select

from certification.store import Message, Person
from sms import outbox
from sms.outbox import Purpose
from sms.providers import Accepted
from sms.providers.codes import permanent
from sms.segments import measure
from tests.conversations.correspondents import PIN, WU, closed, opened, wu
from tests.peers import wait_until
from tests.sms.centre import Service, bound, digits
from tests.sms.conftest import REMINDER, TextLine
from tests.sms.gateway import on_the_way
from tests.sms.outbox.conftest import redis, redis_url

__all__ = ["redis", "redis_url", "wu"]

UCS2, HEADED = 0x08, 0x40
FULL_WIDTH = PIN.translate({ord(digit): ord(digit) - ord("0") + ord("０") for digit in PIN})
LONG = REMINDER + "不会回复的话，请打12333转人工，也可以请家人带您到社区来办。😀" * 3


@pytest.fixture
def service(line: TextLine, tmp_path: Path, redis: Redis) -> Iterator[Service]:
    """The whole way from the outbox to the message centre."""
    with bound(line, tmp_path, redis) as running_service:
        yield running_service


ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Where everything happens between Kannel and the message centre."""
THANKS, HELP, HUMAN, NO, PIN_LOST = "answer.thanks", "answer.help", "answer.human", "answer.no", "answer.pin"


def put(service: Service, person: Person, *words: str) -> list[str]:
    """Put these messages to Mr Wu into the outbox, and have it send them; their identifiers."""
    rt = service.line.rt
    with rt.sessions.begin() as session:
        wu = session.get_one(Person, person.id)
        made = [
            outbox.put(session, rt, reminder=one, purpose=Purpose.ANSWER, words=one, person=wu, to=WU).id
            for one in words
        ]
    assert service.sender.batch() == len(words)
    return made


def told(service: Service, identifier: str) -> Counter[str]:
    """How often a carrier told what of a message."""
    with service.line.rt.sessions() as session:
        return Counter(outcome for outcome, _, _ in session.get_one(Message, identifier).events)


def becomes(service: Service, identifier: str, state: str) -> None:
    """Wait until this is known of a message, and that Kannel's message centre answered."""
    wait_until(
        lambda: service.line.state(identifier) == state and told(service, identifier).total() == 2,
        f"{identifier} is {state}",
        service.centre.gateway_log,
    )


def messages(service: Service) -> list[str]:
    """The messages there are."""
    with service.line.rt.sessions() as session:
        return list(session.scalars(select(Message.id)))


def answer(service: Service) -> tuple[str, str]:
    """Number and words of the one answer, which arrives."""
    assert service.sender.batch() == 1
    [message] = messages(service)
    becomes(service, message, "delivered")
    [taken] = service.centre.taken()
    assert [taken] == sent_by_us(service)
    return taken


def sent_by_us(service: Service) -> list[tuple[str, str]]:
    """What we gave to Kannel, as the message centre would have it."""
    return [(digits(to), text) for to, text in service.carrier.texts]


def test_a_text_is_cut_where_it_is_billed_and_put_together_to_the_very_text(service: Service) -> None:
    for length in (70, 71, 100, 133):
        text, before = LONG[:length], len(service.centre.came())
        key = service.line.message("kannel")
        assert service.carrier.send(WU, text, key) == Accepted(key)
        becomes(service, key, "delivered")
        parts = service.centre.came()[before:]
        assert len(parts) == measure(text).segments
        assert {(one["coding"], bool(one["header"]), bool(one["esm"] & HEADED)) for one in parts} == {
            (UCS2, len(parts) > 1, len(parts) > 1)
        }
    assert service.centre.taken() == sent_by_us(service)


def test_a_receipt_settles_a_message_once(service: Service, wu: Person) -> None:
    service.centre.plans({}, {"stat": "UNDELIV"})
    [delivered] = put(service, wu, THANKS)
    becomes(service, delivered, "delivered")
    [undelivered] = put(service, wu, NO)
    becomes(service, undelivered, "failed")
    assert told(service, delivered) == {"sent": 1, "delivered": 1}
    assert told(service, undelivered) == {"sent": 1, "undelivered": 1}
    assert (service.line.why(delivered), service.line.why(undelivered)) == (None, "UNDELIV:069")


def test_a_receipt_that_is_faster_than_our_answer_stands(service: Service, wu: Person) -> None:
    def delivered() -> bool:
        return [service.line.state(one) for one in messages(service)] == ["delivered"]

    with on_the_way(service.kannel.url, until=delivered) as slow:
        [message] = put(service.by(slow), wu, THANKS)
    becomes(service, message, "delivered")
    assert told(service, message) == {"sent": 1, "delivered": 1}


@ONE_DATABASE
def test_kannel_throws_away_a_receipt_that_is_faster_than_the_centres_answer(service: Service, wu: Person) -> None:
    service.centre.plans({"when": "before"})
    [early] = put(service, wu, THANKS)
    [later] = put(service, wu, NO)
    becomes(service, later, "delivered")
    assert service.centre.receipts() == [("DELIVRD", 0), ("DELIVRD", 0)]  # 0: it says that it has it, and has not
    assert (service.line.state(early), told(service, early)) == ("sent", {"sent": 1})
    assert (service.sender.reconcile(), service.sender.batch(), len(service.centre.came())) == (0, 0, 2)


def test_a_number_that_there_is_not_is_known_as_such(service: Service, wu: Person) -> None:
    service.centre.plans({"status": "ESME_RINVDSTADR"})
    [message] = put(service, wu, THANKS)
    wait_until(lambda: service.line.state(message) == "failed", "it fails", service.centre.gateway_log)
    assert service.line.why(message) == "0x0000000b"
    assert permanent("kannel", "0x0000000b")
    assert (len(service.centre.came()), service.centre.taken()) == (1, [])


@pytest.mark.parametrize(
    "parts",
    [
        [f"密码{FULL_WIDTH}"],
        [f"小姑娘你好，我在老家，电话不太会用，我的密码是{FULL_WIDTH[:3]}", f"{FULL_WIDTH[3:]}，麻烦你了"],
    ],
    ids=["one part", "two parts"],
)
def test_a_pin_certifies_and_is_answered_at_the_telephone_that_wrote(
    service: Service, wu: Person, parts: list[str]
) -> None:
    assert service.centre.brings(digits(WU), *parts, backwards=True) == [0] * len(parts)
    wait_until(service.line.texts, "the text arrives", service.centre.gateway_log)
    assert closed(service.line.rt, wu)
    to, words = answer(service)
    assert (to, "认证办好了" in words) == (digits(WU), True)
    assert service.line.texts() == [("kannel", WU, "".join(parts))]


def test_whoever_asks_for_a_human_gets_one(service: Service, wu: Person) -> None:
    assert service.centre.brings(digits(WU), "人工") == [0]
    wait_until(service.line.texts, "the text arrives", service.centre.gateway_log)
    assert opened(service.line.rt) == [("call_back", wu.id)]
    assert answer(service)[0] == digits(WU)
    assert service.line.texts() == [("kannel", WU, "人工")]


@ONE_DATABASE
def test_what_is_refused_for_now_or_lost_with_its_connection_arrives_once(service: Service, wu: Person) -> None:
    for_now, lost = {"status": "ESME_RTHROTTLED"}, {"drop": "before it is taken"}
    service.centre.plans({}, for_now, lost, {}, for_now, lost)
    put(service, wu, THANKS, HELP, HUMAN, NO, PIN_LOST)
    for message in messages(service):
        becomes(service, message, "delivered")
        assert told(service, message) == {"sent": 1, "delivered": 1}
    assert Counter(service.centre.taken()) == Counter(sent_by_us(service))
    assert len(service.carrier.texts) == 5
    assert len(service.centre.came()) == 5 + 1 + 4  # one has two parts, four were tried again


@ONE_DATABASE
def test_a_kannel_that_is_killed_loses_neither_what_waits_in_it_nor_a_receipt(service: Service, wu: Person) -> None:
    service.centre.plans({"when": "held"}, *[{"status": "ESME_RTHROTTLED"}] * 100)
    [taken] = put(service, wu, THANKS)
    wait_until(lambda: told(service, taken) == {"sent": 1}, "it is taken", service.centre.gateway_log)
    [waiting] = put(service, wu, HELP)
    wait_until(lambda: len(service.centre.came()) >= 3, "its parts are refused for now", service.centre.gateway_log)
    service.kannel.kill()
    service.centre.goes_on()
    with service.start():
        for message in (taken, waiting):
            becomes(service, message, "delivered")
            assert told(service, message) == {"sent": 1, "delivered": 1}
        assert service.centre.taken() == sent_by_us(service)


@ONE_DATABASE
def test_a_centre_that_answers_late_is_given_nothing_twice(service: Service, wu: Person) -> None:
    service.centre.plans({"links": 4})  # four seconds, where Kannel waits for one
    [message] = put(service, wu, THANKS)
    becomes(service, message, "delivered")
    assert service.centre.taken() == sent_by_us(service)
    assert len(service.centre.came()) == 1


@ONE_DATABASE
def test_what_was_taken_when_the_connection_broke_goes_again_by_kannel_and_not_by_us(
    service: Service, wu: Person
) -> None:
    service.centre.plans({"drop": "after it is taken"})
    [message] = put(service, wu, THANKS)
    becomes(service, message, "delivered")
    assert told(service, message) == {"sent": 1, "delivered": 1}
    assert service.centre.taken() == sent_by_us(service) * 2
    assert len(service.carrier.texts) == 1
