"""Calls of people who cannot or will not speak, of strangers, and of people who want a human."""

from __future__ import annotations

import numpy as np
from sqlalchemy import select

from certification.evidence import Kind, Strength
from certification.store import Call, Case
from tests.conversations.speakers import Speaker
from tests.conversations.town import Town
from tests.conversations.walks import identified
from tests.ivr.speech.sounds import needs_espeak, phrase

VOICE_FAILED = {"challenge.failed", "result.human", "challenge.poor", "challenge.again"}


def test_silence_leads_to_the_pin_and_never_says_that_the_voice_failed(town: Town, speaker: Speaker) -> None:
    mary = town.resident(voice=speaker, pin="274913")
    call = identified(mary.phone.dial(), mary)
    call.hears("pin.ask", timeout_s=60).press("274913").hears("result.pin_recorded").ended()
    assert not VOICE_FAILED & {line.name for line in call.transcript}
    [evidence] = town.evidence(mary)
    assert (evidence.kind, evidence.strength) == (Kind.PIN, Strength.POSSESSION)
    assert not town.certified(mary), "here a PIN counts only while live evidence lies within twelve months"
    assert town.failures(mary) == 0


@needs_espeak
def test_who_says_that_they_cannot_speak_goes_on_by_pin(town: Town, speaker: Speaker) -> None:
    mary = town.resident(voice=speaker, pin="274913")
    call = identified(mary.phone.dial(), mary)
    call.hears("challenge.repeat").hears("word.*", times=3).says(phrase("不方便说话"))
    call.hears("pin.ask").press("274913").hears("result.pin_recorded").ended()
    assert not VOICE_FAILED & {line.name for line in call.transcript}
    assert town.failures(mary) == 0


def test_a_key_leads_to_the_pin_and_a_wrong_pin_is_counted(town: Town, speaker: Speaker) -> None:
    mary = town.resident(voice=speaker, pin="274913")
    call = identified(mary.phone.dial(), mary)
    call.hears("challenge.repeat").press("5").hears("pin.ask").press("111222")
    call.hears("pin.wrong").press("274913").hears("result.pin_recorded").ended()
    assert [evidence.kind for evidence in town.evidence(mary)] == [Kind.PIN]


def test_guessed_pins_lock_the_pin_on_every_telephone(town: Town) -> None:
    mary = town.resident(pin="274913")
    for _ in range(2):
        call = identified(mary.phone.dial(), mary)
        for guess in ("582041", "690317", "158264"):
            if call.hears_first("pin.ask", "pin.wrong", "pin.locked") == "pin.locked":
                break
            call.press(guess)
        call.hears("human.connecting", timeout_s=60).ended()
    call = identified(mary.phone.dial(), mary)
    call.hears("pin.ask").press("274913").hears("pin.locked").ended()
    assert not town.evidence(mary)


def test_keys_during_the_prompt_are_heard_and_what_was_never_recorded_is_said_by_the_carrier(town: Town) -> None:
    mary = town.resident(pin="274913")
    call = mary.phone.dial().hears("greeting").press("3").hears("打这个电话，跟着读几个词。")
    call.hears("menu.main").press("0").hears("human.connecting").ended()


def test_who_is_certified_already_is_told_so_and_until_when(town: Town) -> None:
    mary = town.resident(pin="274913")
    town.at_the_desk(mary)
    call = identified(mary.phone.dial(), mary)
    call.hears("result.already").hears("date.next").hears("goodbye").ended()
    assert len(town.evidence(mary)) == 1


def test_the_next_date_is_said_without_anything_personal(town: Town) -> None:
    mary = town.resident(pin="274913")
    call = mary.phone.dial().hears("menu.main").press("2").hears("who.tail").press(mary.tail)
    call.hears("date.next").hears("month.*").hears("day.*").hears("menu.main").press("0").ended()


def test_an_unknown_caller_keys_the_whole_number_and_is_not_told_whom_we_know(town: Town) -> None:
    mary = town.resident(pin="274913")
    stranger = town.switch.phone("+8613700000001")
    call = stranger.dial().hears("language.mandarin").press("1").hears("menu.main").press("1")
    call.hears("who.full").press("530102194901010012#").hears("who.unknown").hears("who.full")
    call.press(mary.number.replace("X", "*") + "#").hears("pin.ask").hang_up().ended()
    assert not any(mary.number[-4:] in (line.text or "") for line in call.transcript if line.who == "line")


def test_nobody_in_the_office_means_a_promise_kept_as_a_case(town: Town) -> None:
    mary = town.resident(region="closed", pin="274913")
    call = mary.phone.dial().hears("menu.main").press("0").hears("human.callback").hears("goodbye").ended()
    assert call.status == "completed"
    with town.rt.sessions() as session:
        kinds = session.scalars(select(Case.kind).join(Call, Call.id == Case.call_id).where(Call.sid == call.sid)).all()
    assert "call_back" in kinds


def test_hum_is_not_an_answer(town: Town) -> None:
    mary = town.resident(pin="274913")
    hum = 0.05 * np.sin(2 * np.pi * 50 * np.arange(8000) / 8000)
    call = mary.phone.dial(background=hum.astype(np.float32))
    call.hears("menu.main").hears("silent.first", timeout_s=60).hang_up().ended()
