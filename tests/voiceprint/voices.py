"""Made-up voices for tests: a buzz through moving resonances, a different throat for each number."""

import numpy as np
from scipy.signal import lfilter

from voiceprint.audio import SAMPLE_RATE, Samples


def speak(voice: int, seconds: float, saying: int = 0) -> Samples:
    """Syllables in the voice of that number; `saying` chooses what is said."""
    pitch, length = _throat(voice)
    words = np.random.default_rng((voice, saying))
    pieces: list[Samples] = []
    while sum(map(len, pieces)) < seconds * SAMPLE_RATE:
        held = pitch * words.uniform(0.9, 1.1)
        pieces += [_syllable((held, held), length, words), np.zeros(480, np.float32)]
    return np.concatenate(pieces)[: int(seconds * SAMPLE_RATE)]


def talk(voice: int, seconds: float, saying: int = 0) -> Samples:
    """The same more like a person in a quiet room: the pitch never holds, syllables begin with a hiss up to 4 kHz."""
    pitch, length = _throat(voice)
    words = np.random.default_rng((voice, saying, 1))
    pieces: list[Samples] = []
    while sum(map(len, pieces)) < seconds * SAMPLE_RATE:
        ends = pitch * words.uniform(0.85, 1.15), pitch * words.uniform(0.85, 1.15) * words.choice([0.8, 1.25])
        syllable = _syllable(ends, length, words)
        syllable[: len(syllable) // 5] += (0.05 * words.standard_normal(len(syllable) // 5)).astype(np.float32)
        pieces += [syllable, np.zeros(800, np.float32)]
    spoken = np.concatenate(pieces)[: int(seconds * SAMPLE_RATE)]
    return spoken + (4e-4 * words.standard_normal(len(spoken))).astype(np.float32)


def _throat(voice: int) -> tuple[float, float]:
    """Pitch in Hz, and length in parts of an average one."""
    throat = np.random.default_rng(voice)
    return throat.uniform(90, 260), throat.uniform(0.85, 1.2)


def _syllable(pitch: tuple[float, float], length: float, words: np.random.Generator) -> Samples:
    """A buzz from one pitch to another, in Hz, through resonances."""
    samples = int(words.uniform(0.18, 0.3) * SAMPLE_RATE)
    turns = np.cumsum(np.linspace(*pitch, samples + 1)) / SAMPLE_RATE
    buzz = (np.diff(np.floor(turns)) > 0).astype(np.float64)
    buzz += 0.01 * words.standard_normal(samples)
    for centre in (words.uniform(300, 800), words.uniform(900, 2200), words.uniform(2400, 3200)):
        radius, angle = 0.96, 2 * np.pi * centre / length / SAMPLE_RATE
        buzz = lfilter([1 - radius], [1, -2 * radius * np.cos(angle), radius**2], buzz)
    shaped = buzz * np.hanning(samples) ** 0.3
    spoken: Samples = (0.3 * shaped / np.abs(shaped).max()).astype(np.float32)
    return spoken


def noise(seconds: float, level: float) -> Samples:
    """White noise, always the same."""
    length = int(seconds * SAMPLE_RATE)
    return (level * np.random.default_rng(0).standard_normal(length)).astype(np.float32)
