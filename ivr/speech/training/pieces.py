"""What is joined into training calls: spoken pieces with the time of every sound, and sounds that are no speech."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ivr.speech.training.channel import SAMPLE_RATE, Random, Samples, coloured_noise, hum, read, resample
from ivr.speech.training.espeak import Sound, Voice, say

Syllables = tuple[str, ...]
Wave = np.ndarray[tuple[int], np.dtype[np.floating[Any]]]
HELD_OUT_VARIANTS = ("f4", "m6", "steph2", "edward2", "linda", "ed")
VARIANTS = (
    *("", "f1", "f2", "f3", "f5", "m1", "m2", "m3", "m4", "m5", "m7", "m8", "adam", "Alex", "Alicia", "Andrea", "Andy"),
    *(
        "Annie",
        "Denis",
        "Diogo",
        "Gene",
        "Gene2",
        "Henrique",
        "Hugo",
        "Jacky",
        "Lee",
        "Marco",
        "Mario",
        "Michael",
        "Mike",
    ),
    *("anika", "antonio", "aunty", "belinda", "benjamin", "boris", "caleb", "david", "edward", "grandma", "grandpa"),
    *(
        "gustave",
        "iven",
        "iven2",
        "iven3",
        "john",
        "kaukovalta",
        "klatt",
        "klatt2",
        "klatt3",
        "klatt4",
        "max",
        "michel",
    ),
    *("miguel", "norbert", "pablo", "paul", "pedro", "quincy", "rob", "robert", "sandro", "shelby", "steph", "steph3"),
    *("travis", "victor", "zac"),
)
_SICHUANESE_TONE = str.maketrans("1234", "1342")


@dataclass(frozen=True, slots=True)
class Piece:
    """8 kHz samples in [-1, 1], the sounds in them, and the challenge word or decoy they are, if one."""

    samples: Samples
    sounds: tuple[Sound, ...]
    word: str | None = None

    def slower(self, factor: float) -> Piece:
        """The same piece `factor` times as long, and lower."""
        sounds = tuple(replace(s, start=s.start * factor, end=s.end * factor) for s in self.sounds)
        return replace(self, samples=resample(self.samples, factor), sounds=sounds)


@dataclass(frozen=True, slots=True)
class Recording:
    """One line of a manifest of ../shared/data."""

    path: Path
    text: str
    speaker: str


def recordings(folder: Path) -> Iterator[Recording]:
    """The recordings of one folder, in the order of its manifest."""
    with (folder / "manifest.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            yield Recording(folder / entry["audio_filepath"], entry.get("text", ""), entry["speaker"])


def random_voice(random: Random, variants: Sequence[str] = VARIANTS) -> Voice:
    """A Mandarin espeak voice of random variant, speed and pitch."""
    variant = variants[int(random.integers(len(variants)))]
    name = f"cmn-latn-pinyin+{variant}" if variant else "cmn-latn-pinyin"
    return Voice(name, int(random.integers(80, 190)), int(random.integers(15, 85)), int(random.integers(20, 80)))


def sichuanese(syllables: Syllables) -> Syllables:
    """How a speaker of Sichuanese says a Mandarin syllable: zh ch sh as z c s, ing as in, eng as en, tones moved."""
    said = (re.sub(r"^([zcs])h", r"\1", s) for s in syllables)
    said = (re.sub(r"ing", "in", s) if not s.startswith("w") else s for s in said)
    said = (re.sub(r"eng", "en", s) for s in said)
    return tuple(s.translate(_SICHUANESE_TONE) for s in said)


def synthetic(voice: Voice, syllables: Syllables, word: str | None, stretch: float) -> Piece | None:
    """A word spoken by espeak-ng, `stretch` times as long; None where its sounds could not be told apart."""
    spoken = say(voice, syllables)
    if spoken.sounds is None:
        return None
    factor = SAMPLE_RATE / spoken.sample_rate * stretch
    sounds = tuple(replace(s, start=s.start * stretch, end=s.end * stretch) for s in spoken.sounds)
    return Piece(resample(spoken.samples, factor), sounds, word)


def real(recording: Recording, sounds: tuple[Sound, ...], word: str | None) -> Piece:
    """A recording with the sounds that an alignment found in it."""
    return Piece(read(recording.path), sounds, word)


def not_speech(random: Random) -> Piece:
    """Hum, a tone, keys, ring-back, hold music or a burst of noise: to be heard as silence."""
    length = int(random.uniform(0.5, 4) * SAMPLE_RATE)
    time = np.arange(length) / SAMPLE_RATE
    wave: Wave
    match random.integers(6):
        case 0:
            wave = hum(length, random)
        case 1:
            wave = np.sin(2 * np.pi * random.uniform(200, 2500) * time)
        case 2:
            low, high = random.choice([697, 770, 852, 941]), random.choice([1209, 1336, 1477])
            wave = (np.sin(2 * np.pi * low * time) + np.sin(2 * np.pi * high * time)) * (time % 0.4 < 0.2)
        case 3:
            wave = np.sin(2 * np.pi * random.choice([425, 440, 450, 480]) * time) * (time < random.uniform(0.3, 1))
        case 4:
            wave = _melody(time, random)
        case _:
            wave = coloured_noise(length, random.uniform(0, 2), random) * (time < random.uniform(0.05, 1))
    return Piece(np.asarray(0.1 * random.uniform(0.2, 1.5) * wave, dtype=np.float32), ())


def _melody(time: Wave, random: Random) -> Wave:
    wave = np.zeros_like(time)
    for start in np.arange(0, time[-1], random.uniform(0.15, 0.5)):
        note = 220 * 2 ** (random.integers(0, 24) / 12)
        ring = np.where(time >= start, np.exp(-(time - start).clip(0) * random.uniform(2, 8)), 0)
        wave += ring * sum(np.sin(2 * np.pi * note * k * time) / k for k in range(1, 5))
    return wave / (np.abs(wave).max() + 1e-9)
