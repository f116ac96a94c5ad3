"""Callers made of recordings of single words, each take used in one call only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from ivr.speech.vocabulary import challenge_words
from voiceprint import audio

SHIPPED = Path(__file__).parent / "voices"
PAUSE_S = 0.35


class TakesMissing(ValueError):
    """A folder of recordings lacks a word that the line may ask for."""


class Caller:
    """Somebody who repeats words: a folder of `WORD-TAKE.flac` (or .wav), WORD an ASCII name of the vocabulary.

    `random`: which take of a word comes first is drawn, and how long the pauses are; without it, both are as they lie.
    """

    def __init__(self, folder: Path, random: Random | None = None) -> None:
        self._takes: dict[str, list[Path]] = defaultdict(list)
        for path in sorted(folder.glob("*-*.*")):
            self._takes[path.stem.rpartition("-")[0]].append(path)
        self._pause_s = PAUSE_S
        if random is not None:
            self._pause_s *= random.uniform(0.6, 1.8)
            for takes in self._takes.values():
                random.shuffle(takes)
        missing = sorted(set(challenge_words()) - set(self._takes))
        if missing:
            raise TakesMissing(f"{folder}: 缺少录音 no recording of {', '.join(missing)} (NAME-1.wav, NAME-2.wav, …)")

    def repeats(self, prompts: Sequence[str]) -> NDArray[np.float32]:
        """Say the words of these prompts (`word.shuzi`) with short pauses, each from the take unused the longest.

        Samples at 8 kHz in [-1, 1].
        """
        pause = np.zeros(round(self._pause_s * audio.SAMPLE_RATE), np.float32)
        parts = [pause]
        for word in (prompt.removeprefix("word.") for prompt in prompts):
            take = self._takes[word].pop(0)
            self._takes[word].append(take)
            parts += [audio.read(take), pause]
        return np.concatenate(parts)
