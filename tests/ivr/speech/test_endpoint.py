"""End-pointing: speech begins and ends a turn, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from certification.regions import Regions
from ivr.prompts import Prompts
from ivr.speech.endpoint import LIMIT_S, NO_INPUT_S, Ended, Endpointer
from ivr.speech.g711 import Pcm, decode_mulaw
from ivr.speech.tones import FRAME
from tests.ivr.speech.sounds import NOT_SPEECH, silence


def said(name: str) -> Pcm:
    """One of the line's own prompts, as somebody speaking."""
    audio = Prompts(None, Regions.load()).audio("mandarin", name)
    assert audio is not None
    return decode_mulaw(audio)


def ended(ears: Endpointer, *parts: Pcm) -> tuple[Ended | None, float]:
    """How the turn ended and after how many seconds."""
    audio = np.concatenate(parts)
    frames = range(0, len(audio) - FRAME + 1, FRAME)
    for start in frames:
        if end := ears.feed(audio[start : start + FRAME]):
            return end, (start + FRAME) / 8000
    return None, len(audio) / 8000


@pytest.mark.parametrize("made", NOT_SPEECH.values(), ids=NOT_SPEECH.keys())
@pytest.mark.parametrize("before", [0.0, 1.0])
def test_what_is_no_speech_is_no_input(made: Callable[[float], Pcm], before: float) -> None:
    ears = Endpointer(0.9)
    assert ended(ears, silence(before), made(10)) == ("no_input", NO_INPUT_S)
    assert not ears.spoken


@pytest.mark.parametrize("pause", [0.9, 1.5])
def test_silence_after_speech_ends_the_turn(pause: float) -> None:
    word = said("word.yuyan")
    how, when = ended(Endpointer(pause), silence(0.5), word, silence(3))
    assert how == "speech"
    assert when == pytest.approx(0.5 + len(word) / 8000 + pause, abs=0.35)


def test_a_pause_between_words_does_not() -> None:
    word = said("word.shuzi")
    how, when = ended(Endpointer(1.5), word, silence(1.0), word, silence(1.0), word, silence(3))
    assert how == "speech"
    assert when > 3 * len(word) / 8000 + 2


def test_talking_on_meets_the_limit() -> None:
    assert ended(Endpointer(3.0), np.tile(said("word.shuzi"), 60)) == ("limit", LIMIT_S)


def test_half_a_second_of_speech_begins_and_a_short_sound_does_not() -> None:
    talk = said("greeting")
    ears = Endpointer(0.9)
    ended(ears, silence(0.2), talk[:16000])
    assert ears.begun
    ears = Endpointer(0.9)
    loud = int(np.flatnonzero(np.abs(talk) > 1000)[0])
    ended(ears, silence(0.2), talk[loud : loud + 1600], silence(0.6))
    assert not ears.begun


def test_the_caller_may_speak_at_once() -> None:
    word = said("word.yuyan")
    assert ended(Endpointer(0.9), word, silence(2))[0] == "speech"
