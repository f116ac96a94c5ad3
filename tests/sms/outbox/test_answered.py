"""Whoever writes again and again in a day is answered each time: never so that a carrier takes it for the same text."""

from __future__ import annotations

from collections import Counter

import pytest

from certification.runtime import Runtime
from certification.store import Message, Person
from sms import conversation
from sms.conversation import ANSWERS_A_DAY
from sms.sending import Sender
from sms.texts import SAME_A_DAY
from tests.certification.conftest import Clock
from tests.sms.outbox.carrier import Stub
from tests.sms.outbox.conftest import MOBILE, state

RUBBISH = "今天天气很好啊"


def write(rt: Runtime, sender: Sender, clock: Clock, ref: str, body: str) -> None:
    """Have a text brought, and its answer sent, a minute later."""
    clock.forward(minutes=1)
    with rt.sessions.begin() as session:
        conversation.receive(session, rt, "stub", ref, f"+86{MOBILE}", body)
    sender.batch()


@pytest.mark.parametrize("body", [RUBBISH, "谢谢", "帮助", "人工"], ids=["rubbish", "thanks", "help", "human"])
def test_the_same_written_all_day_is_answered_all_day(
    rt: Runtime, sender: Sender, carrier: Stub, wu: Person, clock: Clock, body: str
) -> None:
    for n in range(ANSWERS_A_DAY + 1):
        write(rt, sender, clock, f"SM{n}", body)
    texts = [text for _, text, _ in carrier.sent]
    assert len(texts) == ANSWERS_A_DAY
    assert max(Counter(texts).values()) <= SAME_A_DAY


def test_rubbish_is_answered_in_another_wording_each_time_and_looked_up_in_it(
    rt: Runtime, sender: Sender, carrier: Stub, wu: Person, clock: Clock
) -> None:
    for n in range(4):
        write(rt, sender, clock, f"SM{n}", RUBBISH)
    assert len({text for _, text, _ in carrier.sent}) == 4
    key = carrier.sent[-1][2]
    with rt.sessions.begin() as session:  # its sender was killed after the request
        session.get_one(Message, key).state = "sending"
    clock.forward(minutes=4)
    assert (sender.reconcile(), state(rt, key).state) == (1, "sent")
