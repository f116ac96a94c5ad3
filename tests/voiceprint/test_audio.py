"""Audio files and G.711."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from voiceprint import audio


def tone(hz: float, seconds: float, rate: int = 8000) -> np.ndarray:
    """A sine at half of full scale."""
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


@pytest.mark.parametrize(("code", "value"), [(0xFF, 0), (0x80, 32124), (0x00, -32124), (0xFE, 8), (0x7E, -8)])
def test_mulaw_codes_of_the_standard(code: int, value: int) -> None:
    assert audio.decode_mulaw(bytes([code]))[0] * 32768 == value


@pytest.mark.parametrize(("code", "value"), [(0xD5, 8), (0x55, -8), (0xAA, 32256), (0x2A, -32256)])
def test_alaw_codes_of_the_standard(code: int, value: int) -> None:
    assert audio.decode_alaw(bytes([code]))[0] * 32768 == value


def test_every_code_comes_back() -> None:
    codes = bytes(range(256))
    assert audio.encode_alaw(audio.decode_alaw(codes)) == codes
    again = audio.encode_mulaw(audio.decode_mulaw(codes))
    assert again == codes.replace(b"\x7f", b"\xff")  # µ-law has two zeros; silence is sent as 0xff


SAMPLES = arrays(np.float32, st.integers(0, 400), elements=st.floats(-2, 2, width=32))


@given(SAMPLES)
def test_g711_keeps_the_shape_of_a_wave(samples: np.ndarray) -> None:
    inside = np.clip(samples, -1, 1)
    for decoded in (
        audio.decode_mulaw(audio.encode_mulaw(samples)),
        audio.decode_alaw(audio.encode_alaw(samples)),
    ):
        assert decoded.dtype == np.float32
        assert np.all(np.abs(decoded - inside) <= np.abs(inside) / 16 + 32 / 32768)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 48000])
def test_read_brings_any_rate_to_8_khz(tmp_path: Path, rate: int) -> None:
    both_ears = np.stack([tone(440, 1, rate)] * 2, axis=1)
    soundfile.write(tmp_path / "a.wav", both_ears, rate)
    samples = audio.read(tmp_path / "a.wav")
    assert samples.dtype == np.float32
    assert len(samples) == 8000
    assert np.abs(samples - tone(440, 1))[100:-100].max() < 0.01


def test_a_file_that_is_no_audio_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"hello")
    with pytest.raises(audio.AudioUnreadable, match=r"a\.wav") as caught:
        audio.read(path)
    assert caught.value.path == path
    with pytest.raises(audio.AudioUnreadable, match="missing"):
        audio.read(tmp_path / "missing.wav")


def test_a_file_of_length_zero_says_so(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(0, dtype=np.float32), 8000)
    with pytest.raises(audio.AudioEmpty):
        audio.read(tmp_path / "a.wav")


def test_samples_that_are_not_numbers_are_unreadable(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.array([0, np.nan, 0], dtype=np.float32), 8000, subtype="FLOAT")
    with pytest.raises(audio.AudioUnreadable, match="not numbers"):
        audio.read(tmp_path / "a.wav")


def test_the_telephone_lets_the_voice_band_through_and_nothing_below() -> None:
    def passed(hz: float) -> float:
        return float(np.std(audio.telephone(tone(hz, 1))) / np.std(tone(hz, 1)))

    assert passed(1000) == pytest.approx(1, abs=0.05)
    assert passed(80) < 0.02
