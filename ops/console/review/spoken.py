"""The words that were asked for beside those that were heard, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import zip_longest


class Fit(StrEnum):
    """How what was heard fits what was asked for."""

    RIGHT = "right"
    WRONG = "wrong"  # another word was heard in its place
    MISSED = "missed"  # nothing was heard in its place
    EXTRA = "extra"  # a word that nobody asked for


@dataclass(frozen=True, slots=True)
class Word:
    """A word asked for, and what was heard in its place."""

    asked: str | None
    heard: str | None

    @property
    def fit(self) -> Fit:
        """How the two fit."""
        if self.asked == self.heard:
            return Fit.RIGHT
        if self.heard is None:
            return Fit.MISSED
        return Fit.EXTRA if self.asked is None else Fit.WRONG


def aligned(asked: Sequence[str], heard: Sequence[str]) -> list[Word]:
    """Both side by side, in order: as many words as can be stand beside themselves."""
    found = []
    for _, start, end, first, last in SequenceMatcher(None, asked, heard, autojunk=False).get_opcodes():
        found += [Word(one, other) for one, other in zip_longest(asked[start:end], heard[first:last])]
    return found
