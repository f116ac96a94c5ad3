"""Whoever hears badly: each question said twice, more time for the keys, and words never the only way."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from flask.testing import FlaskClient

from certification import needs
from certification.needs import Declared
from certification.runtime import Runtime
from certification.store import Person
from ivr.twiml import KEY_S, NUMBER_KEY_S, SLOWLY
from tests.ivr.line.conftest import PIN
from tests.ivr.line.telephone import Telephone, Worker
from tests.ivr.line.walks import certifying_call, tail, whole

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def deaf(rt: Runtime, enrolled: Person) -> Person:
    """Mr Wu, who hears badly, has a PIN, and whose voice is known."""
    with rt.sessions.begin() as session:
        needs.declare(session, rt, session.get_one(Person, enrolled.id), Declared.HARD_OF_HEARING, "clerk")
    return enrolled


def twice(*names: str) -> tuple[str, ...]:
    return (*names, "pause.long", *names)


def waits(phone: Telephone) -> Sequence[str]:
    return [gather.get("timeout", "") for gather in phone.root().iter("Gather")]


def test_from_their_own_telephone_every_question_is_said_twice(phone: Telephone, rt: Runtime, deaf: Person) -> None:
    phone.dial()
    assert phone.heard.count("mandarin:language.mandarin") + phone.heard.count("language.mandarin") == 2
    assert phone.press("1").heard == twice("menu.main")
    phone.presses_while_listened_to("1")
    assert phone.heard == ("notice.recording", "pause.long", *twice("who.tail"))
    assert waits(phone) == [str(SLOWLY * NUMBER_KEY_S)]
    assert phone.press("*").heard == ("notice.recording", "pause.long", "who.tail"), (
        "who asks for it hears it once more"
    )


def test_the_pin_is_offered_first_then_the_words_and_a_human_always(
    rt: Runtime, client: FlaskClient, deaf: Person, worker: Worker
) -> None:
    by_pin = certifying_call(Telephone(rt, client), rt, deaf)
    assert by_pin.heard == twice("hearing.choice")
    assert waits(by_pin) == [str(SLOWLY * KEY_S)]
    assert by_pin.press("1").heard == twice("pin.ask")
    assert by_pin.press(PIN).heard[0] == "result.pin_recorded"
    by_voice = Telephone(rt, client, sid="CA2").dial().presses_while_listened_to("1").press(tail(rt, deaf)).press("2")
    assert by_voice.heard[0] == "challenge.twice"
    words = by_voice.heard[1 : by_voice.heard.index("pause.long")]
    assert by_voice.heard[1:] == twice(*words)
    by_voice.repeats().repeats()
    worker.weighs("certified")
    assert by_voice.waits().heard[0] == "result.certified"


def test_a_human_is_there_instead(rt: Runtime, client: FlaskClient, deaf: Person) -> None:
    phone = certifying_call(Telephone(rt, client), rt, deaf).press("0")
    assert phone.heard == ("human.connecting",)


def test_from_another_telephone_it_begins_when_they_have_said_who_they_are(
    rt: Runtime, client: FlaskClient, deaf: Person
) -> None:
    phone = Telephone(rt, client, number="+862882345678").dial().press("1").says("认证")
    assert phone.heard[-1] == "who.full" and phone.heard.count("who.full") == 1
    assert phone.press(whole(rt, deaf)).heard == twice("hearing.choice")


def test_without_a_pin_the_words_are_asked_for_and_without_a_voice_the_pin(
    rt: Runtime, client: FlaskClient, wu: Person
) -> None:
    with rt.sessions.begin() as session:
        needs.declare(session, rt, session.get_one(Person, wu.id), Declared.HARD_OF_HEARING, "clerk")
    phone = Telephone(rt, client).dial().press("1").says("认证").press(tail(rt, wu))
    assert phone.heard == ("voice.none", "pin.none", "human.connecting"), "neither: a human helps"
