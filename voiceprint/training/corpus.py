"""The recordings we learn from: which speakers there are, and which group may be used for what."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voiceprint.audio import FULL_SCALE, SAMPLE_RATE, Samples, read

DSP20 = "dsp20"
OTHER_FOLDERS = ("cmn-syllables", "cmn-words", "yue-syllables", "fsdd", "librispeech")
MANDARIN_WORDS = frozenset(
    ("数字", "语音", "语言", "识别", "中国", "总工", "北京", "背景", "上海", "商行", "复旦", "饭店")
)
"""The Mandarin words of dsp20; its other eight are English."""


class Group(StrEnum):
    """The three groups of dsp20 speakers, kept apart everywhere."""

    TRAINING = "training"
    TUNING = "tuning"
    REPORTING = "reporting"


SPEAKERS = {
    Group.TRAINING: tuple(f"s{n:02}" for n in range(1, 23)),
    Group.TUNING: tuple(f"s{n:02}" for n in range(23, 29)),
    Group.REPORTING: tuple(f"s{n:02}" for n in range(29, 35)),
}


@dataclass(frozen=True, slots=True)
class Recording:
    """One file of the corpus: where it lies, who speaks, what is said ("" where the manifest has no text)."""

    path: Path
    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class Voice:
    """Everything we have of one speaker: int16 recordings at 8 kHz."""

    name: str
    folder: str
    recordings: tuple[NDArray[np.int16], ...]


class CorpusMissing(FileNotFoundError):
    """The folder of recordings is not where it was said to be."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"找不到录音数据 {path}，请用 --data 指定。No recordings at {path}: name the folder with --data."
        )


def recordings(data: Path, folder: str) -> list[Recording]:
    """The manifest of one folder, in file order. Raises CorpusMissing."""
    manifest = data / folder / "manifest.jsonl"
    if not manifest.is_file():
        raise CorpusMissing(manifest)
    rows = map(json.loads, manifest.read_text(encoding="utf-8").splitlines())
    return [Recording(data / folder / row["audio_filepath"], row["speaker"], row.get("text", "")) for row in rows]


def of_group(data: Path, group: Group) -> list[Recording]:
    """The dsp20 recordings of one group of speakers."""
    return [found for found in recordings(data, DSP20) if found.speaker in SPEAKERS[group]]


def training_voices(
    data: Path,
    seen: Callable[[Recording], None] = lambda _: None,
    each: int = 10_000,
    without: Collection[str] = (),
) -> list[Voice]:
    """Load training speakers into memory (about 16 kB a second of speech); `seen` is told of each file.

    Of a speaker with more than `each` recordings, so many are taken, spread over the manifest; speakers named in
    `without` are left out.
    """
    voices = []
    for folder in (DSP20, *OTHER_FOLDERS):
        found = of_group(data, Group.TRAINING) if folder == DSP20 else recordings(data, folder)
        by_speaker: dict[str, list[Recording]] = defaultdict(list)
        for recording in found:
            if recording.speaker not in without:
                by_speaker[recording.speaker].append(recording)
        for name, theirs in by_speaker.items():
            kept = []
            for recording in theirs[:: -(-len(theirs) // each)]:
                kept.append(to_int16(read(recording.path)))
                seen(recording)
            voices.append(Voice(name, folder, tuple(kept)))
    return voices


def to_int16(samples: Samples) -> NDArray[np.int16]:
    """Half the memory of float32; `from_int16` undoes it."""
    pcm: NDArray[np.int16] = np.clip(np.rint(samples * FULL_SCALE), -32768, 32767).astype(np.int16)
    return pcm


def from_int16(pcm: NDArray[np.int16]) -> Samples:
    """16-bit PCM to samples in [-1, 1]."""
    return pcm.astype(np.float32) / np.float32(FULL_SCALE)


def join_at_random(recordings: Sequence[NDArray[np.int16]], length: int, rng: np.random.Generator) -> Samples:
    """Random recordings of one speaker with short pauses between, beginning anywhere, `length` samples long."""
    pieces: list[NDArray[np.int16]] = []
    have = 0
    while have < length:
        piece = recordings[int(rng.integers(len(recordings)))]
        if len(piece) > length:  # a sentence: any stretch of it
            start = rng.integers(len(piece) - length + 1)
            piece = piece[start : start + length]
        pause = np.zeros(int(rng.uniform(0, 0.15) * SAMPLE_RATE), dtype=np.int16)
        pieces += [piece, pause]
        have += len(piece) + len(pause)
    joined = np.concatenate(pieces)
    start = rng.integers(len(joined) - length + 1)
    return from_int16(joined[start : start + length])
