"""Write a model's words and graphs: what needs neither training nor its libraries."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from ivr.dialects import GRAMMARS, SPELLINGS, dialects
from ivr.speech.training.graph import Costs, Sounds, any_words, challenge, lexicon
from ivr.speech.training.phones import Inventory, units
from ivr.speech.vocabulary import CHALLENGE_GRAPH, DIGITS, GRAPH, OTHER_WORDS, challenge_words, label, other_sounds

SYLLABLES = "syllables.json"  # of both languages, without their tones: what other speech may consist of
COSTS = Costs()  # chosen on the tuning speakers


def write_graphs(out: Path, inventory: Inventory, costs: Costs = COSTS) -> None:
    """Write words and graphs alone into a model's folder: new words of a dialect need no more than this.

    Raises NotPinyin, NotJyutping for a word that is spelled otherwise.
    """
    syllables: dict[str, list[str]] = json.loads((out / SYLLABLES).read_text(encoding="utf-8"))
    said: dict[str, list[Sounds]] = {}
    for dialect in dialects().values():
        for grammar in GRAMMARS:
            for _, word, ways in dialect.pronunciations(grammar):
                said.setdefault(label(word, dialect.code), []).extend(units(way.spelling, way.said) for way in ways)
    garbage = {
        other_sounds(spelling, among): ([units(spelling, [one]) for one in syllables[spelling]], cost)
        for spelling in SPELLINGS
        for among, cost in (("", costs.syllable), (DIGITS, costs.syllable_among_digits))
    }
    words = tuple(challenge_words().values())
    numbers = numbered(out, [OTHER_WORDS, *garbage, *words, *said])
    (out / GRAPH / "HCLr.fst").write_bytes(lexicon(inventory, numbers, said, garbage, costs).written())
    (out / GRAPH / "Gr.fst").write_bytes(any_words(numbers).written())
    (out / GRAPH / "disambig_tid.int").write_text("", encoding="utf-8")
    (out / CHALLENGE_GRAPH / "HCLG.fst").write_bytes(challenge(inventory, numbers, words, costs).written())
    boundaries = "".join(f"{placed.number} {placed.place}\n" for placed in inventory.placed)
    for name in (GRAPH, CHALLENGE_GRAPH):  # so that Vosk knows when each word begins and ends
        (out / name / "phones").mkdir(exist_ok=True)
        (out / name / "phones" / "word_boundary.int").write_text(boundaries, encoding="utf-8")


def numbered(out: Path, words: Iterable[str]) -> dict[str, int]:
    """Number the words from 1 and list them beside both graphs. OTHER_WORDS is always among them."""
    numbers = {word: number for number, word in enumerate(dict.fromkeys([OTHER_WORDS, *words]), start=1)}
    listed = "\n".join(["<eps> 0", *(f"{word} {number}" for word, number in numbers.items())]) + "\n"
    for name in (GRAPH, CHALLENGE_GRAPH):
        (out / name).mkdir(parents=True, exist_ok=True)
        (out / name / "words.txt").write_text(listed, encoding="utf-8")
    return numbers
