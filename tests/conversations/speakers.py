"""Callers made of the tuning speakers' recordings; no recording is both enrolment and test."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import numpy as np

from ivr.speech.vocabulary import challenge_words
from voiceprint import audio
from voiceprint.audio import Samples

TUNING = ("s23", "s24", "s25", "s26", "s27", "s28")
ENROLMENT_TAKES = 4  # a speaker's first takes of each word enrol, the others call
PAUSE_S = 0.3


@dataclass(slots=True)
class Speaker:
    """One real person who repeats words, take after take."""

    shared: Path
    name: str
    _next: dict[str, cycle[Path]] = field(default_factory=dict)

    def repeats(self, words: Sequence[str]) -> Samples:
        """Say the words of these prompts (`word.shuzi`) on the telephone, from takes kept for calls."""
        return self._say(words, calling=True)

    def enrols(self, words: Sequence[str]) -> Samples:
        """The same from takes kept for enrolment."""
        return self._say(words, calling=False)

    def _say(self, prompts: Sequence[str], calling: bool) -> Samples:
        pause = np.zeros(round(PAUSE_S * audio.SAMPLE_RATE), np.float32)
        parts = [pause]
        for prompt in prompts:
            parts += [audio.read(self._take(challenge_words()[prompt.removeprefix("word.")], calling)), pause]
        return np.concatenate(parts)

    def _take(self, word: str, calling: bool) -> Path:
        key = f"{word}:{calling}"
        if key not in self._next:
            folder = self.shared / "data" / "dsp20"
            lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
            rows = [row for row in map(json.loads, lines) if row["speaker"] == self.name and row["text"] == word]
            files = [folder / row["audio_filepath"] for row in rows]
            self._next[key] = cycle(files[ENROLMENT_TAKES:] if calling else files[:ENROLMENT_TAKES])
        return next(self._next[key])


def groups(count: int, size: int) -> list[list[str]]:
    """Some groups of different words, as prompts, for enrolling from files: every word comes up."""
    words = list(challenge_words())
    return [[f"word.{words[(i * size + j) % len(words)]}" for j in range(size)] for i in range(count)]
