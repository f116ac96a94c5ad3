"""Sound: a word's peak and whether it is a tone, however the audio was cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ivr.speech.endpoint import Endpointer
from ivr.speech.evaluation import read
from ivr.speech.sound import Sound
from ivr.speech.tones import FRAME


@pytest.mark.parametrize("chunk", [2, 318, 320, 16000])
def test_peaks_are_found_where_they_are(chunk: int) -> None:
    wave = np.full(16000, 10, dtype="<i2")
    wave[8000:12000] = 1000  # one second in, half a second long
    data = wave.tobytes()
    sound = Sound()
    for start in range(0, len(data), chunk):
        sound.feed(data[start : start + chunk])
    assert sound.peak(1.0, 1.5) == pytest.approx(60, abs=0.1)
    assert sound.peak(0.0, 0.9) == pytest.approx(20, abs=0.1)
    assert sound.peak(0.0, 2.0) == pytest.approx(60, abs=0.1)


def test_nothing_is_as_quiet_as_can_be() -> None:
    assert Sound().peak(0.0, 1.0) == 0.0


def test_a_tone_is_told_from_noise() -> None:
    time = np.arange(8000) / 8000
    tone = (8000 * np.sin(2 * np.pi * 1000 * time)).astype("<i2")
    noise = np.random.default_rng(1).normal(0, 3000, 8000).astype("<i2")
    sound = Sound()
    sound.feed(np.concatenate([tone, noise]).tobytes())
    assert sound.is_tone(0.0, 1.0)
    assert not sound.is_tone(1.0, 2.0)
    assert not sound.is_tone(0.0, 2.0)


def test_a_vowel_as_pure_as_a_tone_is_none() -> None:
    time = np.arange(4000) / 8000
    pitch = 230 * (1 + 0.03 * np.sin(2 * np.pi * 3 * time))  # of 一: two harmonics, and hardly anything above
    phase = 2 * np.pi * np.cumsum(pitch) / 8000
    vowel = 6000 * np.sin(phase) + 4000 * np.sin(2 * phase)
    ringing = 6000 * np.sin(2 * np.pi * 425 * time)
    sound = Sound()
    sound.feed(np.concatenate([np.zeros(1600), vowel, ringing]).astype("<i2").tobytes())
    assert not sound.is_tone(0.2, 0.7)
    assert sound.is_tone(0.9, 1.2)


@pytest.mark.parametrize("hertz", [350, 425, 450, 480, 1000])
@pytest.mark.parametrize("seconds", [0.2, 0.35, 1.0])
def test_a_short_tone_is_one_from_its_beginning_to_its_end(hertz: float, seconds: float) -> None:
    wave = np.random.default_rng(1).normal(0, 100, 8000)
    time = np.arange(int(seconds * 8000)) / 8000
    wave[1681 : 1681 + len(time)] += 4000 * np.sin(2 * np.pi * hertz * time)[: 8000 - 1681]
    sound = Sound()
    sound.feed(wave.astype("<i2").tobytes())
    assert sound.is_tone(0.0, 1.0)


@pytest.mark.parametrize("lost", [slice(2, 3), slice(1, None, 3)])
@pytest.mark.parametrize("frames", [4, 5, 9])
def test_a_word_with_packets_lost_is_no_tone(lost: slice, frames: int) -> None:
    word = np.random.default_rng(1).normal(0, 3000, (frames, FRAME))
    word[lost] = 0
    sound = Sound()
    sound.feed(np.concatenate([np.zeros(1600), word.ravel(), np.zeros(1600)]).astype("<i2").tobytes())
    assert not sound.is_tone(0.2, 0.2 + frames * 0.02)


@pytest.mark.parametrize("syllable", ["yi1", "qi1", "wu3", "ling2"])
def test_digits_that_are_as_pure_as_tones_are_none(shared: Path, syllable: str) -> None:
    pcm = read(shared / "data" / "cmn-syllables" / f"{syllable}.flac")
    sound = Sound()
    sound.feed(pcm.tobytes())
    assert not sound.is_tone(0.0, len(pcm) / 8000)


@pytest.mark.parametrize("syllable", ["ling2", "wu3", "liu4"])  # the network hardly hears a voice in yi1 and qi1
def test_digits_that_are_as_pure_as_tones_are_heard(shared: Path, syllable: str) -> None:
    pcm = read(shared / "data" / "cmn-syllables" / f"{syllable}.flac")
    ears = Endpointer(30.0, 30.0, 30.0)
    for frame in pcm[: len(pcm) // FRAME * FRAME].reshape(-1, FRAME):
        ears.feed(frame)
    assert ears.spoken
    assert ears.believed
