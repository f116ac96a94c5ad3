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
from voiceprint.metrics import Interval, Scored, rate_interval
from voiceprint.scoring import Template
from voiceprint.training.corpus import Group
from voiceprint.training.trials import TESTS_EACH, Spoken, spoken
from voiceprint.training.tuning import CLEAN, POOR, SNR_10, SNR_20, SPEAKERS_EACH, lines, templates_of

LINES = (CLEAN, SNR_20, SNR_10, POOR)
STEPS = len(LINES) * SPEAKERS_EACH * TESTS_EACH


@dataclass(frozen=True, slots=True)
class Row:
    """One line, as fractions with 95 % intervals over `trials` mixed challenges.

    `whole`: of them the whole of which certifies. `passed`: which certify and have no turn that speaks against.
    `doubted`: of the speakers' own challenges that certify, which have such a turn, and go to a human for it.
    """

    line: str
    trials: int
    whole: float
    whole_ci95: Interval
    passed: float
    passed_ci95: Interval
    doubted: float
    doubted_ci95: Interval

    def __str__(self) -> str:
        """One line for a person."""
        said = (
            f"{name} {100 * rate:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"
            for name, rate, (low, high) in (
                ("the whole certifies", self.whole, self.whole_ci95),
                ("no turn against it", self.passed, self.passed_ci95),
                ("own calls doubted", self.doubted, self.doubted_ci95),
            )
        )
        return f"second turn by another, {self.line:5}: {'  '.join(said)}"


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
    rng, found, speakers = random.Random(1), [], []
    for one in tests:
        first, second = one.audio()
        other = rng.choice([test for test in tests if test.speaker != one.speaker]).audio()[1]
        other = other * np.float32(np.sqrt(power(second) / power(other)))
        sides = [[line(first), line(turn)] for turn in (second, other)]
        wholes = [comparer.hear(np.concatenate(turns)) for turns in sides]
        parts = [[comparer.hear(turn) for turn in turns] for turns in sides]
        seen()
        for template in (template for speaker, template in templates if speaker == one.speaker):
            llrs = [comparer.compare(template, whole).llr for whole in wholes]
            weakest = [comparer.weakest(template, turns) for turns in parts]
            found.append((*llrs, *weakest))
            speakers.append(one.speaker)
    own, mixed, own_weakest, mixed_weakest = np.array(found).T
    scored = Scored(own, np.ones(len(own), dtype=np.bool_), np.array(speakers), np.array(speakers))
    everyone, certified = scored.genuine, own >= threshold
    whole, passed = mixed >= threshold, (mixed >= threshold) & (mixed_weakest >= SPEAKS_AGAINST)
    doubted = own_weakest < SPEAKS_AGAINST
    return Row(
        line=name,
        trials=len(mixed),
        whole=float(whole.mean()),
        whole_ci95=rate_interval(scored, whole, everyone),
        passed=float(passed.mean()),
        passed_ci95=rate_interval(scored, passed, everyone),
        doubted=float(doubted[certified].mean()),
        doubted_ci95=rate_interval(scored, doubted, certified),
    )
