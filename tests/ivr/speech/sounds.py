"""Sounds that a telephone line carries besides speech, as 16-bit samples at 8 kHz."""

from __future__ import annotations

from collections.abc import Callable
from ctypes.util import find_library

import numpy as np
import pytest

from ivr.dialects import GRAMMARS, HOME, dialect
from ivr.speech.g711 import Pcm, decode_mulaw, encode_mulaw
from ivr.speech.training.channel import resample
from ivr.speech.training.espeak import Voice, say
from ivr.speech.vocabulary import pronunciations

RATE = 8000


def _pcm(wave: np.ndarray) -> Pcm:
    """As it comes off the line: through µ-law."""
    return decode_mulaw(encode_mulaw((8000 * wave).astype(np.int16)))


needs_espeak = pytest.mark.skipif(not find_library("espeak-ng"), reason="libespeak-ng is not installed")


def silence(seconds: float) -> Pcm:
    """Nothing at all."""
    return np.zeros(int(seconds * RATE), dtype=np.int16)


def said(words: str) -> tuple[str, ...]:
    """The syllables of a challenge word or of something said in Mandarin."""
    commands = (entry for grammar in GRAMMARS for entry in dialect(HOME).pronunciations(grammar))
    return pronunciations().get(words) or next(ways[0].said for _, word, ways in commands if word == words)


def phrase(words: str) -> Pcm:
    """A phrase of the vocabulary in a synthetic voice that the model was not trained on; libespeak-ng makes it."""
    spoken = say(Voice("cmn-latn-pinyin+f4", rate=130), said(words))
    return _pcm(2 * resample(spoken.samples, RATE / spoken.sample_rate))


def tone(*hertz: float, on: float = 1.0, period: float = 1.0) -> Callable[[float], Pcm]:
    """Tones sounding together, `on` seconds of every `period`."""

    def made(seconds: float) -> Pcm:
        time = np.arange(int(seconds * RATE)) / RATE
        return _pcm(sum(np.sin(2 * np.pi * h * time) for h in hertz) / len(hertz) * (time % period < on))

    return made


def white_noise(seconds: float) -> Pcm:
    """A steady hiss."""
    return _pcm(0.1 * np.random.default_rng(1).standard_normal(int(seconds * RATE)))


NOT_SPEECH: dict[str, Callable[[float], Pcm]] = {
    "silence": silence,
    "hum": tone(50),
    "hum and its harmonics": tone(50, 100, 150, 250),
    "test tone": tone(1000),
    "ring-back": tone(450, on=1, period=5),
    "American ring-back": tone(440, 480, on=2, period=6),
    "busy": tone(450, on=0.35, period=0.7),
    "key 1": tone(697, 1209, on=0.2, period=0.4),
    "key 5": tone(770, 1336, on=0.1, period=0.2),
    "key #": tone(941, 1477, on=0.5, period=0.7),
    "hiss": white_noise,
}
