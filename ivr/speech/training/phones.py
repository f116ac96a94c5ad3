"""The sounds that the network tells apart, and the numbers that Kaldi gives them.

The network has two heads over one trunk. The *words* head knows the challenge words whole: every state belongs to
one word, and all other speech is its garbage. The *sounds* head knows toneless initials and finals of Mandarin and of
Cantonese, so that new commands need a pronunciation and no training. A decoding path stays within one head.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

INITIALS = ("zh", "ch", "sh", "b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x", "r", "z", "c", "s")
FINALS = (
    *("a", "ai", "an", "ang", "ao", "e", "ei", "en", "eng", "er", "i", "ia", "ian", "iang", "iao", "ie", "in", "ing"),
    *("iong", "iu", "o", "ong", "ou", "u", "ua", "uai", "uan", "uang", "ui", "un", "uo", "v", "van", "ve", "vn"),
    *("ih", "iz"),  # the vowels of shi and si
)
# Cantonese: what Mandarin has not, or has otherwise. Finals carry a dot, for many are written as those of Mandarin.
CANTONESE_INITIALS = ("ng", "gw", "kw", "w", "y")
CANTONESE_FINALS = tuple(
    "." + final
    for final in (
        *(
            "aa",
            "aai",
            "aau",
            "aam",
            "aan",
            "aang",
            "aap",
            "aat",
            "aak",
            "ai",
            "au",
            "am",
            "an",
            "ang",
            "ap",
            "at",
            "ak",
        ),
        *("e", "ei", "eng", "ek", "i", "iu", "im", "in", "ing", "ip", "it", "ik", "o", "oi", "ou", "on", "ong", "ot"),
        *("ok", "u", "ui", "un", "ung", "ut", "uk", "oe", "oeng", "oek", "eoi", "eon", "eot", "yu", "yun", "yut"),
        *("m", "ng"),
    )
)
_JYUTPING_INITIALS = ("gw", "kw", "ng", *"bpmfdtnlgkhwzcsj")
SILENCE, GARBAGE = "sil", "other"
NOWHERE, ALONE, FIRST, WITHIN, LAST = "nonword", "singleton", "begin", "internal", "end"
PLACES = (FIRST, WITHIN, LAST, ALONE)
_WRITTEN = {"iou": "iu", "uei": "ui", "uen": "un", "ueng": "ong", "io": "o", "ê": "ei"}


class NotPinyin(ValueError):
    """This is no Mandarin syllable in pinyin."""


class NotJyutping(ValueError):
    """This is no Cantonese syllable in Jyutping, or one with a final that only loan words have."""


@dataclass(frozen=True, slots=True)
class Phone:
    """What the network tells apart: its name and the first of its `states` pdfs."""

    name: str
    first_pdf: int
    states: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A phone as Kaldi numbers it (from 1), at one place in a word, and the first of its transition states.

    Kaldi finds where words begin and end by these places; the sounds, and their pdfs, are the same.
    """

    phone: Phone
    place: str  # as word_boundary.int has it
    number: int
    first_state: int


def split(syllable: str) -> tuple[str, ...]:
    """Split a numbered pinyin syllable into (initial, final) or (final,), tone dropped.

    Raises NotPinyin.
    """
    plain = re.sub(r"[0-9]", "", syllable.lower()).replace("ü", "v").replace("u:", "v")
    plain = re.sub(r"^yu", "v", plain)
    plain = re.sub(r"^yi?", "i", plain)
    plain = re.sub(r"^wu?", "u", plain)
    initial = next((i for i in INITIALS if plain.startswith(i)), "")
    final = plain.removeprefix(initial)
    if initial in ("j", "q", "x") and final.startswith("u"):
        final = "v" + final[1:]
    if final == "i" and initial in ("zh", "ch", "sh", "r"):
        final = "ih"
    if final == "i" and initial in ("z", "c", "s"):
        final = "iz"
    final = _WRITTEN.get(final, final)
    if final not in FINALS:
        raise NotPinyin(syllable)
    return (initial, final) if initial else (final,)


def split_jyutping(syllable: str) -> tuple[str, ...]:
    """Split a numbered Jyutping syllable into (initial, final) or (final,), tone dropped; /j/ is "y".

    Raises NotJyutping.
    """
    plain = re.sub(r"[0-9]", "", syllable.lower())
    initial = "" if plain in ("m", "ng") else next((i for i in _JYUTPING_INITIALS if plain.startswith(i)), "")
    final = "." + plain.removeprefix(initial)
    if final not in CANTONESE_FINALS:
        raise NotJyutping(syllable)
    return ("y" if initial == "j" else initial, final) if initial else (final,)


SPLIT = {"mandarin": split, "cantonese": split_jyutping}


def units(spelling: str, said: Iterable[str]) -> tuple[str, ...]:
    """The sounds of numbered syllables in pinyin ("mandarin") or Jyutping. Raises NotPinyin, NotJyutping."""
    return tuple(unit for syllable in said for unit in SPLIT[spelling](syllable))


def states_of(unit: str) -> int:
    """How many states a sound has: the initials and the two garbages of silence and speech one, the finals two."""
    return 2 if unit in FINALS or unit in CANTONESE_FINALS else 1


class Inventory:
    """All phones of both heads, numbered as Kaldi wants them: words head first, then sounds head."""

    def __init__(self, words: Iterable[tuple[str, Sequence[str]]]) -> None:
        """`words`: each challenge word with its pinyin syllables."""
        self.phones: dict[str, Phone] = {}
        self.words = {word: [unit for syllable in said for unit in split(syllable)] for word, said in words}
        self._add("words:" + SILENCE, 1)
        self._add("words:" + GARBAGE, 1)
        for word, units in self.words.items():
            self._add("words:" + word, sum(states_of(unit) for unit in units))
        self.words_pdfs = self.pdfs
        self._add("sounds:" + SILENCE, 1)
        self._add("sounds:" + GARBAGE, 1)
        for unit in (*INITIALS, *FINALS, *CANTONESE_INITIALS, *CANTONESE_FINALS):
            self._add("sounds:" + unit, states_of(unit))

        self.placed = tuple(self._placed())
        self._by_place = {(placed.phone.name, placed.place): placed for placed in self.placed}

    @property
    def pdfs(self) -> int:
        """How many pdfs there are so far."""
        return sum(phone.states for phone in self.phones.values())

    def _add(self, name: str, states: int) -> None:
        self.phones[name] = Phone(name, self.pdfs, states)

    def _placed(self) -> Iterator[Placed]:
        number, state = 1, 0
        for phone in self.phones.values():
            head, _, unit = phone.name.partition(":")
            within = PLACES if head == "sounds" and unit not in (SILENCE, GARBAGE) else (ALONE,)
            for place in (NOWHERE,) if unit == SILENCE else within:
                yield Placed(phone, place, number, state)
                number, state = number + 1, state + phone.states

    def at(self, phone: Phone, place: str) -> Placed:
        """The phone at that place of a word."""
        return self._by_place[phone.name, place]

    @property
    def silence(self) -> Placed:
        """The silence of the decoding graphs: that of the words head."""
        return self.at(self.phones["words:" + SILENCE], NOWHERE)

    def of_word(self, word: str) -> Phone:
        """The phone that is a whole challenge word."""
        return self.phones["words:" + word]

    def of_sound(self, unit: str) -> Phone:
        """The phone of an initial, a final, SILENCE or GARBAGE in the sounds head."""
        return self.phones["sounds:" + unit]
