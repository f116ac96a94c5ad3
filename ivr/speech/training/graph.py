"""The decoding graph: every word's states as an OpenFst file that Vosk composes with a grammar at run time."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ivr.speech.training.phones import GARBAGE, SILENCE, Inventory, Phone, split
from ivr.speech.vocabulary import OTHER_SOUNDS, OTHER_WORDS

_MAGIC, _OUTPUT_SORTED, _EXPANDED_MUTABLE = 2125659606, 0x40000000, 3
_NEVER_FINAL = float("inf")


@dataclass(frozen=True, slots=True)
class Costs:
    """Negative log weights: of entering a word, a garbage of each head, and a silence."""

    word: float = 5.0
    other_words: float = 5.0
    other_sounds: float = 5.0
    silence: float = 0.7
    garbage_states: int = 4  # garbage lasts at least so many times 30 ms


@dataclass(slots=True)
class Graph:
    """States with final cost and arcs (input, output, cost, next state); state 0 is the start."""

    final: list[float] = field(default_factory=list)
    arcs: list[list[tuple[int, int, float, int]]] = field(default_factory=list)

    def state(self, final: float = _NEVER_FINAL) -> int:
        """Add a state and return its number."""
        self.final.append(final)
        self.arcs.append([])
        return len(self.final) - 1

    def written(self) -> bytes:
        """An OpenFst vector FST over the tropical semiring, arcs sorted by output."""
        header = struct.pack("<i", _MAGIC)
        for text in (b"vector", b"standard"):
            header += struct.pack("<i", len(text)) + text
        properties = _EXPANDED_MUTABLE | _OUTPUT_SORTED
        count = sum(map(len, self.arcs))
        parts = [header, struct.pack("<iiQqqq", 2, 0, properties, 0, len(self.final), count)]
        for final, arcs in zip(self.final, self.arcs, strict=True):
            parts.append(struct.pack("<fq", final, len(arcs)))
            parts += [struct.pack("<iifi", *arc) for arc in sorted(arcs, key=lambda arc: arc[1])]
        return b"".join(parts)


def _append(graph: Graph, start: int, end: int, pdfs: Sequence[int], word: int, cost: float) -> None:
    """A left-to-right path between two states; the word's label is on its first arc."""
    state = start
    for place, pdf in enumerate(pdfs):
        following = graph.state()
        graph.arcs[state].append((2 * pdf + 2, word if place == 0 else 0, cost if place == 0 else 0.0, following))
        graph.arcs[following].append((2 * pdf + 1, 0, 0.0, following))
        state = following
    graph.arcs[state].append((0, 0, 0.0, end))


def _pdfs(phone: Phone) -> list[int]:
    return list(range(phone.first_pdf, phone.first_pdf + phone.states))


def lexicon(
    inventory: Inventory, numbers: Mapping[str, int], said: Mapping[str, Sequence[Sequence[str]]], costs: Costs
) -> Graph:
    """HCLr: a loop of every word, with at most one silence before each.

    `numbers`: word -> its number in words.txt; `said`: word -> its pronunciations in pinyin. Silence is the words
    head's alone: two silences, or one after another, would double the paths of a lattice with every frame.
    """
    graph = Graph()
    between, before = graph.state(final=0.0), graph.state(final=0.0)
    graph.arcs[between].append((0, 0, 0.0, before))
    _append(graph, between, before, _pdfs(inventory.phones["words:" + SILENCE]), 0, costs.silence)
    garbages = (
        (inventory.phones["words:" + GARBAGE], OTHER_WORDS, costs.other_words),
        (inventory.of_sound(GARBAGE), OTHER_SOUNDS, costs.other_sounds),
    )
    for phone, word, cost in garbages:
        _append(graph, before, between, _pdfs(phone) * costs.garbage_states, numbers[word], cost)
    for word, ways in said.items():
        if word in inventory.words:
            _append(graph, before, between, _pdfs(inventory.of_word(word)), numbers[word], costs.word)
            continue
        for way in ways:
            units = [unit for syllable in way for unit in split(syllable)]
            pdfs = [pdf for unit in units for pdf in _pdfs(inventory.of_sound(unit))]
            _append(graph, before, between, pdfs, numbers[word], costs.word)
    return graph


def any_words(numbers: Mapping[str, int]) -> Graph:
    """Gr: any words in any order, for a recogniser that was given no grammar."""
    graph = Graph()
    state = graph.state(final=0.0)
    for number in numbers.values():
        graph.arcs[state].append((number, number, 1.0, state))
    return graph
