"""Challenges of which somebody else says the second turn: how often they pass, and what looking for them costs."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voiceprint.audio import Samples
from voiceprint.comparing import SPEAKS_AGAINST, Comparer
from voiceprint.line import power
from voiceprint.metrics import Rate, rate_by_speaker
from voiceprint.scoring import Template
from voiceprint.training.corpus import Group
from voiceprint.training.trials import TESTS_EACH, Spoken, spoken
from voiceprint.training.tuning import CLEAN, POOR, SNR_10, SNR_20, SPEAKERS_EACH, lines, templates_of

LINES = (CLEAN, SNR_20, SNR_10, POOR)
STEPS = len(LINES) * SPEAKERS_EACH * TESTS_EACH


@dataclass(frozen=True, slots=True)
class Row:
    """One line, as shares of mixed challenges and of the speakers' own.

    `whole`: mixed, and the whole certifies. `passed`: and no turn speaks against it. `doubted`: own challenges that
    certify and have such a turn.
    """

    line: str
    whole: Rate
    passed: Rate
    doubted: Rate

    def __str__(self) -> str:
        """One line for a person."""
        said = f"the whole certifies {self.whole}, no turn against it {self.passed}; own calls doubted {self.doubted}"
        return f"second turn by another, {self.line:5}: {said}"


def rows(comparer: Comparer, data: Path, group: Group, threshold: float, seen: Callable[[], object] = int) -> list[Row]:
    """Every test of a group with its own second turn, and with somebody else's, as loud.

    Each against every enrolment of its speaker. `seen` is called STEPS times. Raises CorpusMissing.
    """
    templates, tests, ways = templates_of(comparer.encoder, data, group), spoken(data, group)[1], lines(data)
    return [_row(name, comparer, templates, tests, ways[name], threshold, seen) for name in LINES]


def _row(
    name: str,
    comparer: Comparer,
    templates: Sequence[tuple[str, Template]],
    tests: Sequence[Spoken],
    line: Callable[[Samples], Samples],
    threshold: float,
    seen: Callable[[], object],
) -> Row:
    rng, whole, passed, doubted = random.Random(1), [], [], []
    for one in tests:
        first, second = one.audio()
        other = rng.choice([test for test in tests if test.speaker != one.speaker]).audio()[1]
        other = other * np.float32(np.sqrt(power(second) / power(other)))
        own, mixed = [line(first), line(second)], [line(first), line(other)]
        own_whole, mixed_whole = (comparer.hear(np.concatenate(turns)) for turns in (own, mixed))
        own_turns, mixed_turns = ([comparer.hear(turn) for turn in turns] for turns in (own, mixed))
        seen()
        for template in (template for speaker, template in templates if speaker == one.speaker):
            certifies = comparer.compare(template, mixed_whole).llr >= threshold
            whole.append((one.speaker, certifies))
            passed.append((one.speaker, certifies and comparer.weakest(template, mixed_turns) >= SPEAKS_AGAINST))
            if comparer.compare(template, own_whole).llr >= threshold:
                doubted.append((one.speaker, comparer.weakest(template, own_turns) < SPEAKS_AGAINST))
    return Row(name, *map(rate_by_speaker, (whole, passed, doubted)))
