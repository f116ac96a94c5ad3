"""Whole calls in every dialect: chosen by key or by saying it, prompts and answers in it, the words in Mandarin."""

from __future__ import annotations

from ctypes.util import find_library

import numpy as np
import pytest

from ivr.dialects import HOME, Pronunciation, dialect, dialects
from ivr.scripts.common import ON_A_PAGE
from ivr.speech.training.channel import SAMPLE_RATE, Samples, resample
from ivr.speech.training.espeak import say
from ivr.speech.training.pieces import HELD_OUT_VARIANTS, random_voice
from ivr.speech.vocabulary import meanings
from ops.switch import Call
from tests.conversations.speakers import Speaker
from tests.conversations.town import Resident, Town
from tests.conversations.walks import identified, talks

pytestmark = pytest.mark.skipif(not find_library("espeak-ng"), reason="libespeak-ng is not installed")
TRIES = 3  # the line asks twice more when it has not understood a command


def spoken(code: str, meaning: str) -> list[tuple[str, Pronunciation]]:
    """What is said at the menu for this: the dialect's own words, then those that Mandarin lends, in its accent."""
    ways = {word: ways for means, word, ways in dialect(code).pronunciations("menu") if means == meaning}
    lent = meanings("menu") if dialect(code).borrows else {}
    own = [(word, ways[word][0]) for word in ways if word not in lent]
    return own + [(word, ways[word][:2][-1]) for word in ways if word in lent]


def said(code: str, meaning: str, attempt: int) -> tuple[str, Samples]:
    """Something that is said for this, in the dialect: no two attempts in the same words and voice."""
    words = spoken(code, meaning)
    word, way = words[attempt % len(words)]
    variant = HELD_OUT_VARIANTS[attempt % len(HELD_OUT_VARIANTS)]
    heard = say(random_voice(np.random.default_rng(attempt), [variant], way.spelling), way.said, way.spelling)
    audio = resample(0.5 * heard.samples, SAMPLE_RATE / heard.sample_rate)
    return word, np.concatenate([np.zeros(2400, np.float32), audio, np.zeros(2400, np.float32)])


def asks(call: Call, code: str, meaning: str, *expected: str) -> str:
    """Say a command until the line does something else than ask again."""
    for attempt in range(TRIES):
        word, audio = said(code, meaning, attempt)
        heard = call.says(audio, word).hears_first(
            *expected, "unclear.first", "unclear.second", "silent.*", "lost.human"
        )
        if not heard.startswith(("unclear", "silent", "lost")):
            return heard
    raise AssertionError(f"{meaning} in {code} was not understood:\n{call.text()}")


def chooses(call: Call, code: str) -> Call:
    """Key 9, and go through the pages of languages until this one is offered."""
    call.press("9")
    for page in range(-(-len(dialects()) // ON_A_PAGE)):
        heard = call.hears_first(f"language.{code}", "language.others")
        if heard == f"language.{code}":
            return call.press(call.hears_first(*(f"{code}:digit.{key}" for key in "123"))[-1])
        call.hears("digit.4").press("4")
        assert page < 3, call.text()
    raise AssertionError(f"{code} was not offered:\n{call.text()}")


def test_every_dialect_has_commands_of_its_own() -> None:
    assert all({"certify", "human"} <= set(meanings("menu", code).values()) for code in dialects())
    for code in dialects().keys() - {HOME}:
        assert said(code, "repeat", 0)[0] not in meanings("menu"), code


def test_what_mandarin_lends_is_said_in_the_accent() -> None:
    at_home = dialect(HOME).words["menu"]["certify"]
    for code in dialects():
        if dialect(code).accent.rules:
            lent = [(word, way.said) for word, way in spoken(code, "certify") if word in at_home]
            assert any(said != at_home[word][0].said for word, said in lent), code


@pytest.mark.parametrize("code", dialects())
def test_a_call_in_a_dialect_certifies(town: Town, speaker: Speaker, code: str) -> None:
    resident = town.resident(voice=speaker)
    call = chooses(resident.phone.dial().hears("menu.main"), code).hears(f"{code}:menu.main")
    asks(call, code, "repeat", f"{code}:menu.main", f"{code}:menu.main.again")
    asks(call, code, "certify", f"{code}:notice.recording")
    call.hears(f"{code}:who.tail").press(resident.tail)
    ending = talks(call, speaker.repeats)
    if ending == "challenge.failed":  # a real person who was not understood calls again, and is spoken to as before
        call.ended()
        call = resident.phone.dial().hears(f"{code}:menu.main")
        call.press("1").hears(f"{code}:who.tail").press(resident.tail)
        ending = talks(call, speaker.repeats)
    assert ending == "assess.wait", call.text()
    call.hears(f"{code}:result.certified").hears(f"{code}:goodbye").ended()
    assert town.certified(resident)
    assert not call.faults


def test_another_dialect_can_be_asked_for_in_the_middle_of_a_challenge(town: Town, speaker: Speaker) -> None:
    resident = town.resident(voice=speaker)
    call = identified(resident.phone.dial(), resident).hears("word.*", times=3)
    before = call.last_words()
    asks(call, "mandarin", "sichuanese", "sichuanese:challenge.repeat")
    call.hears("word.*", times=3)
    assert call.last_words() == before
    call.says(speaker.repeats(before), " ".join(before))
    assert talks(call, speaker.repeats) == "assess.wait", call.text()
    call.hears("sichuanese:result.certified").ended()
    assert town.certified(resident)
    next_call = resident.phone.dial()
    next_call.hears("sichuanese:greeting").hang_up().ended()


def test_a_human_can_be_asked_for_by_saying_so(town: Town) -> None:
    resident: Resident = town.resident(pin="739164")
    call = resident.phone.dial().hears("menu.main")
    assert asks(call, "mandarin", "human", "human.connecting") == "human.connecting"
    call.ended()
