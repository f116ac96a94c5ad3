"""Recordings made equally loud, and never clipped for it."""

from pathlib import Path

import numpy as np
import pytest

from tests.voiceprint.voices import noise, talk
from voiceprint.audio import SAMPLE_RATE, decode_mulaw, encode_mulaw, telephone
from voiceprint.level import HIGHEST, MOST_DB, TARGET_DBOV, level, speech_level
from voiceprint.training.corpus import Group
from voiceprint.training.trials import spoken


@pytest.mark.parametrize("decibels", [-30, -12, 0, 8])
def test_a_voice_is_as_loud_as_every_other_however_loud_it_came(decibels: float) -> None:
    came = decode_mulaw(encode_mulaw(talk(1, seconds=4) * np.float32(10 ** (decibels / 20))))
    found = level(came)
    assert speech_level(found.samples) == pytest.approx(TARGET_DBOV, abs=0.3)
    assert found.speech_dbov == speech_level(came)
    assert len(found.samples) == len(came)
    assert not found.held_back


def test_real_calls_from_loud_and_from_soft_telephones_are_equally_loud(shared: Path) -> None:
    calls = spoken(shared / "data", Group.TUNING)[1][::10]
    assert len(calls) == 12
    for n, one in enumerate(calls):
        voice = telephone(np.concatenate(one.audio()))
        came = decode_mulaw(encode_mulaw(voice * np.float32(10 ** ((n % 4 * 10 - 30) / 20))))
        found = level(came)
        assert speech_level(found.samples) == pytest.approx(TARGET_DBOV, abs=0.5), one.name
        assert np.abs(found.samples).max() < 1


def test_nothing_is_clipped_so_that_a_click_keeps_the_rest_quieter() -> None:
    came = talk(1, seconds=4) * np.float32(0.01)
    came[SAMPLE_RATE] = 0.9
    found = level(came)
    assert found.held_back
    assert np.abs(found.samples).max() == pytest.approx(HIGHEST, rel=1e-6)
    assert found.samples == pytest.approx(came * 10 ** (found.gain_db / 20), abs=1e-6)


def test_where_nobody_speaks_nothing_is_blown_up() -> None:
    for silence in (np.zeros(8000, np.float32), np.zeros(0, np.float32), noise(2, 1e-4)):
        found = level(silence)
        assert found.gain_db <= MOST_DB
        assert np.abs(found.samples).max(initial=0) < 0.05
    assert level(np.zeros(8000, np.float32)).speech_dbov is None
