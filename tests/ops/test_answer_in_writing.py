"""The region's answer in writing: offered on a mobile that calls, sent there at once, seldom, and to nobody else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from certification import people, safewords, standings
from certification.store import Message, Person
from ops import notices
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.ivr.line.conftest import enrolled
from tests.ivr.line.telephone import Telephone, line
from tests.ops.told import Service, service
from tests.sms.outbox.conftest import carrier, redis, redis_url

__all__ = ["carrier", "enrolled", "redis", "redis_url", "service"]

MOBILE, STRANGER = "+8613888000001", "+8613700000001"
HELP = ("help.receipt", "help.back")
TOLD = ("help.texted", *HELP)


def asks(service: Service, sid: str = "CA1", number: str = MOBILE) -> Telephone:
    """A call, up to the region's answer."""
    phone = service.telephone(sid, number).dial()
    if phone.heard[-1].startswith("digit."):
        phone.press("1")
    return phone.presses_while_listened_to("3")


def test_who_presses_the_key_gets_the_answer_while_still_on_the_line(service: Service, wu: Person) -> None:
    with service.rt.sessions.begin() as session:
        safewords.choose(session, service.rt, session.get_one(Person, wu.id), "喜鹊", "clerk")
    phone = asks(service)
    assert phone.heard == ("region.kunming.how", "pause.long", "help.text")
    assert phone.press("1").heard == TOLD
    answer = service.rt.regions["kunming"].how_sms
    assert service.texts() == [(MOBILE, f"{answer}暗号：喜鹊")]
    assert phone.press("3").presses_while_listened_to("3").heard[2:] == HELP, "once in a call"
    phone.hangs_up()
    assert len(service.texts()) == 1


def test_what_the_sweep_missed_is_sent_after_the_call(service: Service) -> None:
    asks(service).press("1").hangs_up()
    with service.rt.sessions.begin() as session:
        assert session.scalars(select(Message)).all() == []
    assert [number for number, _ in service.texts()] == [MOBILE]
    assert service.texts() and notices.send_answers(service.rt) == 0


@pytest.mark.parametrize("key", ["2", ""], ids=["no", "silence"])
def test_who_does_not_want_it_goes_on(service: Service, key: str) -> None:
    phone = asks(service)
    assert (phone.press(key) if key else phone.stays_silent()).heard == HELP
    phone.hangs_up()
    assert service.texts() == []


def test_a_mobile_that_nobody_knows_gets_the_default_answer_and_nothing_personal(service: Service) -> None:
    asks(service, number=STRANGER).press("1")
    assert service.texts() == [(STRANGER, service.rt.regions.default.how_sms)]
    with service.rt.sessions() as session:
        [one] = session.scalars(select(Message))
    assert (one.person_id, one.phone_id, sorted(one.facts)) == (None, None, ["dialect", "region"])


def test_on_a_shared_mobile_it_carries_nobodys_safe_word(service: Service, wu: Person) -> None:
    with service.rt.sessions.begin() as session:
        safewords.choose(session, service.rt, session.get_one(Person, wu.id), "喜鹊", "clerk")
        number = resident_number("530102", 1952, 8, 1)
        people.add(session, service.rt, id_number=number, name="李", region="kunming", phone="13888000001")
    asks(service).press("1")
    assert service.texts() == [(MOBILE, service.rt.regions["kunming"].how_sms)]


def test_a_number_is_sent_it_twice_a_day(service: Service, clock: Clock) -> None:
    for sid in ("CA1", "CA2"):
        asks(service, sid).press("1").hangs_up()
    assert asks(service, "CA3").hangs_up().heard[2:] == HELP
    assert len(service.texts()) == 2
    assert asks(service, "CA4", STRANGER).heard[-1] == "help.text", "others may have it"
    clock.forward(days=1, minutes=1)
    assert asks(service, "CA5").press("1").heard == TOLD
    assert len(service.texts()) == 3


@pytest.mark.parametrize(
    "number",
    ["+862882345678", "+85291234567", "+12025550123", "+266696687", ""],
    ids=["landline", "hong-kong", "abroad", "withheld", "none"],
)
def test_no_other_telephone_is_offered_it(service: Service, number: str) -> None:
    assert asks(service, number=number).heard[-len(HELP) :] == HELP


@pytest.mark.parametrize("why", ["no carrier", "nothing arrives"], ids=["carrier", "fault"])
def test_what_could_not_arrive_is_not_offered(service: Service, why: str) -> None:
    if why == "no carrier":
        rt = replace(service.rt, settings=replace(service.rt.settings, sms_providers=""))
        service = replace(service, rt=rt, client=line(rt).test_client())
    else:
        with service.rt.sessions.begin() as session:
            standings.mark_fault(session, service.rt, MOBILE, "30005")
    assert asks(service).heard[2:] == HELP


def test_stopping_reminders_stops_no_answer_and_the_night_neither(service: Service, clock: Clock) -> None:
    with service.rt.sessions.begin() as session:
        standings.opt_out(session, service.rt, MOBILE)
    clock.forward(hours=13)
    asks(service).press("1")
    assert [number for number, _ in service.texts()] == [MOBILE]
