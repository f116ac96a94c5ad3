"""Measures of a recording, and when it is refused."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.voiceprint.voices import noise, talk
from voiceprint import tones
from voiceprint.audio import SAMPLE_RATE, Samples, telephone
from voiceprint.quality import Quality, Reason, Use, describe, limit, measure, plain, reasons
from voiceprint.speech import without_pauses
from voiceprint.training.corpus import Group
from voiceprint.training.degrading import flattened, low_passed
from voiceprint.training.trials import spoken

GOOD = Quality(net_speech_s=4.0, snr_db=30.0, clipping=0.0, level_dbfs=-20.0)


def test_speech_is_good_enough() -> None:
    quality = measure(talk(1, seconds=3))
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
    voice = talk(1, seconds=3)
    ratios = [measure(voice + noise(3, level)).snr_db for level in (0.0005, 0.01, 0.1)]
    assert ratios == sorted(ratios, reverse=True)
    assert Reason.TOO_NOISY in reasons(measure(voice + noise(3, level=0.3)), Use.TEST)


def test_clipping_is_noticed() -> None:
    loud = np.clip(talk(1, seconds=3) * 30, -0.98, 0.98).astype(np.float32)
    assert Reason.CLIPPED in reasons(measure(loud), Use.TEST)


def test_a_whisper_from_afar_is_too_quiet() -> None:
    assert Reason.TOO_QUIET in reasons(measure(talk(1, seconds=3) * np.float32(0.004)), Use.TEST)


def test_enrolment_asks_more_than_a_test() -> None:
    between = Quality(net_speech_s=1.0, snr_db=7.0, clipping=0.0, level_dbfs=-20.0)
    assert reasons(between, Use.TEST) == ()
    assert reasons(between, Use.ENROLMENT) == (Reason.TOO_SHORT, Reason.TOO_NOISY)
    assert reasons(GOOD, Use.ENROLMENT) == ()


def test_long_pauses_are_cut_and_speech_is_kept() -> None:
    voice = talk(1, seconds=2)
    pause = np.zeros(3 * 8000, dtype=np.float32)
    kept = without_pauses(np.concatenate([pause, voice, pause, voice, pause]))
    assert 2 * len(without_pauses(voice)) - 4000 < len(kept) < 5 * 8000


def test_where_nobody_speaks_everything_stays() -> None:
    silence = np.zeros(8000, dtype=np.float32)
    assert len(without_pauses(silence)) == 8000


def sine(hertz: float, seconds: float, level: float = 0.1) -> Samples:
    return (level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE)).astype(np.float32)


def again(sound: Samples, pause: float) -> Samples:
    """Three seconds of a sound, over and over, with a pause behind."""
    return np.resize(np.concatenate([sound, sine(0, pause)]), 3 * SAMPLE_RATE)


@pytest.mark.parametrize("level", [1.0, 0.25, 0.05])
def test_clipping_is_noticed_at_any_level(level: float) -> None:
    voice = talk(1, seconds=3)
    clipped = flattened(voice, 0.06) * np.float32(level)
    assert Reason.CLIPPED not in reasons(measure(voice * np.float32(level)), Use.TEST)
    assert measure(clipped).clipping == pytest.approx(0.06, abs=0.02)
    assert Reason.CLIPPED in reasons(measure(clipped), Use.TEST)


@pytest.mark.parametrize("edge", [3400, 2800, 2000])
def test_a_narrow_band_is_read(edge: int) -> None:
    quality = measure(low_passed(talk(1, seconds=3), edge))
    assert edge <= quality.bandwidth_hz <= edge + 250
    assert (Reason.NARROW_BAND in reasons(quality, Use.TEST)) == (edge < 3000)


def test_a_noisy_line_is_not_called_narrow() -> None:
    narrow = low_passed(talk(1, seconds=3), 2400)
    assert Reason.NARROW_BAND in reasons(measure(narrow), Use.TEST)
    assert Reason.NARROW_BAND not in reasons(measure(narrow + noise(3, 0.05)), Use.TEST)


def test_noise_is_measured_where_the_pauses_are_digitally_silent() -> None:
    """For people within 4 dB (docs/decisions/0017); a buzz leaves less room between its harmonics."""
    voice, hiss = talk(1, seconds=3), noise(3, 0.005)
    pauses = np.convolve(np.abs(voice), np.ones(80) / 80, "same") < 1e-3
    gated = np.where(pauses, np.float32(0), voice + hiss)
    assert 0.2 < np.mean(pauses) < 0.4
    assert measure(gated).snr_db == pytest.approx(measure(voice + hiss).snr_db, abs=8)


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(lambda: sine(450, 3), id="dial tone"),
        pytest.param(lambda: again(sine(450, 0.35), 0.35), id="busy"),
        pytest.param(lambda: again(sine(770, 0.15) + sine(1336, 0.15), 0.1), id="keys"),
        pytest.param(lambda: sine(440, 3) + sine(554, 3) + sine(659, 3), id="a chord"),
    ],
)
def test_tones_and_music_are_told_from_speech(sound: Callable[[], Samples]) -> None:
    voice, heard = talk(1, seconds=3), sound()
    beside = voice + np.resize(heard, len(voice))
    assert Reason.MUSIC_OR_TONE not in reasons(measure(voice), Use.ENROLMENT)
    assert Reason.MUSIC_OR_TONE in reasons(measure(telephone(heard)), Use.TEST)
    assert Reason.MUSIC_OR_TONE in reasons(measure(telephone(beside)), Use.TEST)
    assert Reason.CLIPPED not in reasons(measure(heard), Use.TEST), "a tone is always near its peak"


def test_the_hum_of_the_mains_is_no_tone() -> None:
    hum = np.sum([sine(100 * number, 3, 0.1 * number**-0.7) for number in range(1, 20)], axis=0).astype(np.float32)
    assert tones.held(hum + sine(440, 3, 0.1)).all(), "beside it a tone is heard"
    assert not tones.held(hum).any()
    assert Reason.MUSIC_OR_TONE not in reasons(measure(talk(1, seconds=3) + hum), Use.TEST)


def test_a_note_shorter_than_a_third_of_a_second_is_not_held() -> None:
    pause = np.zeros(1600, dtype=np.float32)
    assert tones.held(np.concatenate([pause, sine(500, 0.5), pause])).any()
    assert not tones.held(np.concatenate([pause, sine(500, 0.15), pause])).any()


def test_what_was_lost_on_the_way_is_no_speech() -> None:
    voice = talk(1, seconds=4)
    lost = voice.reshape(-1, 800).copy()
    lost[::2] = 0
    assert measure(lost.ravel()).net_speech_s < 0.65 * measure(voice).net_speech_s


def test_every_reason_is_said_in_both_languages() -> None:
    for reason in Reason:
        chinese, english = plain(reason)
        assert re.search(r"[\u4e00-\u9fff]", chinese)
        assert re.fullmatch(r"[\x20-\x7e]+", english)
    assert len({plain(reason) for reason in Reason}) == len(Reason)


@pytest.mark.parametrize("use", Use)
def test_a_measure_is_described_with_the_limit_that_it_is_held_to(use: Use) -> None:
    poor = Quality(net_speech_s=0.5, snr_db=3.0, clipping=0.1, level_dbfs=-60.0, bandwidth_hz=2000.0, music=0.5)
    assert [one.ok for one in describe(GOOD, use)] == [True] * len(Reason)
    assert [one.ok for one in describe(poor, use)] == [False] * len(Reason)
    assert [one.limit for one in describe(poor, use)] == [limit(reason, use) for reason in Reason]
    assert reasons(poor, use) == tuple(Reason)


def test_real_enrolments_and_calls_are_good_enough(shared: Path) -> None:
    enrolments, tests = spoken(shared / "data", Group.TUNING, seed=3)
    pieces = [measure(telephone(piece)) for one in enrolments[::6] for piece in one.audio()]
    calls = [measure(telephone(np.concatenate(one.audio()))) for one in tests[::20]]
    assert [reasons(one, Use.ENROLMENT) for one in pieces] == [()] * 18
    assert [reasons(one, Use.TEST) for one in calls] == [()] * 6


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_moment_of_speech_is_too_short_and_breaks_nothing(frames: int) -> None:
    voice = talk(1, seconds=3)
    start = int(np.argmax(np.abs(voice))) - 120
    moment = np.concatenate([voice[start : start + 240 * frames], np.zeros(240, dtype=np.float32)])
    assert Reason.TOO_SHORT in reasons(measure(moment), Use.TEST)
