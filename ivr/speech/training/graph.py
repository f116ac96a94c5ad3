"""The decoding graphs as OpenFst files: the words that Vosk composes with a grammar, and the challenge, whole."""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from ivr.speech.training.phones import ALONE, FINALS, FIRST, GARBAGE, LAST, WITHIN, Inventory, Phone, Placed, states_of
from ivr.speech.vocabulary import OTHER_WORDS

_MAGIC, _OUTPUT_SORTED, _EXPANDED_MUTABLE = 2125659606, 0x40000000, 3
_NEVER_FINAL = float("inf")
State = tuple[int, int]  # a transition state, and how many frames it lasts at least
Sounds = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Costs:
    """Negative log weights of entering a challenge word, a decoy, a command, garbage, a syllable, and a silence.

    And how many frames of 30 ms something lasts at least: a garbage, and each half of a challenge word's final.
    A syllable of other speech costs more where digits are expected, for they are single syllables themselves.
    """

    word: float = 5.0
    decoy: float = 32.0
    command: float = 5.0
    other_words: float = 8.0
    other_sounds: float = 6.0
    syllable: float = 9.0
    syllable_among_digits: float = 14.0
    silence: float = 0.7
    garbage_frames: int = 4
    final_frames: int = 3


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


def _append(graph: Graph, start: int, end: int, states: Sequence[State], word: int, cost: float) -> None:
    """A left-to-right path between two states; the word's label is on its first arc."""
    at = start
    for state, least in states:
        for frame in range(least):
            following = graph.state()
            label = 2 * state + 1 if frame else 2 * state + 2
            graph.arcs[at].append((label, word, cost, following))
            at, word, cost = following, 0, 0.0
        graph.arcs[at].append((2 * state + 1, 0, 0.0, at))
    graph.arcs[at].append((0, 0, 0.0, end))


def _states(placed: Placed, least: int = 1) -> list[State]:
    return [(placed.first_state + state, least) for state in range(placed.phone.states)]


def _of_word(inventory: Inventory, word: str, least: int) -> list[State]:
    """A challenge word's states: its finals last at least `least` frames a state, its initials one."""
    lengths = [least if unit in FINALS else 1 for unit in inventory.words[word] for _ in range(states_of(unit))]
    first = inventory.at(inventory.of_word(word), ALONE).first_state
    return [(first + state, length) for state, length in enumerate(lengths)]


def _of_sounds(inventory: Inventory, sounds: Sequence[str]) -> list[State]:
    places = [ALONE] if len(sounds) == 1 else [FIRST, *[WITHIN] * (len(sounds) - 2), LAST]
    pairs = zip(sounds, places, strict=True)
    return [state for unit, place in pairs for state in _states(inventory.at(inventory.of_sound(unit), place))]


def _garbage(inventory: Inventory, phone: Phone, costs: Costs) -> list[State]:
    return _states(inventory.at(phone, ALONE), costs.garbage_frames)


def lexicon(
    inventory: Inventory,
    numbers: Mapping[str, int],
    said: Mapping[str, Collection[Sounds]],
    syllables: Mapping[str, tuple[Collection[Sounds], float]],
    costs: Costs,
) -> Graph:
    """HCLr: a loop of every word, with at most one silence before each.

    `numbers`: word -> its number in words.txt; `said`: word -> its pronunciations; `syllables`: garbage word -> what it
    may be, each of them as sounds, and the cost of one. What is none of the words competes with them: any of the
    syllables, and garbage.
    Silence is the words head's alone: two silences, or one after another, would double a lattice's paths every frame.
    """
    graph = Graph()
    between, before = graph.state(final=0.0), graph.state(final=0.0)
    _silence(graph, inventory, between, before, costs)
    for word, ways in said.items():
        for way in dict.fromkeys(ways):
            _append(graph, before, between, _of_sounds(inventory, way), numbers[word], costs.command)
    garbage = _garbage(inventory, inventory.of_sound(GARBAGE), costs)
    for word, (ways, cost) in syllables.items():
        _append(graph, before, between, garbage, numbers[word], costs.other_sounds)
        for way in dict.fromkeys(ways):
            _append(graph, before, between, _of_sounds(inventory, way), numbers[word], cost)
    return graph


def challenge(
    inventory: Inventory, numbers: Mapping[str, int], words: Sequence[str], costs: Costs, most: int | None = None
) -> Graph:
    """HCLG: at most `most` of `words`, each but once and in any order, among other speech and silence.

    The words of the inventory that are not asked for are other speech, and compete with those that are.
    """
    graph = Graph()
    nodes: dict[frozenset[str], tuple[int, int]] = {}
    for count in range((len(words) if most is None else most) + 1):
        for said in combinations(words, count):
            between, before = graph.state(final=0.0), graph.state(final=0.0)
            nodes[frozenset(said)] = between, before
            _silence(graph, inventory, between, before, costs)
            other = _garbage(inventory, inventory.phones["words:" + GARBAGE], costs)
            _append(graph, before, between, other, numbers[OTHER_WORDS], costs.other_words)
            for word in (word for word in inventory.words if word not in words):
                states = _of_word(inventory, word, costs.final_frames)
                _append(graph, before, between, states, numbers[OTHER_WORDS], costs.decoy)
    for so_far, (_, before) in nodes.items():
        for word in (word for word in words if so_far | {word} in nodes and word not in so_far):
            between, _ = nodes[so_far | {word}]
            _append(graph, before, between, _of_word(inventory, word, costs.final_frames), numbers[word], costs.word)
    return graph


def _silence(graph: Graph, inventory: Inventory, between: int, before: int, costs: Costs) -> None:
    graph.arcs[between].append((0, 0, 0.0, before))
    _append(graph, between, before, _states(inventory.silence), 0, costs.silence)


def any_words(numbers: Mapping[str, int]) -> Graph:
    """Gr: any words in any order, for a recogniser that was given no grammar."""
    graph = Graph()
    state = graph.state(final=0.0)
    for number in numbers.values():
        graph.arcs[state].append((number, number, 1.0, state))
    return graph
