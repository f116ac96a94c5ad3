"""Loudness: a word's peak, however the audio was cut."""

from __future__ import annotations

import numpy as np
import pytest

from ivr.speech.loudness import Loudness


@pytest.mark.parametrize("chunk", [2, 318, 320, 16000])
def test_peaks_are_found_where_they_are(chunk: int) -> None:
    wave = np.full(16000, 10, dtype="<i2")
    wave[8000:12000] = 1000  # one second in, half a second long
    data = wave.tobytes()
    loudness = Loudness()
    for start in range(0, len(data), chunk):
        loudness.feed(data[start : start + chunk])
    assert loudness.peak(1.0, 1.5) == pytest.approx(60, abs=0.1)
    assert loudness.peak(0.0, 0.9) == pytest.approx(20, abs=0.1)
    assert loudness.peak(0.0, 2.0) == pytest.approx(60, abs=0.1)


def test_nothing_is_as_quiet_as_can_be() -> None:
    assert Loudness().peak(0.0, 1.0) == 0.0
