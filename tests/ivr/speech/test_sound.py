"""Sound: a word's peak and whether it is a tone, however the audio was cut."""

from __future__ import annotations

import numpy as np
import pytest

from ivr.speech.sound import Sound


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
