"""What another engine writes down is read as phrases, by characters or by sounds; the rest is none."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.speech.engines.phrases import Phrases, cleaned, segmented
from ivr.speech.engines.sherpa import syllables


def found(phrases: Phrases, text: str) -> list[str | None]:
    return [span.phrase for span in phrases.found(cleaned(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("怎么办", ["怎么办"]),
        ("怎么 认证。", ["怎么认证"]),
        ("那个怎么认证啊", [None, "怎么认证", None]),
        ("天气", [None]),
        ("", []),
        ("认证怎么办", ["认证", "怎么办"]),
    ],
)
def test_phrases_are_found_in_what_was_written_down(text: str, expected: list[str | None]) -> None:
    assert found(Phrases(["认证", "怎么认证", "怎么办"]), text) == expected


def test_digits_are_read_as_they_are_said() -> None:
    assert found(Phrases("零一二三幺"), "１3 0一幺") == ["一", "三", "零", "一", "幺"]


def test_what_sounds_the_same_is_the_same_unless_two_phrases_do() -> None:
    by_sound = Phrases(["数字", "背景"], ["北京"], syllables)
    assert found(by_sound, "树子") == ["数字"]
    assert found(by_sound, "背景") == ["背景"]
    assert found(by_sound, "北京") == [None]
    assert found(by_sound, "被警") == [None], "nobody can say which of the two it was"
    assert found(Phrases(["数字"]), "树子") == [None]


def test_letters_among_the_characters_shift_no_sounds() -> None:
    by_sound = Phrases(["数字", "上海"], (), syllables)
    assert found(by_sound, "ok 树子 2x 尚海") == [None, "数字", None, "上海"]


@given(st.lists(st.sampled_from(["是", "是的", "对", "不", "不是", "不对"])))
def test_phrases_said_one_after_the_other_leave_nothing_over(said: list[str]) -> None:
    spans = Phrases(["是", "是的", "对", "不", "不是", "不对", "的"]).found("".join(said))
    assert None not in [span.phrase for span in spans]
    assert "".join(str(span.phrase) for span in spans) == "".join(said)
    assert len(spans) <= len(said)


@given(st.text(alphabet="是的不对天气"))
def test_every_character_is_in_one_span(text: str) -> None:
    spans = Phrases(["是", "是的", "不对"]).found(text)
    assert [at for span in spans for at in range(span.first, span.last)] == list(range(len(text)))
    assert not any(one.phrase is other.phrase is None for one, other in pairwise(spans))


def test_a_phrase_becomes_the_fewest_words_of_a_lexicon() -> None:
    lexicon = {"怎么", "怎", "么", "认证", "认", "证"}
    assert segmented("怎么认证", lexicon.__contains__) == ("怎么", "认证")
    assert segmented("怎么办", lexicon.__contains__) is None
    assert segmented("", lexicon.__contains__) == ()
