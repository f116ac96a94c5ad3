"""When all lines are busy nobody is lost: keys first, then a short wait, the PIN, and the promise to call back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, update

from certification import codes, people
from certification.cases import CaseKind
from certification.runtime import Runtime
from certification.store import Person, Phone, Pin, SpokenTurn
from ivr import lines
from ivr.acts.busy import LOOKS
from tests.ivr.line.conftest import PIN
from tests.ivr.line.telephone import Telephone, Worker, line
from tests.ivr.line.walks import cases, tail

SLOTS = 3


@pytest.fixture
def rt(rt: Runtime) -> Runtime:
    """A service with few lines."""
    return replace(rt, settings=replace(rt.settings, media_slots=SLOTS))


def others(rt: Runtime, client: FlaskClient, count: int = SLOTS) -> list[Telephone]:
    """Callers who are being listened to at the menu."""
    calling = [Telephone(rt, client, f"+8613900000{n:03d}", f"CB{n}").dial().press("1") for n in range(count)]
    assert all(phone.listened_to() for phone in calling)
    return calling


def at_the_words(phone: Telephone, rt: Runtime, person: Person) -> Telephone:
    """By keys to where the words are to be repeated."""
    return phone.dial().press("1").press("1").press(tail(rt, person))


def patient(phone: Telephone) -> Telephone:
    """Waits as long as it is asked to."""
    for _ in range(LOOKS + 1):
        if "busy.wait" in phone.everything[-3:] or phone.heard == ():
            phone.waits()
    return phone


def test_the_menu_goes_on_by_keys_and_listens_again_when_a_line_is_free(
    phone: Telephone, rt: Runtime, client: FlaskClient, enrolled: Person
) -> None:
    busy = others(rt, client)
    phone.dial().press("1")
    assert not phone.listened_to()
    assert phone.heard == ("keys.only", "menu.main")
    assert phone.press("3").press("3").heard == ("keys.only", "menu.main")
    busy[0].hangs_up()
    phone.press("3").press("3")
    assert phone.listened_to()
    assert "keys.only" not in phone.heard


def test_a_caller_waits_for_a_line_and_gets_it(
    phone: Telephone, rt: Runtime, client: FlaskClient, enrolled: Person, worker: Worker
) -> None:
    busy = others(rt, client)
    assert at_the_words(phone, rt, enrolled).heard[-1] == "busy.wait"
    assert not phone.listened_to()
    phone.waits().waits()
    busy[0].presses_while_listened_to("3").hangs_up()
    assert phone.waits().heard[0] == "challenge.repeat"
    phone.repeats().repeats()
    worker.weighs("certified")
    assert phone.waits().heard[0] == "result.certified"
    assert cases(rt) == {}


def test_who_has_a_pin_can_certify_while_no_line_becomes_free(
    phone: Telephone, rt: Runtime, client: FlaskClient, enrolled: Person
) -> None:
    others(rt, client)
    assert patient(at_the_words(phone, rt, enrolled)).heard == ("busy.pin", "pin.ask")
    assert phone.press(PIN).heard[0].startswith("result.pin_")


def test_who_can_go_on_by_voice_alone_is_called_back(
    phone: Telephone, rt: Runtime, client: FlaskClient, enrolled: Person
) -> None:
    with rt.sessions.begin() as session:
        session.execute(delete(Pin).where(Pin.person_id == enrolled.id))
    others(rt, client)
    assert patient(at_the_words(phone, rt, enrolled)).heard == ("busy.callback", "goodbye")
    assert phone.hung_up_on()
    phone.hangs_up()
    kept = cases(rt)
    assert set(kept) == {CaseKind.CALL_BACK}
    assert kept[CaseKind.CALL_BACK].person_id == enrolled.id
    assert phone.call().outcome == "call_back"


def test_who_waits_can_still_ask_for_a_human(
    phone: Telephone, rt: Runtime, client: FlaskClient, enrolled: Person
) -> None:
    others(rt, client)
    assert at_the_words(phone, rt, enrolled).press("0").heard[-1].startswith("human.")


def test_an_enrolment_waits_and_is_called_back_with_its_code_still_good(
    phone: Telephone, rt: Runtime, client: FlaskClient, wu: Person
) -> None:
    with rt.sessions.begin() as session:
        code = codes.issue(session, rt, session.get_one(Person, wu.id), "clerk")
    others(rt, client)
    phone.dial()
    if "enrol.code" not in phone.heard:
        phone.press("1").press("8")
    assert phone.press(code).press("1").heard == ("busy.wait",)
    assert patient(phone).heard == ("busy.callback", "goodbye")
    assert set(cases(rt)) == {CaseKind.CALL_BACK}
    with rt.sessions.begin() as session:
        assert codes.find(session, rt, code, phone.number) is not None


def test_nobody_is_promised_a_call_that_cannot_be_made(rt: Runtime, client: FlaskClient, enrolled: Person) -> None:
    with rt.sessions.begin() as session:
        session.execute(delete(Pin).where(Pin.person_id == enrolled.id))
        session.execute(delete(Phone).where(Phone.person_id == enrolled.id))
    others(rt, client)
    withheld = Telephone(rt, client, number="+266696687", sid="CW")
    withheld.dial().press("1").press("1").press(people.number_of(rt.keys, enrolled).text.replace("X", "*"))
    assert patient(withheld).heard == ("busy.later", "goodbye")
    assert cases(rt) == {}


def test_commands_leave_the_last_lines_to_challenges(
    phone: Telephone, rt: Runtime, client: FlaskClient, enrolled: Person
) -> None:
    few = replace(rt, settings=replace(rt.settings, media_slots=5))
    of_few = line(few).test_client()
    others(few, of_few, 4)
    by_keys = Telephone(few, of_few, sid="CK").dial().press("1")
    assert not by_keys.listened_to()
    assert by_keys.press("1").press(tail(rt, enrolled)).listened_to()


def test_a_line_is_free_again_when_its_turn_is_over_or_expired_or_its_call_has_gone_on(
    rt: Runtime, client: FlaskClient, enrolled: Person
) -> None:
    def free() -> int:
        with rt.sessions() as session:
            return lines.free(session, rt)

    first, second, third = others(rt, client)
    assert free() == 0
    first.hangs_up()
    assert free() == 1
    second.post(second.action())  # the socket never came
    assert free() == 1 + (not second.listened_to())
    with rt.sessions.begin() as session:
        session.execute(update(SpokenTurn).values(expires_at=rt.now()))
    assert free() == SLOTS
    assert third.listened_to()
