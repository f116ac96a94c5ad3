"""What is joined into training calls: spoken pieces with the time of every sound, and sounds that are no speech."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
from scipy import signal

from ivr.dialects import Accent
from ivr.speech.training.channel import SAMPLE_RATE, Random, Samples, coloured_noise, hum, read, resample
from ivr.speech.training.espeak import Sound, Voice, say

Syllables = tuple[str, ...]
Wave = np.ndarray[tuple[int], np.dtype[np.floating[Any]]]
_NOTHING = np.zeros(0, dtype=np.float32)
# What espeak-ng is never told in training, so that it can be measured on: voices, words a minute (calls are stretched
# as well, so such tempos do occur), and tones of accents; their rules are those of any accent
HELD_OUT_VARIANTS = ("f4", "m6", "steph2", "edward2", "linda", "ed")
HELD_OUT_RATES = (range(130, 151), range(195, 226))
HELD_OUT_TONES = ("1342", "3241")
_VARIANTS = """
- f1 f2 f3 f5 m1 m2 m3 m4 m5 m7 m8 adam Alex Alicia Andrea Andy Annie Denis Diogo Gene Gene2 Henrique Hugo
Jacky Lee Marco Mario Michael Mike anika antonio aunty belinda benjamin boris caleb david edward grandma
grandpa gustave iven iven2 iven3 john kaukovalta klatt klatt2 klatt3 klatt4 max michel miguel norbert pablo
paul pedro quincy robert sandro shelby steph steph3 travis victor zac
"""
VARIANTS = tuple(_VARIANTS.split())  # - is the voice as it is; rob crashes espeak-ng 1.51 where it is low (Cantonese)
RATES = tuple(rate for rate in range(80, 251) if all(rate not in held for held in HELD_OUT_RATES))
VOICES = {"mandarin": "cmn-latn-pinyin", "cantonese": "yue-latn-jyutping"}
TONES = tuple(sorted({"".join(tones) for tones in permutations("1234")} - {*HELD_OUT_TONES, Accent().tones}))
# What many dialects make of Mandarin's sounds; an invented accent has some of them, and tones of its own.
ACCENT_RULES = (
    *(("^zh", "z"), ("^ch", "c"), ("^sh", "s"), ("^n(?=[aeo])", "l"), ("^r(?=[aeo])", "l"), ("^hu$", "fu")),
    *(("(?<!w)ing$", "in"), ("eng$", "en"), ("^fei$", "hui"), ("^z(?=[aeu])", "zh"), ("^s(?=[aeu])", "sh")),
)


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


def random_voice(
    random: Random,
    variants: Sequence[str] = VARIANTS,
    spelling: str = "mandarin",
    rates: Sequence[int] = RATES,
) -> Voice:
    """An espeak voice of random variant, words a minute and pitch that reads pinyin, or Jyutping ("cantonese")."""
    variant = variants[int(random.integers(len(variants)))]
    name = VOICES[spelling] if variant == "-" else f"{VOICES[spelling]}+{variant}"
    rate = rates[int(random.integers(len(rates)))]
    return Voice(name, rate, int(random.integers(15, 85)), int(random.integers(20, 80)))


def random_accent(random: Random) -> Accent:
    """An invented accent of Mandarin: some sounds otherwise, and tones of its own, which no dialect of the line has."""
    rules = tuple(rule for rule in ACCENT_RULES if random.uniform() < 0.4)
    return Accent(rules, TONES[int(random.integers(len(TONES)))])


def synthetic(
    voice: Voice, syllables: Syllables, word: str | None, stretch: float, spelling: str = "mandarin"
) -> Piece | None:
    """A word spoken by espeak-ng, `stretch` times as long; None where its sounds could not be told apart."""
    spoken = say(voice, syllables, spelling)
    if spoken.sounds is None:
        return None
    factor = SAMPLE_RATE / spoken.sample_rate * stretch
    sounds = tuple(replace(s, start=s.start * stretch, end=s.end * stretch) for s in spoken.sounds)
    return Piece(resample(spoken.samples, factor), sounds, word)


def real(recording: Recording, sounds: tuple[Sound, ...], word: str | None) -> Piece:
    """A recording with the sounds that an alignment found in it."""
    return Piece(read(recording.path), sounds, word)


def with_breath(piece: Piece, random: Random) -> Piece:
    """The piece with the breath, the click or the rustle of whoever says it close around it: to be heard as silence."""
    loudest = float(np.abs(piece.samples).max()) + 1e-6
    before, after = (_breath(loudest, random) if random.uniform() < 0.6 else _NOTHING for _ in range(2))
    gap = np.zeros(int(random.uniform(0, 0.12) * SAMPLE_RATE), dtype=np.float32)
    moved = (len(before) + len(gap)) / SAMPLE_RATE
    sounds = tuple(replace(s, start=s.start + moved, end=s.end + moved) for s in piece.sounds)
    return replace(piece, samples=np.concatenate([before, gap, piece.samples, gap, after]), sounds=sounds)


def _breath(loudest: float, random: Random) -> Samples:
    """Noise through two or three resonances that swells and dies away, or a click or two."""
    if random.uniform() < 0.35:
        return _clicks(loudest * 10 ** random.uniform(-1.2, 0.1), random)
    length = int(random.uniform(0.08, 0.9) * SAMPLE_RATE)
    noise = coloured_noise(length, random.uniform(0, 1.5), random).astype(np.float64)
    wave = 0.3 * noise
    for _ in range(random.integers(1, 4)):
        resonance = signal.iirpeak(random.uniform(300, 3600), random.uniform(1, 8), fs=SAMPLE_RATE)
        wave += random.uniform(0.3, 1) * signal.lfilter(*resonance, noise)
    swell = np.interp(np.arange(length), [0, random.uniform(0.05, 0.9) * length, length], [0, 1, 0])
    wave *= swell ** random.uniform(0.5, 2)
    level = loudest * 10 ** random.uniform(-1.8, -0.5)
    return np.asarray(wave / (np.abs(wave).max() + 1e-9) * level, dtype=np.float32)


def _clicks(level: float, random: Random) -> Samples:
    wave = np.zeros(int(random.uniform(0.05, 0.35) * SAMPLE_RATE))
    for _ in range(random.integers(1, 3)):
        start = int(random.integers(max(1, len(wave) - 200)))
        time = np.arange(min(len(wave) - start, int(random.uniform(0.003, 0.02) * SAMPLE_RATE))) / SAMPLE_RATE
        wave[start : start + len(time)] += np.exp(-time * random.uniform(200, 1500)) * np.sin(
            2 * np.pi * random.uniform(400, 3500) * time + random.uniform(0, 6)
        )
    return np.asarray(level * wave, dtype=np.float32)


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
