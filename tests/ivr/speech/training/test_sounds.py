"""Pinyin to sounds, and the times that espeak-ng gives them."""

from __future__ import annotations

import ctypes.util

import numpy as np
import pytest

from ivr.dialects import dialect
from ivr.speech.training.espeak import Voice, say
from ivr.speech.training.phones import (
    CANTONESE_FINALS,
    CANTONESE_INITIALS,
    FINALS,
    INITIALS,
    Inventory,
    NotJyutping,
    NotPinyin,
    split,
    split_jyutping,
    states_of,
    units,
)
from ivr.speech.vocabulary import challenge_words
from tests.ivr.speech.sounds import said as syllables

needs_espeak = pytest.mark.skipif(ctypes.util.find_library("espeak-ng") is None, reason="libespeak-ng is not installed")


@pytest.mark.parametrize(
    ("syllable", "sounds"),
    [
        ("shu4", ("sh", "u")),
        ("zi4", ("z", "iz")),
        ("shi2", ("sh", "ih")),
        ("yu3", ("v",)),
        ("yue4", ("ve",)),
        ("you3", ("iu",)),
        ("ying1", ("ing",)),
        ("wei4", ("ui",)),
        ("wo3", ("uo",)),
        ("xiong2", ("x", "iong")),
        ("ju4", ("j", "v")),
        ("nü3", ("n", "v")),
        ("lve4", ("l", "ve")),
        ("er4", ("er",)),
    ],
)
def test_syllables_are_split(syllable: str, sounds: tuple[str, ...]) -> None:
    assert split(syllable) == sounds


@pytest.mark.parametrize("syllable", ["", "xyz", "hello", "zhx3"])
def test_what_is_no_pinyin_is_an_error(syllable: str) -> None:
    with pytest.raises(NotPinyin):
        split(syllable)


@pytest.mark.parametrize(
    ("syllable", "sounds"),
    [
        ("hai6", ("h", ".ai")),
        ("m4", (".m",)),
        ("ng5", (".ng",)),
        ("ngo5", ("ng", ".o")),
        ("gwok3", ("gw", ".ok")),
        ("kwong4", ("kw", ".ong")),
        ("jyun6", ("y", ".yun")),
        ("waa2", ("w", ".aa")),
        ("aa3", (".aa",)),
        ("jat1", ("y", ".at")),
    ],
)
def test_jyutping_is_split(syllable: str, sounds: tuple[str, ...]) -> None:
    assert split_jyutping(syllable) == sounds


@pytest.mark.parametrize("syllable", ["", "xyz", "hello", "dem1"])
def test_what_is_no_jyutping_is_an_error(syllable: str) -> None:
    with pytest.raises(NotJyutping):
        split_jyutping(syllable)


@needs_espeak
@pytest.mark.parametrize("grammar", ["digits", "yesno", "menu"])
def test_espeak_tells_when_each_sound_of_cantonese_is_said(grammar: str) -> None:
    for _, _, ways in dialect("cantonese").pronunciations(grammar):
        if ways[0].spelling == "cantonese":
            spoken = say(Voice("yue-latn-jyutping+m3", rate=130), ways[0].said, "cantonese")
            assert spoken.sounds is not None
            assert tuple(sound.unit for sound in spoken.sounds) == units("cantonese", ways[0].said)


def test_every_state_has_a_pdf_of_its_own() -> None:
    sounds = Inventory([("北京", ("bei3", "jing1"))])
    pdfs = [phone.first_pdf + state for phone in sounds.phones.values() for state in range(phone.states)]
    assert pdfs == list(range(sounds.pdfs))
    assert sounds.of_word("北京").states == 6
    assert sounds.words_pdfs == 2 + 6
    assert sounds.pdfs == 8 + 2 + sum(map(states_of, (*INITIALS, *FINALS, *CANTONESE_INITIALS, *CANTONESE_FINALS)))


@needs_espeak
@pytest.mark.parametrize("word", [*challenge_words().values(), "四川话", "不方便说话", "怎么办"])
def test_espeak_tells_when_each_sound_is_said(word: str) -> None:
    said = syllables(word)
    spoken = say(Voice("cmn-latn-pinyin+f2", rate=140), said)
    assert spoken.sounds is not None
    assert [sound.unit for sound in spoken.sounds] == [unit for syllable in said for unit in split(syllable)]
    times = [second for sound in spoken.sounds for second in (sound.start, sound.end)]
    assert times == sorted(times)
    assert times[-1] <= len(spoken.samples) / spoken.sample_rate
    assert np.abs(spoken.samples).max() > 0.05


@needs_espeak
def test_slower_speech_is_longer() -> None:
    slow, fast = (len(say(Voice("cmn-latn-pinyin", rate=rate), ("bei3", "jing1")).samples) for rate in (90, 220))
    assert slow > 1.5 * fast


@pytest.mark.parametrize("said", [("ng5",), ("m4", "hai6"), ("sap6", "ng5")])
def test_syllables_without_a_vowel_last_as_long_as_others(said: tuple[str, ...]) -> None:
    spoken = say(Voice("yue-latn-jyutping+f2"), said, "cantonese")
    assert spoken.sounds is not None
    assert all(sound.end - sound.start > 0.1 for sound in spoken.sounds if sound.unit in (".m", ".ng"))
