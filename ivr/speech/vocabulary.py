"""The one list of what can be said on the line, read from vocabulary.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

CHALLENGE = "challenge"
ASIDE = "aside"  # what may be said instead of repeating a challenge
COMMANDS = ("yesno", "menu")
NAMES = (CHALLENGE, "digits", *COMMANDS, ASIDE)
OTHER_WORDS, OTHER_SOUNDS = "[other]", "[unk]"  # speech outside the challenge words; outside the other grammars


class GrammarUnknown(LookupError):
    """There is no grammar of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"没有名为 {name} 的语法，可用：{'、'.join(NAMES)}。No grammar {name!r}; use one of {NAMES}.")
        self.name = name


@dataclass(frozen=True, slots=True)
class Grammar:
    """What can be said at one step: each phrase is one word to the recogniser."""

    name: str
    phrases: tuple[str, ...]


@cache
def _vocabulary() -> dict[str, dict[str, list[str] | str]]:
    return tomllib.loads(files(__package__).joinpath("vocabulary.toml").read_text(encoding="utf-8"))


def challenge_words() -> Mapping[str, str]:
    """ASCII name (also the prompt `word.<name>`) -> challenge word."""
    return MappingProxyType({name: str(word) for name, word in _vocabulary()[CHALLENGE].items()})


def meanings(name: str) -> Mapping[str, str]:
    """Each word of a grammar -> what it means there: 幺 -> "1", 没错 -> "yes", 北京 -> "beijing".

    Raises GrammarUnknown.
    """
    if name not in NAMES:
        raise GrammarUnknown(name)
    table = _vocabulary()[name]
    return MappingProxyType(
        {word: meaning for meaning, words in table.items() for word in ([words] if isinstance(words, str) else words)}
    )


def grammar(name: str) -> Grammar:
    """The grammar of that name. Raises GrammarUnknown."""
    return Grammar(name, tuple(meanings(name)))


def decoys() -> Mapping[str, tuple[str, ...]]:
    """Words that sound nearly like a challenge word and are none -> numbered pinyin syllables.

    The model knows them, so that they compete with the challenge words; heard, they are other speech.
    """
    return MappingProxyType({word: tuple(str(said).split()) for word, said in _vocabulary()["decoy"].items()})


def pronunciations() -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """Each word -> its pronunciations, each a sequence of numbered pinyin syllables."""
    table = _vocabulary()["pronunciation"]
    return MappingProxyType({word: tuple(tuple(said.split()) for said in ways) for word, ways in table.items()})
