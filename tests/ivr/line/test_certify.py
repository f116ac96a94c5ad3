"""Calls that certify, and calls that must not, through the line's routes."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from certification import needs
from certification.evidence import Strength
from certification.needs import Declared
from certification.runtime import Runtime
from certification.store import Assessment, Attempt, Evidence, Person, Pin, Recording
from ivr.spoken import Result
from tests.certification.conftest import Clock, Queue
from tests.ivr.line.conftest import PIN
from tests.ivr.line.telephone import Telephone, Worker
from tests.ivr.line.walks import NIGHT, cases, certifying_call, tail, whole

VOICE_FAILED = {"challenge.failed", "challenge.again", "challenge.poor", "result.human"}


def test_a_voice_certifies_and_the_receipt_is_read_twice_in_groups(
    phone: Telephone, rt: Runtime, enrolled: Person, queue: Queue, worker: Worker
) -> None:
    phone.dial()
    assert phone.heard[0] == "greeting"
    own = ("language.mandarin", "kunming:language.kunming", "sichuanese:language.sichuanese")
    assert phone.heard[1::2] == (*own, "language.others")
    assert phone.press("1").heard == ("menu.main",)
    assert phone.says("认证").heard[0] == "notice.recording"
    assert phone.heard[-1] == "who.tail"
    assert phone.press(tail(rt, enrolled)).heard[0] == "challenge.repeat"
    first = phone.plan
    assert phone.repeats().heard[:2] == ("challenge.next", "challenge.repeat")
    assert phone.repeats().heard == ("assess.wait",)
    assert first is not None and first.keep and len(set(first.asked)) == 3

    with rt.sessions() as session:
        [assessment] = session.scalars(select(Assessment))
        assert queue.jobs == [("ops.jobs.assess", assessment.id)]
        recordings = [session.get_one(Recording, identifier) for identifier in assessment.recordings]
        assert len(recordings) == 2 and all(recording.asked == recording.heard for recording in recordings)
    assert phone.waits().heard == ()
    worker.weighs("certified")
    phone.waits()
    with rt.sessions() as session:
        [evidence] = session.scalars(select(Evidence))
    digits = [name.removeprefix("digit.") for name in phone.heard if name.startswith("digit.")]
    assert "".join(digits) == evidence.receipt * 2
    assert phone.heard[0] == "result.certified" and phone.heard[-1] == "goodbye"
    assert phone.hung_up_on()
    assert phone.call().outcome == "certified"


def test_a_voice_in_doubt_goes_to_a_human_who_may_be_busy(
    phone: Telephone, rt: Runtime, enrolled: Person, worker: Worker
) -> None:
    certifying_call(phone, rt, enrolled).repeats().repeats()
    worker.weighs("human")
    assert phone.waits().heard == ("result.human", "human.connecting")
    dial = phone.root().find("Dial")
    assert dial is not None and dial.text == rt.regions["kunming"].operator.number
    assert phone.operator("no-answer").heard == ("human.busy", "human.callback", "goodbye")
    assert phone.call().outcome == "call_back"
    assert cases(rt)["call_back"].person_id == enrolled.id


def test_out_of_hours_a_call_back_is_promised_and_kept_as_a_case(phone: Telephone, rt: Runtime, clock: Clock) -> None:
    clock.at = NIGHT
    assert phone.dial().press("1").presses_while_listened_to("0").heard == ("human.callback", "goodbye")
    assert cases(rt)["call_back"].call_id == phone.call().id


def test_a_human_who_answered_ends_the_call_kindly(phone: Telephone, wu: Person) -> None:
    phone.dial().press("1").presses_while_listened_to("0")
    assert phone.operator("completed").heard == ("goodbye",)
    assert phone.call().outcome == "human"


def test_a_withheld_number_is_not_promised_a_call(rt: Runtime, client: FlaskClient, clock: Clock) -> None:
    clock.at = NIGHT
    for sid, number in (("CA1", "anonymous"), ("CA2", "+266696687"), ("CA3", "")):
        phone = Telephone(rt, client, number=number, sid=sid)
        assert phone.dial().press("1").presses_while_listened_to("0").heard == ("human.later", "goodbye")
    assert not cases(rt)


def test_wrong_words_are_asked_again_once_with_fresh_words_and_then_a_human_comes(
    phone: Telephone, rt: Runtime, enrolled: Person, queue: Queue
) -> None:
    certifying_call(phone, rt, enrolled)
    first = phone.plan
    assert phone.says("北京").heard[:2] == ("challenge.again", "challenge.repeat")
    assert phone.plan != first
    phone.repeats()
    assert phone.says().heard == ("challenge.failed", "human.connecting")
    assert not queue.jobs
    assert "not_understood" in cases(rt)
    with rt.sessions() as session:
        assert [attempt.reason for attempt in session.scalars(select(Attempt))] == ["words"]


def test_words_in_another_order_are_wrong(phone: Telephone, rt: Runtime, enrolled: Person) -> None:
    certifying_call(phone, rt, enrolled)
    assert phone.plan is not None
    assert phone.says(*reversed(phone.plan.asked)).heard[0] == "challenge.again"


@pytest.mark.parametrize("how", ["silence", "a key", "cannot speak"])
def test_whoever_does_not_speak_goes_on_by_pin_and_is_never_told_that_the_voice_failed(
    phone: Telephone, rt: Runtime, enrolled: Person, how: str
) -> None:
    certifying_call(phone, rt, enrolled)
    match how:
        case "silence":
            phone.stays_silent()
        case "a key":
            phone.presses_while_listened_to("7")
        case _:
            phone.says("不能说话")
    assert phone.heard == ("pin.ask",)
    said = phone.press(PIN).heard
    assert (said[0], said[-1]) == ("result.pin_recorded", "human.offer")
    assert phone.stays_silent().heard == ("goodbye",)
    assert not VOICE_FAILED & set(phone.everything)
    with rt.sessions() as session:
        [evidence] = session.scalars(select(Evidence))
        assert (evidence.kind, evidence.strength) == ("pin", Strength.POSSESSION)
        assert not session.scalars(select(Attempt)).all()
    assert phone.call().outcome == "recorded"
    assert "needs_more" in cases(rt)


def test_whoever_declared_once_that_they_cannot_speak_is_never_asked_to(
    phone: Telephone, rt: Runtime, enrolled: Person
) -> None:
    with rt.sessions.begin() as session:
        needs.declare(session, rt, session.get_one(Person, enrolled.id), Declared.CANNOT_SPEAK, "clerk")
    phone.dial().press("1").presses_while_listened_to("1").press(tail(rt, enrolled))
    assert phone.heard == ("pin.ask",)
    assert phone.press(PIN).heard[0] == "result.pin_recorded"
    assert not (VOICE_FAILED | {"voice.none"}) & set(phone.everything)


def test_a_pin_certifies_where_a_live_sign_is_recent(
    phone: Telephone, rt: Runtime, enrolled: Person, worker: Worker, clock: Clock, client: FlaskClient
) -> None:
    certifying_call(phone, rt, enrolled).repeats().repeats()
    worker.weighs("certified")
    phone.waits().hangs_up()
    clock.forward(days=90)
    later = Telephone(rt, client, sid="CA2")
    later.dial().presses_while_listened_to("1").press(tail(rt, enrolled)).stays_silent().press(PIN)
    assert later.heard[0] == "result.pin_certified" and later.heard[-1] == "goodbye"
    assert later.call().outcome == "pin_certified"


def test_whoever_says_in_the_menu_that_they_cannot_speak_is_not_asked_to(
    phone: Telephone, rt: Runtime, enrolled: Person
) -> None:
    phone.dial().press("1").says("不能说话").press(tail(rt, enrolled))
    assert phone.heard == ("pin.ask",)
    assert "notice.recording" not in phone.everything


def test_a_wrong_pin_is_asked_again_and_then_a_human_comes(phone: Telephone, rt: Runtime, enrolled: Person) -> None:
    certifying_call(phone, rt, enrolled).stays_silent()
    assert phone.press("111222").heard == ("pin.wrong",)
    assert phone.press("111333").heard == ("pin.wrong",)
    assert phone.press("111444").heard == ("lost.human", "human.connecting")


def test_without_template_and_pin_only_a_human_can_go_on(phone: Telephone, rt: Runtime, wu: Person) -> None:
    certifying_call(phone, rt, wu)
    assert phone.heard == ("voice.none", "pin.none", "human.connecting")
    assert "no_template" in cases(rt)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_a_pin_whoever_pressed_a_key_is_asked_for_their_voice_once(
    phone: Telephone, rt: Runtime, enrolled: Person
) -> None:
    with rt.sessions.begin() as session:
        session.delete(session.get_one(Pin, enrolled.id))
    certifying_call(phone, rt, enrolled).repeats()
    assert phone.presses_while_listened_to("7").heard[:2] == ("pin.none.voice", "challenge.repeat")
    assert phone.repeats().heard == ("assess.wait",), "the group before the key still counts"
    again = Telephone(rt, phone.client, sid="CA2", number="+8613900000000")
    again.dial().press("1").says("认证").press(whole(rt, enrolled)).stays_silent()
    assert again.stays_silent().heard == ("pin.none", "human.connecting")
    assert "no_pin" in cases(rt) and "no_template" not in cases(rt)


def test_while_the_result_is_awaited_the_language_can_be_changed(
    phone: Telephone, rt: Runtime, enrolled: Person, worker: Worker
) -> None:
    certifying_call(phone, rt, enrolled).repeats().repeats()
    assert phone.press("*").heard == ("assess.wait",)
    assert "sichuanese:language.sichuanese" in phone.press("9").heard
    assert phone.press("3").heard == ("sichuanese:assess.wait",)
    assert len(worker.weighs("certified")) == 1
    assert phone.waits().heard[0] == "sichuanese:result.certified"


def test_poor_audio_is_tried_once_more_and_then_goes_on_by_pin(
    phone: Telephone, rt: Runtime, enrolled: Person, worker: Worker
) -> None:
    certifying_call(phone, rt, enrolled).repeats().repeats()
    worker.weighs("again")
    assert phone.waits().heard[:2] == ("challenge.poor", "challenge.repeat")
    phone.repeats().repeats()
    with rt.sessions() as session:
        first, second = session.scalars(select(Assessment).order_by(Assessment.state))
        assert not set(first.recordings) & set(second.recordings)
    worker.weighs("again")
    assert phone.waits().heard == ("challenge.poor.pin", "pin.ask")


def test_a_result_that_does_not_come_is_promised_and_kept_as_a_case(
    phone: Telephone, rt: Runtime, enrolled: Person, clock: Clock, worker: Worker
) -> None:
    certifying_call(phone, rt, enrolled).repeats().repeats()
    clock.forward(seconds=24)
    assert phone.waits().heard == ()
    clock.forward(seconds=1)
    assert phone.waits().heard == ("result.promise", "goodbye")
    assert phone.call().outcome == "promised"
    assert cases(rt)["promised_result"].person_id == enrolled.id


def test_the_fourth_attempt_in_a_day_goes_to_a_human_from_whatever_telephone(
    rt: Runtime, client: FlaskClient, enrolled: Person
) -> None:
    for attempt in range(4):
        phone = Telephone(rt, client, number=f"+861390000000{attempt}", sid=f"CA{attempt}")
        phone.dial().press("1").says("认证").press(whole(rt, enrolled))
        if attempt < 3:
            assert phone.says("北京").says("北京").heard[0] == "challenge.failed"
    assert phone.heard == ("limit.human", "human.connecting")
    assert "limit_reached" in cases(rt)


def test_where_no_socket_opens_the_call_goes_on_by_keys(phone: Telephone, rt: Runtime, enrolled: Person) -> None:
    phone.dial().press("1")
    assert phone.waits().heard == ("keys.only", "menu.main.again")
    phone.press("1").press(tail(rt, enrolled))
    assert phone.heard == ("voice.unavailable", "pin.ask")
    assert phone.press(PIN).heard[0] == "result.pin_recorded"


def test_a_listening_that_breaks_off_is_begun_again_and_is_nobodys_failure(
    phone: Telephone, rt: Runtime, enrolled: Person
) -> None:
    certifying_call(phone, rt, enrolled)
    first = phone.plan
    for _ in range(2):
        assert phone.spoke(Result("hangup")).heard[:2] == ("line.again", "challenge.repeat")
    assert phone.plan != first, "the words are fresh"
    assert phone.says("北京").heard[0] == "challenge.again", "no try was used up"
    assert phone.spoke(Result("hangup")).heard == ("voice.unavailable", "pin.ask")
    assert not VOICE_FAILED - {"challenge.again"} & set(phone.everything)
    with rt.sessions() as session:
        assert not session.scalars(select(Attempt)).all()
