"""One probability from garbage, words, lengths and the runner-up."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.speech.confidence import FEATURES, UNFITTED, Confidence, Hypothesis, Piece, features, load
from ivr.speech.vocabulary import NAMES

MODEL = Path(__file__).parents[3] / "ivr" / "speech" / "model"


def hypothesis(score: float, *said: str | tuple[str | None, float]) -> Hypothesis:
    """Words at 70 dB for half a second; ("word" or None, level) for others."""
    pieces = tuple(Piece(one, 70.0, 0.5) if isinstance(one, str) else Piece(one[0], one[1], 0.3) for one in said)
    return Hypothesis(pieces, tuple(piece.word for piece in pieces if piece.word), score)


def named(hypotheses: list[Hypothesis]) -> dict[str, float]:
    return dict(zip(FEATURES, features(hypotheses), strict=True))


def test_words_alone_have_no_garbage_and_no_runner_up() -> None:
    found = named([hypothesis(50, "北京", "上海")])
    assert found == {
        **{"words": 9.0, "runner_up": 10.0, "garbage": 0.0, "garbage_s": 0.0, "garbage_db": -40.0, "faintest_db": 0.0},
        **{"shortest_s": 0.5, "longest_s": 0.5, "count": 2.0},
    }


def test_another_hypothesis_close_by_is_the_runner_up() -> None:
    found = named([hypothesis(50, "北京"), hypothesis(49, "背景"), hypothesis(48.5, "北京", (None, 40))])
    assert found["runner_up"] == pytest.approx(1.0)
    assert found["words"] == pytest.approx(np.log((1 + np.exp(-1.5)) / np.exp(-1)))


def test_other_speech_beside_a_word_is_garbage() -> None:
    found = named([hypothesis(50, "北京", (None, 64)), hypothesis(46, "北京")])
    assert found["garbage"] == pytest.approx(4.0)
    assert found["garbage_db"] == pytest.approx(-6.0)
    assert found["garbage_s"] == pytest.approx(0.3)


def test_two_ways_of_saying_the_same_are_no_rivals() -> None:
    yes, surely = (Hypothesis((Piece(word, 70, 0.4),), ("yes",), 50 - i) for i, word in enumerate(("是", "是的")))
    assert named([yes, surely])["runner_up"] == 10.0


def test_nothing_heard_is_no_word_at_all() -> None:
    assert UNFITTED.probability([]) == UNFITTED.probability([hypothesis(3, (None, 60))]) == 0.0


@given(st.lists(st.floats(-5, 5), min_size=len(FEATURES), max_size=len(FEATURES)), st.floats(-1e3, 1e3))
def test_a_probability_lies_between_0_and_1(weights: list[float], bias: float) -> None:
    confidence = Confidence(tuple(weights), bias, 0.5)
    assert 0 <= confidence.probability([hypothesis(50, "北京", (None, 60)), hypothesis(49, "上海")]) <= 1


def test_the_shipped_confidence_was_fitted_for_the_shipped_model() -> None:
    kept = json.loads((MODEL / "confidence.json").read_text(encoding="utf-8"))
    assert kept["model"] == sha256((MODEL / "am" / "final.mdl").read_bytes()).hexdigest()
    assert set(load(MODEL)) == set(NAMES)
    for name, grammar in kept["grammars"].items():
        assert grammar["left_out"]["accepted"] <= 0.01 * grammar["left_out"]["outside"], name
