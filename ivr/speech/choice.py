"""Which words a challenge is drawn from: the largest set of which no two are taken for each other, by measurement."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import combinations
from math import perm
from typing import Any

NOTHING = ""  # heard as nothing, or as other speech
MOST_CONFUSED = 0.01  # of the times that a word of a pair was said
LEAST_WORDS, LEAST_CHALLENGES, GROUPS, GROUP = 7, 40_000, 2, 3


@dataclass(frozen=True, slots=True)
class Confusions:
    """How often each word, when it was said, was heard as each: said -> heard -> times. NOTHING is no word."""

    counts: Mapping[str, Mapping[str, int]]

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(self.counts)

    def said(self, word: str) -> int:
        """How often the word was said."""
        return sum(self.counts[word].values())

    def rate(self, said: str, heard: str) -> float:
        """The share of the times that `said` was said in which `heard` was heard."""
        return self.counts[said].get(heard, 0) / self.said(said)

    def confused(self, one: str, other: str) -> float:
        """The greater of the two rates at which a pair is confused."""
        return max(self.rate(one, other), self.rate(other, one))


def largest(
    confusions: Confusions, most: float = MOST_CONFUSED, alike: Collection[Sequence[str]] = ()
) -> list[tuple[str, ...]]:
    """The largest sets in which no pair is confused more than `most` of the time, those heard best first.

    `alike`: pairs of which people hear the one for the other, whatever the recogniser does; never both are chosen.
    """
    for size in range(len(confusions.words), 0, -1):
        sets = [
            chosen
            for chosen in combinations(confusions.words, size)
            if _apart(confusions, chosen, most) and not any(set(pair) <= set(chosen) for pair in alike)
        ]
        if sets:
            return sorted(sets, key=lambda chosen: heard(confusions, chosen), reverse=True)
    return []


def heard(confusions: Confusions, chosen: Sequence[str]) -> float:
    """The share of the times that a word of a set was said in which it was heard."""
    return sum(confusions.rate(word, word) for word in chosen) / len(chosen)


def _apart(confusions: Confusions, chosen: Sequence[str], most: float) -> bool:
    return all(confusions.confused(*pair) <= most for pair in combinations(chosen, 2))


def challenges(words: int) -> int:
    """How many equally likely challenges there are: two groups of three different words each."""
    return int(perm(words, GROUP) ** GROUPS)


@cache
def measured() -> dict[str, Any]:
    """What `stillhere speech choose` measured for the shipped model: model, speakers, channel, counts."""
    kept: dict[str, Any] = json.loads(files(__package__).joinpath("choice.json").read_text(encoding="utf-8"))
    return kept
