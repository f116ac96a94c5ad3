"""Made-up voices for tests: a buzz through moving resonances, a different throat for each number."""

import numpy as np
from scipy.signal import lfilter

from voiceprint.audio import SAMPLE_RATE, Samples


def speak(voice: int, seconds: float, saying: int = 0) -> Samples:
    """Syllables in the voice of that number; `saying` chooses what is said."""
    throat, words = np.random.default_rng(voice), np.random.default_rng((voice, saying))
    pitch, length = throat.uniform(90, 260), throat.uniform(0.85, 1.2)
    pieces: list[Samples] = []
    while sum(map(len, pieces)) < seconds * SAMPLE_RATE:
        pieces += [_syllable(pitch * words.uniform(0.9, 1.1), length, words), np.zeros(480, dtype=np.float32)]
    return np.concatenate(pieces)[: int(seconds * SAMPLE_RATE)]


def _syllable(pitch: float, length: float, words: np.random.Generator) -> Samples:
    samples = int(words.uniform(0.18, 0.3) * SAMPLE_RATE)
    buzz = (np.diff(np.floor(np.arange(samples + 1) * pitch / SAMPLE_RATE)) > 0).astype(np.float64)
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
