"""Measure the voiceprint on a list of trials: how often it is wrong, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import numpy as np

from voiceprint.audio import AudioEmpty, AudioUnreadable, Samples, read, telephone
from voiceprint.encoder import Embedding, Encoder
from voiceprint.metrics import Scored
from voiceprint.quality import Use, measure, reasons
from voiceprint.scoring import Template, score, template_of


class Channel(StrEnum):
    """What the recordings go through before they are heard."""

    G711 = "g711"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Trial:
    """One line of a trials file: `enrolment` and `test` are names of files below the audio folder."""

    line: int
    genuine: bool
    enrolment: tuple[str, ...]
    test: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that could not be used, and why."""

    line: int
    why: str

    def __str__(self) -> str:
        return f"第 {self.line} 行 / line {self.line}: {self.why}"


class TrialsUnusable(ValueError):
    """Nothing can be measured: genuine or impostor trials are missing."""

    def __init__(self, problems: Sequence[Problem] = ()) -> None:
        first = f" {problems[0]}" if problems else ""
        super().__init__(
            f"没有可用的同人或异人比对，请检查比对列表。No usable genuine or impostor trials: check the list.{first}"
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the trials: those compared with their scores, failures to enrol and to acquire, unusable lines."""

    trials: int
    compared: tuple[Trial, ...]
    scored: Scored
    fte: float
    fta: float
    problems: tuple[Problem, ...]


def parse(lines: Iterable[str]) -> tuple[list[Trial], list[Problem]]:
    """Read `1|0 ENROL TEST` lines; several files are joined by `+`; empty lines are passed over."""
    trials, problems = [], []
    for number, line in enumerate(lines, start=1):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != 3 or fields[0] not in {"0", "1"}:
            problems.append(Problem(number, f"应为 “1|0 ENROL TEST”, expected “1|0 ENROL TEST”: {line.strip()!r}"))
            continue
        enrolment, test = (tuple(field.split("+")) for field in fields[1:])
        trials.append(Trial(number, fields[0] == "1", enrolment, test))
    return trials, problems


def speaker_of(name: str) -> str:
    """Who speaks in a file: its first folder, or, where it lies in none, its name up to the first hyphen."""
    folder, slash, _ = name.partition("/")
    return folder if slash else Path(name).stem.partition("-")[0]


class Listener:
    """Reads, transmits, weighs and embeds the recordings of an evaluation; each enrolment and each test only once."""

    def __init__(self, encoder: Encoder, audio: Path, channel: Channel) -> None:
        transmit: Callable[[Samples], Samples] = telephone if channel is Channel.G711 else lambda samples: samples

        def heard(name: str) -> Samples:
            return transmit(read(audio / name))

        @cache
        def enrolled(names: tuple[str, ...]) -> Template | None:
            pieces = [heard(name) for name in names]
            if reasons(measure(np.concatenate(pieces)), Use.ENROLMENT):
                return None
            return template_of([encoder.embed(piece) for piece in pieces])

        @cache
        def tested(names: tuple[str, ...]) -> Embedding | None:
            joined = np.concatenate([heard(name) for name in names])
            return None if reasons(measure(joined), Use.TEST) else encoder.embed(joined)

        self.enrolled, self.tested = enrolled, tested
        """Template or embedding of joined files; None where the quality is too low. Raise the errors of `read`."""


def run(
    trials: Sequence[Trial], listener: Listener, problems: Sequence[Problem] = (), seen: Callable[[], object] = int
) -> Outcome:
    """Compare voice with voice for each trial; `seen` is called after each.

    Trials whose files are missing or unreadable become problems and the rest goes on; those whose enrolment or test
    is of too low a quality count as failures (FTE, FTA: fractions of different enrolments and tests) and are not
    scored. Raises TrialsUnusable when no genuine or no impostor trial is left.
    """
    found, kept, scores = list(problems), [], []
    enrolments: dict[tuple[str, ...], bool] = {}
    tests: dict[tuple[str, ...], bool] = {}
    for trial in trials:
        try:
            template, embedding = listener.enrolled(trial.enrolment), listener.tested(trial.test)
        except (AudioUnreadable, AudioEmpty) as error:
            found.append(Problem(trial.line, str(error)))
            continue
        finally:
            seen()
        enrolments[trial.enrolment], tests[trial.test] = template is None, embedding is None
        if template is not None and embedding is not None:
            kept.append(trial)
            scores.append(score(template, embedding))
    scored = Scored(
        np.array(scores, dtype=np.float64),
        np.array([trial.genuine for trial in kept], dtype=np.bool_),
        np.array([speaker_of(trial.enrolment[0]) for trial in kept], dtype=np.str_),
        np.array([speaker_of(trial.test[0]) for trial in kept], dtype=np.str_),
    )
    if not scored.genuine.any() or scored.genuine.all():
        raise TrialsUnusable(found)
    fte, fta = (sum(failed.values()) / len(failed) for failed in (enrolments, tests))
    return Outcome(len(trials), tuple(kept), scored, fte, fta, tuple(found))


def parse_groups(lines: Iterable[str]) -> tuple[dict[str, str], list[Problem]]:
    """Read `utterance-or-speaker group` lines."""
    groups, problems = {}, []
    for number, line in enumerate(lines, start=1):
        match line.split():
            case []:
                continue
            case [name, group]:
                groups[name] = group
            case _:
                problems.append(Problem(number, f"应为 “名称 组别”, expected “NAME GROUP”: {line.strip()!r}"))
    return groups, problems
