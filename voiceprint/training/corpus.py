"""The recordings we learn from: which speakers there are, and which group may be used for what."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voiceprint.audio import FULL_SCALE, Samples, read

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


def training_voices(data: Path, seen: Callable[[Recording], None] = lambda _: None) -> list[Voice]:
    """Load every training speaker into memory (about 4 hours of speech, 250 MB); `seen` is told of each file."""
    voices: dict[tuple[str, str], list[NDArray[np.int16]]] = defaultdict(list)
    for folder in (DSP20, *OTHER_FOLDERS):
        found = of_group(data, Group.TRAINING) if folder == DSP20 else recordings(data, folder)
        for recording in found:
            voices[folder, recording.speaker].append(to_int16(read(recording.path)))
            seen(recording)
    return [Voice(name, folder, tuple(kept)) for (folder, name), kept in voices.items()]


def to_int16(samples: Samples) -> NDArray[np.int16]:
    """Half the memory of float32; `from_int16` undoes it."""
    pcm: NDArray[np.int16] = np.clip(np.rint(samples * FULL_SCALE), -32768, 32767).astype(np.int16)
    return pcm


def from_int16(pcm: NDArray[np.int16]) -> Samples:
    """16-bit PCM to samples in [-1, 1]."""
    return pcm.astype(np.float32) / np.float32(FULL_SCALE)
