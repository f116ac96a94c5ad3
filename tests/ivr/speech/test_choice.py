"""The challenge words are the ones that the measurement chooses."""

from __future__ import annotations

from hashlib import sha256
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.speech.choice import (
    LEAST_CHALLENGES,
    LEAST_WORDS,
    MOST_CONFUSED,
    Confusions,
    challenges,
    heard,
    largest,
    measured,
)
from ivr.speech.vocabulary import challenge_words

MODEL = Path(__file__).parents[3] / "ivr" / "speech" / "model" / "am" / "final.mdl"


def table(**rows: dict[str, int]) -> Confusions:
    return Confusions(rows)


def test_a_pair_that_is_confused_is_not_chosen_together() -> None:
    confusions = table(a={"a": 97, "b": 3}, b={"b": 100}, c={"c": 99, "a": 1})
    assert largest(confusions)[0] == ("b", "c")


def test_of_two_sets_as_large_the_one_heard_best_is_chosen() -> None:
    confusions = table(a={"a": 90, "b": 5, "": 5}, b={"b": 95, "a": 5}, c={"c": 100})
    assert largest(confusions)[0] == ("b", "c")


def test_what_is_not_understood_is_no_confusion() -> None:
    assert largest(table(a={"a": 50, "": 50}, b={"b": 50, "": 50})) == [("a", "b")]


def test_a_pair_that_sounds_alike_is_never_chosen_together() -> None:
    assert largest(table(a={"a": 9, "": 1}, b={"b": 10}, c={"c": 10}), alike=[("a", "b")])[0] == ("b", "c")


@given(st.lists(st.lists(st.integers(0, 40), min_size=5, max_size=5), min_size=5, max_size=5))
def test_no_larger_set_would_do(rows: list[list[int]]) -> None:
    words = "abcde"
    confusions = Confusions(
        {
            w: {w: 100, **{o: n for o, n in zip(words, row, strict=True) if o != w}}
            for w, row in zip(words, rows, strict=True)
        }
    )

    def apart(chosen: tuple[str, ...]) -> bool:
        return all(confusions.confused(*pair) <= MOST_CONFUSED for pair in combinations(chosen, 2))

    found = largest(confusions)[0]
    assert apart(found)
    assert not any(apart(larger) for larger in combinations(words, len(found) + 1))


@pytest.mark.parametrize(("words", "count"), [(6, 14_400), (7, 44_100), (8, 112_896)])
def test_two_groups_of_three_different_words(words: int, count: int) -> None:
    assert challenges(words) == count


def test_what_is_asked_for_is_what_was_measured_and_chosen() -> None:
    kept, asked = measured(), tuple(challenge_words().values())
    assert kept["model"] == sha256(MODEL.read_bytes()).hexdigest()
    assert kept["speakers"] == ["s23", "s24", "s25", "s26", "s27", "s28"]
    confusions = Confusions(kept["counts"])
    sets = largest(confusions, alike=kept["alike"])
    assert set(asked) in [set(one) for one in sets]
    assert heard(confusions, asked) >= heard(confusions, sets[0]) - 0.01, "as well as the best of them"
    assert len(asked) >= LEAST_WORDS
    assert challenges(len(asked)) >= LEAST_CHALLENGES
