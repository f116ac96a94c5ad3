"""What can be said on the line, grammar by grammar: the challenge words, and each dialect's own words."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from ivr.dialects import HOME, dialect, dialects

CHALLENGE, DIGITS = "challenge", "digits"
ASIDE = "aside"  # what may be said instead of repeating a challenge
COMMANDS = ("yesno", "menu")
NAMES = (CHALLENGE, DIGITS, *COMMANDS, ASIDE)
OTHER_WORDS = "[other]"  # speech outside the challenge words
GRAPH, CHALLENGE_GRAPH = "graph", "graph-challenge"  # a model's folders
_ASIDE = ("mute", "human", "repeat", "language")  # of the menu's meanings, and the dialects


class GrammarUnknown(LookupError):
    """There is no grammar of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"没有名为 {name} 的语法，可用：{'、'.join(NAMES)}。No grammar {name!r}; use one of {NAMES}.")
        self.name = name


@cache
def _words() -> dict[str, dict[str, Any]]:
    text = files(__package__).joinpath("vocabulary.toml").read_text(encoding="utf-8")
    words: dict[str, dict[str, Any]] = tomllib.loads(text)["word"]
    return words


def challenge_words() -> Mapping[str, str]:
    """ASCII name (also the prompt `word.<name>`) -> challenge word."""
    return MappingProxyType({name: entry["word"] for name, entry in _words().items() if entry["asked"]})


def decoys() -> tuple[str, ...]:
    """Words that are not asked for; most sound nearly like a challenge word.

    The model knows them, so that they compete with the challenge words; heard, they are other speech.
    """
    return tuple(entry["word"] for entry in _words().values() if not entry["asked"])


def pronunciations() -> Mapping[str, tuple[str, ...]]:
    """Each challenge word and decoy, as the model numbers them -> its numbered pinyin syllables."""
    return MappingProxyType({entry["word"]: tuple(entry["said"].split()) for entry in _words().values()})


def meanings(name: str, spoken: str = HOME) -> Mapping[str, str]:
    """Each word of a grammar in a dialect -> what it means there: 幺 -> "1", 没错 -> "yes", 北京 -> "beijing".

    Raises GrammarUnknown, DialectUnknown.
    """
    if name not in NAMES:
        raise GrammarUnknown(name)
    if name == CHALLENGE:
        return MappingProxyType({word: meaning for meaning, word in challenge_words().items()})
    said = dialect(spoken).pronunciations("menu" if name == ASIDE else name)
    aside = {*_ASIDE, *dialects()}
    return MappingProxyType({word: meaning for meaning, word, _ in said if name != ASIDE or meaning in aside})


def meanings_anywhere(name: str) -> Mapping[str, str]:
    """The same over all dialects together. Raises GrammarUnknown."""
    return MappingProxyType(
        {word: meaning for spoken in dialects() for word, meaning in meanings(name, spoken).items()}
    )


def label(word: str, spoken: str) -> str:
    """A dialect's word as the model's word list has it: the same characters sound otherwise in another dialect."""
    return f"{spoken}:{word}"


def plain(labelled: str) -> str:
    """The word of a label; garbage and challenge words are as they are."""
    return labelled.rpartition(":")[2]


def labels(name: str, spoken: str = HOME) -> tuple[str, ...]:
    """The words of a grammar as the model's word list has them, and what catches all other speech.

    Raises GrammarUnknown, DialectUnknown.
    """
    words: Iterable[str] = meanings(name, spoken)
    if name == CHALLENGE:
        return (*words, OTHER_WORDS)
    return (*(label(word, spoken) for word in words), outside(name, spoken))


def other_sounds(spelling: str, among: str = "") -> str:
    """What speech outside the other grammars is heard as, by the language whose syllables it may be.

    `among`: DIGITS where single syllables are expected, so that another one is less likely something else.
    """
    return f"[{spelling}-{among}]" if among == DIGITS else f"[{spelling}]"


def outside(name: str, spoken: str) -> str:
    """The same for a grammar of a dialect. Raises DialectUnknown."""
    return other_sounds(dialect(spoken).heard_as, name)
