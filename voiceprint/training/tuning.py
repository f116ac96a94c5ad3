"""Score the trials of a group of speakers, by length of the challenge and by line: the ground for calibration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voiceprint.audio import Samples, telephone
from voiceprint.calibration import Conditions, regress, threshold_at
from voiceprint.cohort import Cohort
from voiceprint.comparing import normalised
from voiceprint.encoder import Embedding, Encoder
from voiceprint.metrics import Floats, Scored
from voiceprint.quality import Quality, Use, measure, reasons
from voiceprint.scoring import Template, agreement, enrol
from voiceprint.training import channel, codecs
from voiceprint.training.corpus import Group
from voiceprint.training.trials import ENROLMENTS_EACH, TESTS_EACH, WORDS_AT_TEST, spoken

Plan = Sequence[tuple[int, str]]
"""Which tests are heard: how many words, over which line."""

WORDS = (3, 6, 9)  # of a challenge
CHALLENGE = 6  # what a call asks for
CLEAN, SNR_20, SNR_10, POOR, A_LAW, GSM, OPUS = "clean", "20 dB", "10 dB", "poor", "A-law", "GSM", "Opus"
LINES = (CLEAN, SNR_20, SNR_10, POOR)
CODECS = (A_LAW, GSM, OPUS)  # no calibration knows them
EVERY_LINE = (*LINES, *CODECS)
OPUS_KBIT_S = 12.0
PLAN = tuple((words, line) for line in LINES for words in WORDS)
WITH_CODECS = (*PLAN, *((CHALLENGE, codec) for codec in CODECS))
SPEAKERS_EACH = 6


def steps(plan: Plan = PLAN) -> int:
    """How often `score_trials` calls `seen`."""
    return SPEAKERS_EACH * (ENROLMENTS_EACH + len(plan) * TESTS_EACH)


@dataclass(frozen=True, slots=True)
class Measured:
    """Trials with what each test was like; `words` and `lines`, of shape (trials,), say which test it was.

    `refused`: the share of tests, by words and line, that a call would not judge for their quality.
    """

    scored: Scored
    conditions: Conditions
    words: NDArray[np.int64]
    lines: NDArray[np.str_]
    refused: dict[tuple[int, str], float]

    def where(self, chosen: NDArray[np.bool_]) -> Measured:
        """The chosen trials alone."""
        conditions = self.conditions.where(chosen)
        return Measured(self.scored.where(chosen), conditions, self.words[chosen], self.lines[chosen], self.refused)

    def only(self, words: int, line: str) -> Measured:
        """The trials of one length over one line."""
        return self.where((self.words == words) & (self.lines == line))


@dataclass(frozen=True, slots=True)
class _Test:
    speaker: str
    words: int
    line: str
    embedding: Embedding
    quality: Quality


def score_trials(
    encoder: Encoder,
    cohort: Cohort,
    data: Path,
    group: Group = Group.TUNING,
    seen: Callable[[], object] = int,
    plan: Plan = PLAN,
) -> Measured:
    """Every enrolment of a group (over a clean line) against every test of the plan.

    Enrolments and tests that a call would refuse for their quality are left out. `seen` is called `steps(plan)` times.
    Raises CorpusMissing.
    """
    templates = templates_of(encoder, data, group, seen)
    tests, refused = _tests(encoder, data, group, plan, seen)
    pairs = [(template, test) for template in templates for test in tests]
    scores = [normalised(cohort, template, test.embedding) for (_, template), test in pairs]
    scored = Scored(
        np.array(scores, dtype=np.float64),
        np.array([speaker == test.speaker for (speaker, _), test in pairs], dtype=np.bool_),
        np.array([speaker for (speaker, _), _ in pairs], dtype=np.str_),
        np.array([test.speaker for _, test in pairs], dtype=np.str_),
    )
    words = np.array([test.words for _, test in pairs], dtype=np.int64)
    lines = np.array([test.line for _, test in pairs], dtype=np.str_)
    return Measured(scored, Conditions.of([test.quality for _, test in pairs]), words, lines, refused)


def templates_of(
    encoder: Encoder, data: Path, group: Group, seen: Callable[[], object] = int
) -> list[tuple[str, Template]]:
    """Each enrolment of a group that is good enough, over a clean line, with its speaker. Raises CorpusMissing."""
    found = []
    for one in spoken(data, group)[0]:
        pieces = [telephone(piece) for piece in one.audio()]
        if not any(reasons(measure(piece), Use.ENROLMENT) for piece in pieces):
            found.append((one.speaker, enrol(encoder, pieces)))
        seen()
    return found


def _tests(
    encoder: Encoder, data: Path, group: Group, plan: Plan, seen: Callable[[], object]
) -> tuple[list[_Test], dict[tuple[int, str], float]]:
    ways, found, refused = lines(data), [], {}
    for words, line in plan:
        tests, left_out = spoken(data, group, groups_at_test=words // WORDS_AT_TEST)[1], 0
        for one in tests:
            samples = ways[line](np.concatenate(one.audio()))
            quality = measure(samples)
            seen()
            if reasons(quality, Use.TEST):
                left_out += 1
            else:
                found.append(_Test(one.speaker, words, line, encoder.embed(samples), quality))
        refused[words, line] = left_out / len(tests)
    return found, refused


def lines(data: Path) -> dict[str, Callable[[Samples], Samples]]:
    """By name: clean; noise at 20 and 10 dB; rooms, noise down to 3 dB, lost packets; other codecs. The same each time.

    GSM full rate and Opus at 12 kbit/s stand in for the codecs of mobile telephones.
    """
    line, rng = channel.load(data), np.random.default_rng(1)
    return {
        CLEAN: telephone,
        SNR_20: lambda samples: line.noisy(samples, 20, rng),
        SNR_10: lambda samples: line.noisy(samples, 10, rng),
        POOR: lambda samples: line(samples, rng),
        A_LAW: lambda samples: codecs.a_law(telephone(samples)),
        GSM: lambda samples: codecs.gsm(telephone(samples), rng),
        OPUS: lambda samples: codecs.opus(telephone(samples), OPUS_KBIT_S),
    }


def agreements(encoder: Encoder, data: Path, seen: Callable[[], object] = int) -> tuple[Floats, Floats]:
    """Agreement of each tuning enrolment, and of each with its last utterance taken from another speaker's.

    Over a clean telephone line. Raises CorpusMissing.
    """
    embedded = []
    for one in spoken(data, Group.TUNING)[0]:
        embedded.append((one.speaker, [encoder.embed(telephone(piece)) for piece in one.audio()]))
        seen()
    return mixtures(embedded)


def mixtures(embedded: Sequence[tuple[str, Sequence[Embedding]]]) -> tuple[Floats, Floats]:
    """Agreement of enrolments (speaker, utterances), and of each with its last utterance from another speaker's."""
    same = [agreement(pieces) for _, pieces in embedded]
    mixed = [
        agreement([*pieces[:-1], others[-1]])
        for speaker, pieces in embedded
        for other, others in embedded
        if other != speaker
    ]
    return np.array(same), np.array(mixed)


def strongest_impostor(scored: Scored, speaker: str) -> str:
    """Who, speaking as themselves, comes closest to `speaker`: the highest median score against their templates."""
    against = scored.where((scored.enrolled == speaker) & ~scored.genuine)

    def median(other: str) -> float:
        return float(np.median(against.scores[against.tested == other]))

    return max(sorted({str(other) for other in against.tested}), key=median)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Errors on the trials of one speaker at a threshold that was set without that speaker."""

    speaker: str
    fmr: float
    fnmr: float


def leave_one_out(measured: Measured, max_fmr: float) -> list[LeftOut]:
    """For each speaker: calibrate and set the threshold on the trials of the others, then count errors on theirs."""
    found, scored = [], measured.scored
    for speaker in np.unique(scored.enrolled):
        involved = (scored.enrolled == speaker) | (scored.tested == speaker)
        others, theirs = measured.where(~involved), measured.where(involved)
        weights = regress(others.scored, others.conditions)
        threshold = threshold_at(others.scored, _ratios(others, weights), max_fmr).llr
        accepted, genuine = _ratios(theirs, weights) >= threshold, theirs.scored.genuine
        fmr, fnmr = accepted[~genuine].mean(), 1 - accepted[genuine].mean()
        found.append(LeftOut(str(speaker), float(fmr), float(fnmr)))
    return found


def _ratios(measured: Measured, weights: tuple[tuple[float, ...], tuple[float, ...]]) -> Floats:
    terms = measured.conditions.terms()
    slope, offset = (terms @ np.array(one) for one in weights)
    ratios: Floats = slope * measured.scored.scores + offset
    return ratios
