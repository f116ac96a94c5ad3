"""Measure the voiceprint on a list of trials: how often it is wrong, and how sure that is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import numpy as np

from voiceprint.audio import AudioEmpty, AudioUnreadable, Samples, read, telephone
from voiceprint.calibration import Conditions
from voiceprint.cohort import Cohort
from voiceprint.comparing import Heard, normalised
from voiceprint.encoder import Embedding, Encoder
from voiceprint.line import degraded
from voiceprint.metrics import Scored
from voiceprint.quality import Use, measure, reasons
from voiceprint.scoring import Template, agreement, template_of


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
    """Nothing can be measured: genuine or impostor trials are missing, or all failed."""

    def __init__(self, problems: Sequence[Problem] = (), failures: Sequence[str] = ()) -> None:
        first = "".join(f" {one}" for one in (*problems[:1], *failures[:1]))
        super().__init__(
            f"没有可用的同人或异人比对，请检查比对列表和录音（{len(failures)} 段不能用）。"
            "No usable genuine or impostor trials: check the list and the recordings "
            f"({len(failures)} failed).{first}"
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the trials: those compared with their scores, failures to enrol and to acquire, unusable lines.

    `failures`: each enrolment and each test that failed, and why.
    `conditions`: what the tests were like. `enrolments`: speaker and utterances of each different enrolment compared.
    """

    trials: int
    compared: tuple[Trial, ...]
    scored: Scored
    conditions: Conditions
    enrolments: tuple[tuple[str, tuple[Embedding, ...]], ...]
    fte: float
    fta: float
    problems: tuple[Problem, ...]
    failures: tuple[str, ...]


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


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An enrolment: its template, and the embeddings of its utterances."""

    template: Template
    embeddings: tuple[Embedding, ...]


class Listener:
    """Reads, transmits, weighs and embeds the recordings of an evaluation; each enrolment and each test only once.

    `one_voice`: the agreement of utterances from which on they are one enrolment, as at the desk; by default any is.
    """

    def __init__(self, encoder: Encoder, audio: Path, channel: Channel, one_voice: float = -1.0) -> None:
        transmit: Callable[[Samples], Samples] = telephone if channel is Channel.G711 else lambda samples: samples

        def heard(name: str) -> Samples:
            return transmit(read(audio / name))

        @cache
        def enrolled(names: tuple[str, ...]) -> Enrolled | None:
            pieces = [heard(name) for name in names]
            if found := {reason for piece in pieces for reason in reasons(measure(piece), Use.ENROLMENT)}:
                self._fail(names, found)
                return None
            embeddings = tuple(encoder.embed(piece) for piece in pieces)
            if (lowest := agreement(embeddings)) < one_voice:
                self._fail(names, {f"agreement {lowest:.2f} < {one_voice:.2f}"})
                return None
            poorer = [encoder.embed(degraded(piece)) for piece in pieces]
            return Enrolled(template_of(embeddings, poorer), embeddings)

        @cache
        def tested(names: tuple[str, ...]) -> Heard | None:
            samples = self.joined(names)
            quality = measure(samples)
            if found := reasons(quality, Use.TEST):
                self._fail(names, found)
                return None
            return Heard(encoder.embed(samples), quality)

        self.failures: list[str] = []
        """Enrolments and tests that failed, and why."""
        self.enrolled, self.tested = enrolled, tested
        """An enrolment or a test of joined files; None where the quality is too low, or where the utterances of an
        enrolment do not agree. Raise the errors of `read`."""
        self._heard = heard

    def _fail(self, names: Sequence[str], why: Collection[str]) -> None:
        self.failures.append(f"{'+'.join(names)}: {', '.join(sorted(why))}")

    def joined(self, names: tuple[str, ...]) -> Samples:
        """The files of a test as one recording. Raises the errors of `read`."""
        return np.concatenate([self._heard(name) for name in names])


def run(
    trials: Sequence[Trial],
    listener: Listener,
    cohort: Cohort,
    problems: Sequence[Problem] = (),
    seen: Callable[[], object] = int,
) -> Outcome:
    """Compare voice with voice for each trial; `seen` is called after each.

    Trials whose files are missing or unreadable become problems and the rest goes on; those whose enrolment or test
    is of too low a quality, or whose enrolment is parted, count as failures (FTE, FTA: fractions of different
    enrolments and tests) and are not scored. Raises TrialsUnusable when no genuine or no impostor trial is left.
    """
    found, kept, scores, qualities = list(problems), [], [], []
    enrolments: dict[tuple[str, ...], Enrolled | None] = {}
    tests: dict[tuple[str, ...], Heard | None] = {}
    for trial in trials:
        try:
            enrolled, heard = listener.enrolled(trial.enrolment), listener.tested(trial.test)
        except (AudioUnreadable, AudioEmpty) as error:
            found.append(Problem(trial.line, str(error)))
            continue
        finally:
            seen()
        enrolments[trial.enrolment], tests[trial.test] = enrolled, heard
        if enrolled is not None and heard is not None:
            kept.append(trial)
            scores.append(normalised(cohort, enrolled.template, heard.embedding))
            qualities.append(heard.quality)
    scored = Scored(
        np.array(scores, dtype=np.float64),
        np.array([trial.genuine for trial in kept], dtype=np.bool_),
        np.array([speaker_of(trial.enrolment[0]) for trial in kept], dtype=np.str_),
        np.array([speaker_of(trial.test[0]) for trial in kept], dtype=np.str_),
    )
    if not scored.genuine.any() or scored.genuine.all():
        raise TrialsUnusable(found, listener.failures)
    return Outcome(
        trials=len(trials),
        compared=tuple(kept),
        scored=scored,
        conditions=Conditions.of(qualities),
        enrolments=tuple((speaker_of(names[0]), one.embeddings) for names, one in enrolments.items() if one),
        fte=_share_failed(enrolments.values()),
        fta=_share_failed(tests.values()),
        problems=tuple(found),
        failures=tuple(listener.failures),
    )


def _share_failed(tried: Collection[object | None]) -> float:
    return sum(one is None for one in tried) / len(tried)


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


def cohort_of(encoder: Encoder, lines: Iterable[str], audio: Path) -> Cohort:
    """A cohort from `SPEAKER FILE` lines, each speaker the mean of their files. Raises as `read`, or CohortTooSmall."""
    files: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        if line.strip():
            speaker, _, name = line.strip().partition(" ")
            files[speaker].append(name.strip())
    templates = [template_of([encoder.embed(read(audio / name)) for name in names]) for names in files.values()]
    return Cohort(np.stack([one.vector for one in templates] or [np.zeros(1, dtype=np.float32)]), encoder.name)
