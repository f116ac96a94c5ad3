"""Verification trials made of joined words: genuine and impostor, no recording in both enrolment and test."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from voiceprint.audio import SAMPLE_RATE, Samples, read
from voiceprint.training.corpus import MANDARIN_WORDS, Group, Recording, of_group

ENROLMENTS_EACH = 6  # a speaker
TESTS_EACH = 20
GROUPS_AT_ENROLMENT, WORDS_AT_ENROLMENT = 3, 4
GROUPS_AT_TEST, WORDS_AT_TEST = 2, 3
PAUSE_S = 0.1  # between words, beside the silence that each recording keeps at its ends


@dataclass(frozen=True, slots=True)
class Spoken:
    """Recordings to be joined into the groups of one enrolment or of one test."""

    name: str
    speaker: str
    groups: tuple[tuple[Recording, ...], ...]

    def audio(self) -> list[Samples]:
        """Each group as one piece of audio."""
        return [join([read(recording.path) for recording in group]) for group in self.groups]


def join(words: Iterable[Samples]) -> Samples:
    """Words one after the other with a short pause between."""
    pause = np.zeros(int(PAUSE_S * SAMPLE_RATE), dtype=np.float32)
    return np.concatenate([piece for word in words for piece in (word, pause)])


def spoken(
    data: Path, group: Group, seed: int = 1, groups_at_test: int = GROUPS_AT_TEST
) -> tuple[list[Spoken], list[Spoken]]:
    """Enrolments and tests of every speaker of a group, the same for the same seed.

    A speaker's recordings of each word are split in two halves first: enrolments are drawn from one half, tests from
    the other; within one enrolment or test no word comes twice in a group and no recording twice at all.
    """
    takes: dict[str, dict[str, list[Recording]]] = defaultdict(lambda: defaultdict(list))
    for recording in of_group(data, group):
        if recording.text in MANDARIN_WORDS:
            takes[recording.speaker][recording.text].append(recording)
    enrolments, tests = [], []
    for speaker, words in sorted(takes.items()):
        rng = random.Random(f"{seed} {speaker}")
        halves = [rng.sample(found, len(found)) for _, found in sorted(words.items()) if len(found) > 1]
        for_enrolment = [half[: len(half) // 2] for half in halves]
        for_test = [half[len(half) // 2 :] for half in halves]
        for number in range(ENROLMENTS_EACH):
            drawn = _draw(for_enrolment, GROUPS_AT_ENROLMENT, WORDS_AT_ENROLMENT, rng)
            enrolments.append(Spoken(f"{speaker}-enrol-{number:02}", speaker, drawn))
        for number in range(TESTS_EACH):
            drawn = _draw(for_test, groups_at_test, WORDS_AT_TEST, rng)
            tests.append(Spoken(f"{speaker}-test-{number:02}", speaker, drawn))
    return enrolments, tests


def _draw(
    words: Sequence[Sequence[Recording]], groups: int, size: int, rng: random.Random
) -> tuple[tuple[Recording, ...], ...]:
    """`groups` groups of `size` recordings: different words in all while there are enough."""
    order = rng.sample(range(len(words)), len(words))
    chosen = order[: groups * size]
    picked = [rng.choice(words[index]) for index in chosen]
    return tuple(tuple(picked[start : start + size]) for start in range(0, groups * size, size))


def write(folder: Path, enrolments: Sequence[Spoken], tests: Sequence[Spoken]) -> Path:
    """Write joined audio (FLAC) and `trials.txt`, every enrolment against every test, into `folder`.

    The trials file is of the form that `voiceprint evaluate` reads. Returns its path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for one in (*enrolments, *tests):
        for name, audio in zip(_files(one), one.audio(), strict=True):
            soundfile.write(folder / name, audio, SAMPLE_RATE, subtype="PCM_16")
    lines = [
        f"{int(enrolment.speaker == test.speaker)} {'+'.join(_files(enrolment))} {'+'.join(_files(test))}"
        for enrolment in enrolments
        for test in tests
    ]
    trials = folder / "trials.txt"
    trials.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return trials


def _files(one: Spoken) -> list[str]:
    return [f"{one.name}-{number}.flac" for number in range(len(one.groups))]
