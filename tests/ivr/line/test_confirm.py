"""Calls that show whether the template made at the desk fits over the person's own phone."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from certification import codes, confirmation, consent, templates
from certification.runtime import Runtime
from certification.store import Assessment, Attempt, Consent, Person, VoiceTemplate, new_id
from tests.certification.conftest import Clock, Queue
from tests.ivr.line.telephone import Telephone, Worker
from tests.ivr.line.walks import cases

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # test_certify.py runs on both

UNSURE = ("confirm.unsure", "goodbye")


@pytest.fixture
def code(rt: Runtime, enrolled: Person) -> str:
    """The code that Mr Wu was given with the template from files."""
    with rt.sessions.begin() as session:
        session.execute(update(VoiceTemplate).values(confirmed_at=None, source="files"))
        person = session.get_one(Person, enrolled.id)
        return codes.issue(session, rt, person, "clerk", confirms=confirmation.awaited(session, person))


def waiting(phone: Telephone, code: str) -> Telephone:
    """A call up to the voice being weighed."""
    return phone.dial().press(code).repeats().repeats()


def test_a_template_is_confirmed_without_another_consent(
    phone: Telephone, rt: Runtime, code: str, enrolled: Person, worker: Worker, queue: Queue
) -> None:
    assert phone.dial().heard == ("greeting", "language.change", "enrol.code")
    assert phone.press(code).heard[:2] == ("notice.recording", "pause.long")
    for group in range(2):
        assert phone.plan is not None and phone.plan.keep
        assert len(set(phone.plan.asked)) == 3, group
        phone.repeats()
    assert phone.heard == ("assess.wait",)
    with rt.sessions() as session:
        [assessment] = session.scalars(select(Assessment))
        assert (assessment.purpose, assessment.person_id, len(assessment.recordings)) == ("confirm", enrolled.id, 2)
        assert queue.jobs == [("ops.jobs.assess", assessment.id)]
        assert len(session.scalars(select(Consent)).all()) == 1
    assert phone.waits().heard == ()
    worker.weighs("confirmed")
    assert phone.waits().heard == ("confirm.done", "goodbye")
    assert phone.hung_up_on()
    assert phone.call().outcome == "confirmed"


def test_a_voice_in_doubt_is_told_to_the_desk_and_refuses_nobody(
    phone: Telephone, rt: Runtime, code: str, worker: Worker
) -> None:
    waiting(phone, code)
    worker.weighs("differ")
    assert phone.waits().heard == UNSURE
    assert phone.call().outcome == "informed"
    with rt.sessions() as session:
        assert not session.scalars(select(Attempt)).all()


def test_poor_audio_is_tried_once_more_and_leaves_the_code_good(
    phone: Telephone, rt: Runtime, client: FlaskClient, code: str, worker: Worker
) -> None:
    waiting(phone, code)
    worker.weighs("again")
    assert phone.waits().heard[:2] == ("enrol.poor", "challenge.repeat")
    phone.repeats().repeats()
    worker.weighs("again")
    assert phone.waits().heard == UNSURE
    assert "enrolment_unfinished" in cases(rt)
    again = Telephone(rt, client, sid="CA2").dial().press(code)
    assert again.heard[0] == "notice.recording"


def test_words_may_go_wrong_once_and_silence_is_no_wrong_word(
    phone: Telephone, rt: Runtime, code: str, queue: Queue
) -> None:
    phone.dial().press(code)
    assert phone.stays_silent().heard[:2] == ("silent.first", "challenge.repeat")
    assert phone.presses_while_listened_to("7").heard[:2] == ("unclear.second", "challenge.repeat")
    assert phone.says("北京").heard[0] == "challenge.again"
    phone.repeats()
    assert phone.says("北京").heard == UNSURE
    assert cases(rt)["enrolment_unfinished"].call_id == phone.call().id
    assert not queue.jobs


def test_a_code_is_good_for_one_confirmation(phone: Telephone, rt: Runtime, client: FlaskClient, code: str) -> None:
    again = Telephone(rt, client, sid="CA2").dial().press(code).repeats()
    waiting(phone, code)
    assert phone.heard == ("assess.wait",)
    assert again.repeats().heard == UNSURE


def test_a_result_that_comes_late_is_promised(phone: Telephone, rt: Runtime, code: str, clock: Clock) -> None:
    waiting(phone, code)
    clock.forward(seconds=26)
    assert phone.waits().heard == ("result.promise", "goodbye")
    assert "promised_result" in cases(rt)


@pytest.mark.parametrize("why", ["confirmed since", "enrolled again", "a code to enrol with"])
def test_where_there_is_nothing_to_confirm_the_call_enrols(
    phone: Telephone, rt: Runtime, code: str, enrolled: Person, why: str
) -> None:
    with rt.sessions.begin() as session:
        person = session.get_one(Person, enrolled.id)
        template = templates.current(session, person)
        assert template is not None
        match why:
            case "confirmed since":
                template.confirmed_at = rt.now()
            case "enrolled again":
                templates.keep(
                    session, rt, person, template_id=new_id(), encoder="none", sealed=b"", utterances=3, source="files"
                )
            case _:
                code = codes.issue(session, rt, person, "clerk")
    assert phone.dial().press(code).heard == ("enrol.consent",)


def test_with_the_consent_the_code_goes_too(rt: Runtime, client: FlaskClient, code: str, enrolled: Person) -> None:
    with rt.sessions.begin() as session:
        consent.withdraw(session, rt, session.get_one(Person, enrolled.id), by="clerk")
    phone = Telephone(rt, client).dial()
    assert "enrol.code" not in phone.heard, "nobody is asked for it"
    phone.press("1").presses_while_listened_to("8").press(code)
    assert "notice.recording" not in phone.heard


def test_8_in_the_menu_confirms_from_any_telephone(rt: Runtime, client: FlaskClient, code: str) -> None:
    phone = Telephone(rt, client, number="+8613700000009").dial().press("1")
    assert phone.presses_while_listened_to("8").heard == ("enrol.code",)
    assert phone.press(code).heard[0] == "notice.recording"


def test_it_is_confirmed_in_the_language_that_was_chosen(phone: Telephone, code: str, worker: Worker) -> None:
    waiting(phone, code).press("9").press("3")
    assert phone.heard == ("sichuanese:assess.wait",)
    assert len(worker.weighs("confirmed")) == 1
    assert phone.waits().heard == ("sichuanese:confirm.done", "sichuanese:goodbye")
