"""Attacks on an agency's own recordings: how many the voice certifies, and how many the countermeasure lets pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from voiceprint.audio import AudioEmpty, AudioUnreadable
from voiceprint.comparing import Comparer
from voiceprint.evaluation import Listener, Problem, Trial, speaker_of
from voiceprint.metrics import Rate, rate_by_speaker
from voiceprint.synthetic import Countermeasure


@dataclass(frozen=True, slots=True)
class Attack:
    """One line of a file of attacks: its kind, and whom it is meant to be taken for."""

    kind: str
    trial: Trial


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one kind of attack (ISO/IEC 30107-3), intervals by the person attacked; `refused` for their quality.

    `iapar_voiceprint`: certified by the voice alone. `apcer`: not suspicious to the countermeasure. `iapar`: both.
    """

    attacks: int
    refused: int
    iapar_voiceprint: Rate | None
    apcer: Rate | None
    iapar: Rate | None

    def __str__(self) -> str:
        """One line for a person."""
        rates = f"IAPAR voice alone {self.iapar_voiceprint}, APCER {self.apcer}, IAPAR with both {self.iapar}"
        return f"{self.attacks} attacks, refused {self.refused}: {rates}"


def parse(lines: Iterable[str]) -> tuple[list[Attack], list[Problem]]:
    """Read `KIND ENROL TEST` lines; files are written as in a list of trials; empty lines are passed over."""
    found, problems = [], []
    for number, line in enumerate(lines, start=1):
        match line.split():
            case []:
                continue
            case [kind, enrolment, test]:
                trial = Trial(number, False, tuple(enrolment.split("+")), tuple(test.split("+")))
                found.append(Attack(kind, trial))
            case _:
                why = f"应为 “类型 ENROL TEST”, expected “KIND ENROL TEST”: {line.strip()!r}"
                problems.append(Problem(number, why))
    return found, problems


def measure(
    attacks: Sequence[Attack],
    listener: Listener,
    comparer: Comparer,
    countermeasure: Countermeasure,
    threshold: float,
    seen: Callable[[], object] = int,
) -> tuple[Mapping[str, Figures], list[Problem]]:
    """Figures by kind of attack, and the lines that could not be used. `threshold`: certify from this ratio up.

    An attack whose enrolment or test is too poor to be judged is refused, and in no rate. `seen` is called after each.
    """
    problems, refused = [], defaultdict[str, int](int)
    met = defaultdict[str, list[tuple[str, bool, bool]]](list)
    for attack in attacks:
        trial = attack.trial
        try:
            enrolled, heard = listener.enrolled(trial.enrolment), listener.tested(trial.test)
        except (AudioUnreadable, AudioEmpty) as error:
            problems.append(Problem(trial.line, str(error)))
            continue
        finally:
            seen()
        if enrolled is None or heard is None:
            refused[attack.kind] += 1
            continue
        certified = comparer.compare(enrolled.template, heard).llr >= threshold
        passed = not countermeasure.suspicious(listener.joined(trial.test))
        met[attack.kind].append((speaker_of(trial.enrolment[0]), certified, passed))
    return {kind: _figures(met[kind], refused[kind]) for kind in sorted({*met, *refused})}, problems


def _figures(met: Sequence[tuple[str, bool, bool]], refused: int) -> Figures:
    if not met:
        return Figures(refused, refused, None, None, None)
    certified, passed, both = (
        rate_by_speaker([(victim, so(one, other)) for victim, one, other in met])
        for so in (lambda one, _: one, lambda _, other: other, lambda one, other: one and other)
    )
    return Figures(len(met) + refused, refused, certified, passed, both)
