"""A reminder that reached nobody for good, with no other mobile to take it, is a human's to make by telephone."""

from __future__ import annotations

import pytest
from redis import Redis
from sqlalchemy import select

from certification import people, standings
from certification.cases import CaseKind
from certification.runtime import Runtime
from certification.store import Case, Person
from sms import outbox
from sms.outbox import Purpose, Told
from sms.pace import Pace, Tally
from sms.providers import Refused
from sms.sending import Sender
from tests.certification.numbers import resident_number
from tests.sms.outbox.carrier import Stub
from tests.sms.outbox.conftest import MOBILE, Put, state

E164 = f"+86{MOBILE}"


def to_call(rt: Runtime) -> list[str | None]:
    with rt.sessions() as session:
        return list(session.scalars(select(Case.person_id).where(Case.kind == CaseKind.TO_CALL.value)))


def in_vain(rt: Runtime, sender: Sender, carrier: Stub, about: str, how: str) -> str:
    """A reminder that comes to nothing, in this way; why."""
    if how == "refused":
        carrier.answers = [Refused("21211", permanent=True)]
    elif how == "opted out":
        with rt.sessions.begin() as session:
            standings.opt_out(session, rt, E164)
    sender.batch()
    if how == "told":
        with rt.sessions.begin() as session:
            assert outbox.told(session, rt, "twilio", about, Told.UNDELIVERED, "30005")
    return str(state(rt, about).why)


@pytest.mark.parametrize("how", ["refused", "opted out", "told"])
@pytest.mark.parametrize("other", [False, True], ids=["alone", "with another mobile"])
def test_a_human_calls_whom_it_was_for(rt: Runtime, redis: Redis, put: Put, wu: Person, how: str, other: bool) -> None:
    carrier = Stub("twilio")  # whose codes are known
    sender = Sender(rt, {"twilio": (carrier, 1)}, Pace(redis, 1000), Tally(redis))
    about = put("reminder:1", Purpose.REMINDER)
    if other:
        with rt.sessions.begin() as session:
            number = resident_number("530102", 1950, 5, 15)
            people.add(session, rt, id_number=number, name="吴", region="kunming", phone="13888000009")
    why = in_vain(rt, sender, carrier, about, how)
    assert why == {"refused": "21211", "opted out": "opted out", "told": "30005"}[how]
    assert to_call(rt) == ([] if other else [wu.id])
