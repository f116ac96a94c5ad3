"""Enrolment by the person's own telephone, and the certification call after it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sqlalchemy import select

from certification.store import Consent, VoiceTemplate
from ops.demo.telling import listen
from tests.conversations.speakers import Speaker
from tests.conversations.town import Town
from tests.conversations.walks import talks, understood
from voiceprint.audio import Samples


def test_enrolment_by_telephone_then_certification(town: Town, speaker: Speaker) -> None:
    mary = town.resident()
    code = town.code(mary)
    call = mary.phone.dial().hears("enrol.code").press(code)
    listen(call.hears("enrol.consent")).press("1")
    assert talks(call, speaker.enrols, words=4) == "enrol.wait"
    call.hears("enrol.done").ended()
    with town.rt.sessions() as session:
        assert session.scalars(select(Consent).where(Consent.person_id == mary.id)).one().how == "phone"
        assert session.scalars(select(VoiceTemplate).where(VoiceTemplate.person_id == mary.id)).one().utterances == 3

    understood(mary, speaker.repeats).hears("result.certified").ended()
    assert town.certified(mary)


def test_two_people_cannot_enrol_as_one(town: Town, shared: Path, speaker: Speaker) -> None:
    mary, other = town.resident(), Speaker(shared, "s24")
    code = town.code(mary)
    call = mary.phone.dial().hears("enrol.code").press(code)
    listen(call.hears("enrol.consent")).press("1")
    assert talks(call, speaker.enrols, other.enrols, words=4) == "enrol.wait"
    call.hears("enrol.differ").ended()
    assert "enrolment_differs" in town.cases(mary)
    with town.rt.sessions() as session:
        assert not session.scalars(select(VoiceTemplate).where(VoiceTemplate.person_id == mary.id)).all()


def test_declining_closes_nothing(town: Town) -> None:
    mary = town.resident(pin="274913")
    code = town.code(mary)
    call = mary.phone.dial().hears("enrol.code").press(code)
    listen(call.hears("enrol.consent")).press("2").hears("enrol.declined").ended()
    with town.rt.sessions() as session:
        assert not session.scalars(select(Consent).where(Consent.person_id == mary.id)).all()


def test_a_guess_is_no_code_and_a_dropped_enrolment_keeps_its_code(town: Town) -> None:
    mary = town.resident()
    code = town.code(mary)
    call = mary.phone.dial().hears("enrol.code").press("00000000")
    call.hears("enrol.code.wrong").press(code).hears("enrol.consent").hang_up().ended()
    call = mary.phone.dial().hears("enrol.code").press(code)
    call.hears("enrol.consent").hang_up().ended()


def test_silence_is_no_enrolment(town: Town) -> None:
    mary = town.resident()

    def silence(_words: list[str]) -> Samples:
        return np.zeros(16000, np.float32)

    code = town.code(mary)
    call = mary.phone.dial().hears("enrol.code").press(code)
    listen(call.hears("enrol.consent")).press("1").repeats(silence, words=4).hang_up().ended()
    assert not town.assessments(mary)
