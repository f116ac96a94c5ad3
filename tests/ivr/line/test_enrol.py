"""Calls that enrol a voice with a code from the desk."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from certification import codes
from certification.runtime import Runtime
from certification.store import Assessment, Consent, Person
from tests.certification.conftest import Queue
from tests.ivr.line.telephone import Telephone, Worker
from tests.ivr.line.walks import cases

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # test_certify.py runs on both


@pytest.fixture
def code(rt: Runtime, wu: Person) -> str:
    """The code that the desk gave Mr Wu."""
    with rt.sessions.begin() as session:
        return codes.issue(session, rt, session.get_one(Person, wu.id), "clerk")


def agreed(phone: Telephone, code: str) -> Telephone:
    """A call from the person's own telephone, up to the first group of words."""
    return phone.dial().press(code).press("1")


def test_a_voice_is_enrolled(phone: Telephone, rt: Runtime, code: str, wu: Person, worker: Worker) -> None:
    assert phone.dial().heard == ("greeting", "language.change", "enrol.code")
    assert phone.press(code).heard == ("enrol.consent",)
    assert phone.press("1").heard[0] == "challenge.repeat"
    for group in range(3):
        assert phone.plan is not None and phone.plan.keep
        assert len(set(phone.plan.asked)) == 4, group
        phone.repeats()
    assert phone.heard == ("enrol.wait",)
    with rt.sessions() as session:
        [assessment] = session.scalars(select(Assessment))
        assert (assessment.purpose, assessment.person_id, len(assessment.recordings)) == ("enrol", wu.id, 3)
        [consent] = session.scalars(select(Consent))
    assert "最多保存九十天" in consent.text and consent.how == "phone"
    worker.weighs("enrolled")
    assert phone.waits().heard == ("enrol.done", "goodbye")
    assert phone.call().outcome == "enrolled"


def test_8_in_the_menu_enrols_from_any_telephone(rt: Runtime, client: FlaskClient, code: str, wu: Person) -> None:
    phone = Telephone(rt, client, number="+8613700000009").dial().press("1")
    assert phone.presses_while_listened_to("8").heard == ("enrol.code",)
    assert phone.press(code).heard == ("enrol.consent",)
    assert phone.call().person_id == wu.id


def test_consent_is_kept_in_the_words_that_were_heard(phone: Telephone, rt: Runtime, code: str) -> None:
    phone.dial().press("9").press("4").press("1").press(code).press("1")
    with rt.sessions() as session:
        [consent] = session.scalars(select(Consent))
    assert "登记把声" in consent.text


def test_not_agreeing_closes_nothing(phone: Telephone, rt: Runtime, code: str) -> None:
    assert phone.dial().press(code).press("2").heard == ("enrol.declined", "goodbye")
    with rt.sessions() as session:
        assert not session.scalars(select(Consent)).all()


def test_a_code_outlives_a_dropped_call_and_makes_one_template(
    phone: Telephone, rt: Runtime, client: FlaskClient, code: str, queue: Queue
) -> None:
    agreed(phone, code).repeats().hangs_up()
    again = agreed(Telephone(rt, client, sid="CA2"), code).repeats().repeats()
    third = agreed(Telephone(rt, client, sid="CA3"), code).repeats().repeats()
    assert again.repeats().heard == ("enrol.wait",)
    assert third.repeats().heard == ("enrol.unfinished", "human.connecting")
    assert len(queue.jobs) == 1
    assert Telephone(rt, client, sid="CA4").dial().press("1").heard == ("menu.main",)


@pytest.mark.parametrize("answer", ["", "#", "7"])
def test_whoever_has_no_code_goes_on_to_the_menu(phone: Telephone, rt: Runtime, code: str, answer: str) -> None:
    phone.dial()
    assert (phone.press(answer) if answer else phone.stays_silent()).heard == ("menu.main",)
    assert phone.presses_while_listened_to("1").heard[-1] == "who.tail"


def test_a_code_is_good_once_and_guesses_end_with_a_human(
    phone: Telephone, rt: Runtime, client: FlaskClient, code: str
) -> None:
    agreed(phone, code).repeats().repeats().repeats().hangs_up()
    again = Telephone(rt, client, number="+8613700000009", sid="CA2").dial().press("1")
    again.presses_while_listened_to("8")
    assert again.press(code).heard == ("enrol.code.wrong",)
    assert again.press("00000000").heard == ("enrol.code.wrong",)
    assert again.press("00000001").heard == ("lost.human", "human.connecting")


def test_words_may_go_wrong_three_times_in_all(phone: Telephone, rt: Runtime, code: str, queue: Queue) -> None:
    agreed(phone, code).repeats()
    for _ in range(3):
        assert phone.says("北京").heard[0] == "challenge.again"
    assert phone.says("北京").heard == ("enrol.unfinished", "human.connecting")
    assert cases(rt)["enrolment_unfinished"].call_id == phone.call().id
    assert not queue.jobs


def test_silence_and_keys_are_no_wrong_words_and_end_with_a_human(phone: Telephone, rt: Runtime, code: str) -> None:
    agreed(phone, code)
    for _ in range(3):
        assert phone.stays_silent().heard[:2] == ("silent.first", "challenge.repeat")
        assert phone.presses_while_listened_to("7").heard[:2] == ("unclear.second", "challenge.repeat")
        assert phone.says("北京").heard[0] == "challenge.again"
    phone.stays_silent().stays_silent()
    assert phone.stays_silent().heard == ("enrol.unfinished", "human.connecting")
    assert "enrolment_unfinished" in cases(rt)


def test_voices_that_differ_are_seen_to_by_a_human(phone: Telephone, code: str, worker: Worker) -> None:
    agreed(phone, code).repeats().repeats().repeats()
    worker.weighs("differ")
    assert phone.waits().heard == ("enrol.differ", "human.connecting")


def test_poor_audio_is_tried_once_more_and_leaves_the_code_good(
    phone: Telephone, rt: Runtime, client: FlaskClient, code: str, worker: Worker
) -> None:
    agreed(phone, code).repeats().repeats().repeats()
    worker.weighs("again")
    assert phone.waits().heard[:2] == ("enrol.poor", "challenge.repeat")
    phone.repeats().repeats().repeats()
    worker.weighs("again")
    assert phone.waits().heard == ("enrol.unfinished", "human.connecting")
    assert Telephone(rt, client, sid="CA2").dial().press(code).heard == ("enrol.consent",)
