"""What another engine writes down, read as the phrases of a grammar: the same characters, or the same sounds."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

_NUMERALS = str.maketrans("0123456789", "零一二三四五六七八九")


@dataclass(frozen=True, slots=True)
class Span:
    """A phrase, or something else (None), and where it stands in the text: characters `first` to `last`, exclusive."""

    phrase: str | None
    first: int
    last: int


def cleaned(text: str) -> str:
    """Letters and Chinese characters alone; digits as they are said."""
    whole = unicodedata.normalize("NFKC", text).translate(_NUMERALS).lower()
    return "".join(sign for sign in whole if sign.isalnum())


class Phrases:
    """The phrases of a grammar, to be found in text without spaces.

    `others`: phrases that are none, and are not to be taken for one that sounds the same. `sounds`: the syllables of a
    text, one for each character, where phrases may be recognised by them, too; a sound that two phrases share counts
    for neither.
    """

    def __init__(
        self,
        phrases: Iterable[str],
        others: Iterable[str] = (),
        sounds: Callable[[str], Sequence[str]] | None = None,
    ) -> None:
        self._written: dict[str, str | None] = {cleaned(phrase): None for phrase in others}
        self._written |= {cleaned(phrase): phrase for phrase in phrases}
        self._sounds = sounds
        self._heard: dict[tuple[str, ...], str | None] = {}
        if sounds is not None:
            for written, phrase in self._written.items():
                key = tuple(sounds(written))
                self._heard[key] = None if key in self._heard else phrase
        self._lengths = sorted({len(written) for written in self._written}, reverse=True)

    def found(self, text: str) -> list[Span]:
        """The `cleaned` text as phrases with as little else between them, and as few of them, as possible."""
        sounds = tuple(self._sounds(text)) if self._sounds else ()
        best: list[tuple[tuple[int, int], Span | None]] = [((0, 0), None)]
        for end in range(1, len(text) + 1):
            (other, count), _ = best[end - 1]
            ways: list[tuple[tuple[int, int], Span | None]] = [((other + 1, count), Span(None, end - 1, end))]
            for length in (length for length in self._lengths if length <= end):
                phrase = self._at(text, sounds, end - length, end)
                if phrase is not None:
                    other, count = best[end - length][0]
                    ways.append(((other, count + 1), Span(phrase, end - length, end)))
            best.append(min(ways, key=lambda way: way[0]))
        return _joined(best)

    def _at(self, text: str, sounds: tuple[str, ...], first: int, last: int) -> str | None:
        written = text[first:last]
        if written in self._written:
            return self._written[written]
        return self._heard.get(sounds[first:last])


def _joined(best: Sequence[tuple[tuple[int, int], Span | None]]) -> list[Span]:
    """The best way from the end back to the beginning; what is no phrase is one span."""
    spans: list[Span] = []
    at = len(best) - 1
    while (span := best[at][1]) is not None:
        at = span.first
        if span.phrase is None and spans and spans[-1].phrase is None:
            spans[-1] = Span(None, span.first, spans[-1].last)
        else:
            spans.append(span)
    return spans[::-1]


def segmented(phrase: str, knows: Callable[[str], bool]) -> tuple[str, ...] | None:
    """The phrase as the fewest words of a lexicon, or None where there are none for it."""
    best: list[tuple[str, ...] | None] = [()]
    for end in range(1, len(phrase) + 1):
        ways = [
            (*before, phrase[first:end])
            for first in range(end)
            if (before := best[first]) is not None and knows(phrase[first:end])
        ]
        best.append(min(ways, key=len) if ways else None)
    return best[-1]
