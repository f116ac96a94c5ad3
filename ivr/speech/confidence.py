"""How likely it is that what was heard was said: garbage, words, their length and the runner-up as one probability."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from pathlib import Path
from typing import Any

FILE = "confidence.json"
FEATURES = (
    "words",  # log odds of this meaning among all hypotheses
    "runner_up",  # by how much the best hypothesis of another meaning is worse (natural log)
    "garbage",  # by how much the same without other speech in it would be worse (natural log)
    "garbage_s",  # how long the longest piece of other speech was to be heard (seconds)
    "garbage_db",  # its loudest moment beside the loudest of all
    "faintest_db",  # the faintest word beside the loudest moment
    "shortest_s",  # the shortest and the longest word (seconds)
    "longest_s",
    "count",  # how many words
)
_FAR = 10.0  # natural log: so much worse is as good as impossible
_FAINT = 40.0  # dB
_SURE = 9.0


@dataclass(frozen=True, slots=True)
class Piece:
    """A word, or other speech (no `word`): its peak in dB, and how many seconds of it are loud enough to be heard."""

    word: str | None
    level: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One way of hearing a turn, what that means at this step, and its score (natural log, greater is likelier)."""

    pieces: tuple[Piece, ...]
    meaning: tuple[str, ...]
    score: float

    @property
    def words(self) -> tuple[str, ...]:
        """What was said, other speech left out."""
        return tuple(piece.word for piece in self.pieces if piece.word is not None)

    @property
    def clean(self) -> bool:
        """Whether there is nothing but words."""
        return all(piece.word is not None for piece in self.pieces)


def features(hypotheses: Sequence[Hypothesis]) -> list[float]:
    """The numbers that the probability rests on, in the order of FEATURES; best hypothesis first, with words in it."""
    best = hypotheses[0]
    words = [piece for piece in best.pieces if piece.word is not None]
    others = [piece for piece in best.pieces if piece.word is None]
    loudest = max(piece.level for piece in best.pieces)
    weights = [exp(max(hypothesis.score - best.score, -50.0)) for hypothesis in hypotheses]
    mine = sum(weight for weight, one in zip(weights, hypotheses, strict=True) if one.meaning == best.meaning)
    rest = sum(weights) - mine
    return [
        min(log(mine / rest), _SURE) if rest > 0 else _SURE,
        _behind(best, [one for one in hypotheses if one.meaning != best.meaning]),
        0.0 if best.clean else _behind(best, [one for one in hypotheses if one.meaning == best.meaning and one.clean]),
        min(max([piece.seconds for piece in others], default=0.0), 2.0),
        max([piece.level - loudest for piece in others], default=-_FAINT),
        max(min(piece.level for piece in words) - loudest, -_FAINT),
        min(piece.seconds for piece in words),
        min(max(piece.seconds for piece in words), 2.0),
        float(len(words)),
    ]


def _behind(best: Hypothesis, others: Sequence[Hypothesis]) -> float:
    return min(best.score - max((one.score for one in others), default=-1e9), _FAR)


@dataclass(frozen=True, slots=True)
class Confidence:
    """A logistic regression over FEATURES for one grammar, and the probability from which words count as understood.

    Fitted on the tuning speakers by `stillhere speech calibrate`.
    """

    weights: tuple[float, ...]
    bias: float
    threshold: float

    def probability(self, hypotheses: Sequence[Hypothesis]) -> float:
        """That the best hypothesis has the words that were said, from 0 to 1; 0 where it has none."""
        if not hypotheses or not hypotheses[0].words:
            return 0.0
        pairs = zip(self.weights, features(hypotheses), strict=True)
        return 1 / (1 + exp(-max(min(self.bias + sum(weight * value for weight, value in pairs), 50.0), -50.0)))


def load(folder: Path) -> Mapping[str, Confidence]:
    """What was fitted for a model, by grammar."""
    if not (folder / FILE).is_file():
        return {}
    kept: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    return {
        name: Confidence(tuple(one["weights"][feature] for feature in FEATURES), one["bias"], one["threshold"])
        for name, one in kept["grammars"].items()
    }


# For a model whose confidence nobody has fitted: nothing but words, none of them as faint as breath.
_UNFITTED = {"words": 0.5, "garbage_db": -1.0, "faintest_db": 0.5}
UNFITTED = Confidence(tuple(_UNFITTED.get(feature, 0.0) for feature in FEATURES), -20.0, 0.5)
