"""The vocabulary: every word can be said, and the challenge is large enough."""

from __future__ import annotations

from math import perm

import pytest

from ivr.speech.training.phones import split
from ivr.speech.vocabulary import NAMES, GrammarUnknown, challenge_words, grammar, meanings, pronunciations

NEAR_HOMOPHONES = (("语音", "语言"), ("中国", "总工"), ("北京", "背景"), ("上海", "商行"), ("复旦", "饭店"))


@pytest.mark.parametrize("name", NAMES)
def test_every_word_of_a_grammar_has_a_pronunciation(name: str) -> None:
    said = pronunciations()
    assert grammar(name).phrases
    for word in grammar(name).phrases:
        assert all(split(syllable) for way in said[word] for syllable in way)


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
    assert meanings("challenge")["北京"] == "beijing"


def test_a_grammar_without_a_name_is_an_error() -> None:
    with pytest.raises(GrammarUnknown, match="menus"):
        grammar("menus")
