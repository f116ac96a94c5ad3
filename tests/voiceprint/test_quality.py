"""Measures of a recording, and when it is refused."""

import numpy as np
import pytest

from tests.voiceprint.voices import noise, speak
from voiceprint.quality import Quality, Reason, Use, measure, reasons
from voiceprint.speech import without_pauses

GOOD = Quality(net_speech_s=4.0, snr_db=30.0, clipping=0.0, level_dbfs=-20.0)


def test_speech_is_good_enough() -> None:
    quality = measure(speak(1, seconds=3))
    assert quality.net_speech_s > 1.5
    assert quality.snr_db > 20
    assert reasons(quality, Use.ENROLMENT) == ()


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(100), np.zeros(24000)])
def test_silence_and_nothing_are_too_short(samples: np.ndarray) -> None:
    quality = measure(samples.astype(np.float32))
    assert quality.net_speech_s == 0
    assert reasons(quality, Use.TEST) == (Reason.TOO_SHORT,)


def test_noise_alone_is_refused() -> None:
    assert reasons(measure(noise(3, level=0.1)), Use.TEST)


def test_noise_lowers_the_ratio() -> None:
    voice = speak(1, seconds=3)
    ratios = [measure(voice + noise(3, level)).snr_db for level in (0.0005, 0.01, 0.1)]
    assert ratios == sorted(ratios, reverse=True)
    assert Reason.TOO_NOISY in reasons(measure(voice + noise(3, level=0.3)), Use.TEST)


def test_clipping_is_noticed() -> None:
    loud = np.clip(speak(1, seconds=3) * 30, -0.98, 0.98).astype(np.float32)
    assert Reason.CLIPPED in reasons(measure(loud), Use.TEST)


def test_a_whisper_from_afar_is_too_quiet() -> None:
    assert Reason.TOO_QUIET in reasons(measure(speak(1, seconds=3) * np.float32(0.004)), Use.TEST)


def test_enrolment_asks_more_than_a_test() -> None:
    between = Quality(net_speech_s=1.0, snr_db=7.0, clipping=0.0, level_dbfs=-20.0)
    assert reasons(between, Use.TEST) == ()
    assert reasons(between, Use.ENROLMENT) == (Reason.TOO_SHORT, Reason.TOO_NOISY)
    assert reasons(GOOD, Use.ENROLMENT) == ()


def test_long_pauses_are_cut_and_speech_is_kept() -> None:
    voice = speak(1, seconds=2)
    pause = np.zeros(3 * 8000, dtype=np.float32)
    kept = without_pauses(np.concatenate([pause, voice, pause, voice, pause]))
    assert 2 * len(without_pauses(voice)) - 4000 < len(kept) < 5 * 8000


def test_where_nobody_speaks_everything_stays() -> None:
    silence = np.zeros(8000, dtype=np.float32)
    assert len(without_pauses(silence)) == 8000
