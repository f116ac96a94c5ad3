"""The grammars as another engine is asked for them: every phrase that it can write down, and none missing."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ivr.dialects import dialects
from ivr.speech.recogniser import WordsUnknown
from ivr.speech.vocabulary import CHALLENGE, NAMES, meanings

logger = logging.getLogger(__name__)

Words = dict[tuple[str, str], dict[str, tuple[str, ...]]]


def words_of(segment: Callable[[str], tuple[str, ...] | None]) -> Words:
    """(grammar, dialect) -> each phrase in the engine's own words.

    A phrase that it has no words for is left out, and logged. Raises WordsUnknown where nothing else means the same.
    """
    found: Words = {}
    lacking: list[str] = []
    for spoken in dialects():
        for grammar in NAMES:
            said = {phrase: segment(phrase) for phrase in meanings(grammar, spoken)}
            kept = found[grammar, spoken] = {phrase: words for phrase, words in said.items() if words is not None}
            meant = {meanings(grammar, spoken)[phrase] for phrase in kept}
            missing = [phrase for phrase, meaning in meanings(grammar, spoken).items() if meaning not in meant]
            lacking += missing
            dropped = sorted(said.keys() - kept.keys() - set(missing))
            if dropped and grammar != CHALLENGE:
                logger.warning("%s, %s: the model has no words for %s", spoken, grammar, "、".join(dropped))
    if lacking:
        raise WordsUnknown(dict.fromkeys(lacking), ours=False)
    return found
