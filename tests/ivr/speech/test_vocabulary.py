"""The vocabulary: every word can be said, and the challenge is large enough."""

from __future__ import annotations

from math import perm

import pytest

from ivr.dialects import dialects
from ivr.speech.training.phones import split, units
from ivr.speech.vocabulary import (
    NAMES,
    GrammarUnknown,
    challenge_words,
    labels,
    meanings,
    meanings_anywhere,
    plain,
    pronunciations,
)

NEAR_HOMOPHONES = (("语音", "语言"), ("中国", "总工"), ("北京", "背景"), ("上海", "商行"), ("复旦", "饭店"))


@pytest.mark.parametrize("spoken", dialects())
@pytest.mark.parametrize("name", NAMES)
def test_every_grammar_has_words_in_every_dialect(name: str, spoken: str) -> None:
    assert meanings(name, spoken)
    *words, _other = labels(name, spoken)
    assert [plain(word) for word in words] == list(meanings(name, spoken))


def test_every_challenge_word_has_a_pronunciation() -> None:
    assert all(split(syllable) for word in challenge_words().values() for syllable in pronunciations()[word])


@pytest.mark.parametrize("spoken", dialects())
def test_every_word_of_a_dialect_is_spelled_in_sounds_that_the_model_knows(spoken: str) -> None:
    of = dialects()[spoken]
    assert all(
        units(way.spelling, way.said)
        for grammar in of.words
        for _, _, ways in of.pronunciations(grammar)
        for way in ways
    )


@pytest.mark.parametrize("name", NAMES)
def test_no_word_means_one_thing_in_one_dialect_and_another_in_another(name: str) -> None:
    anywhere = meanings_anywhere(name)
    for spoken in dialects():
        assert all(anywhere[word] == meaning for word, meaning in meanings(name, spoken).items())


def test_two_groups_of_three_make_enough_challenges() -> None:
    assert perm(len(challenge_words()), 3) ** 2 >= 40_000


@pytest.mark.parametrize("pair", NEAR_HOMOPHONES)
def test_no_two_challenge_words_sound_alike(pair: tuple[str, str]) -> None:
    assert sum(word in challenge_words().values() for word in pair) == 1


def test_names_of_challenge_words_serve_as_file_names() -> None:
    assert all(name.isascii() and name.isalpha() and name.islower() for name in challenge_words())


def test_words_mean_what_they_say() -> None:
    assert meanings("digits")["幺"] == meanings("digits")["一"] == "1"
    assert meanings("yesno")["不同意"] == "no"
    assert meanings("menu")["广东话"] == "cantonese"
    assert meanings("yesno", "sichuanese")["要得"] == meanings("yesno", "sichuanese")["是的"] == "yes"
    assert meanings("challenge", "cantonese")["语言"] == "yuyan"


def test_a_grammar_without_a_name_is_an_error() -> None:
    with pytest.raises(GrammarUnknown, match="menus"):
        meanings("menus")
