"""Telephone audio as numbers: reading files, G.711 both ways, the telephone band."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from math import gcd
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfilt

Samples = NDArray[np.float32]
"""Mono audio at SAMPLE_RATE, float32 in [-1, 1], shape (samples,)."""

SAMPLE_RATE = 8000
FULL_SCALE = 32768.0


class AudioUnreadable(ValueError):
    """The file is not audio that we can read; `path` names it."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"无法读取录音 {path}，请换成 WAV 或 FLAC 文件。"
            f"Cannot read the recording {path} ({why}): give a WAV or FLAC file."
        )
        self.path = path


class AudioEmpty(ValueError):
    """The file is audio of length zero; `path` names it."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"录音 {path} 里没有声音，请重新录制。The recording {path} holds no sound: record it again.")
        self.path = path


def read(path: Path) -> Samples:
    """Read a WAV or FLAC file of any rate as mono samples at 8 kHz.

    Several channels are averaged. Raises AudioUnreadable (missing, not audio, not finite) or AudioEmpty.
    """
    try:
        data, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError, TypeError) as error:
        raise AudioUnreadable(path, str(error)) from error
    if not len(data):
        raise AudioEmpty(path)
    if not np.isfinite(data).all():
        raise AudioUnreadable(path, "samples that are not numbers")
    return resample(data.mean(axis=1), rate)


def wav(samples: Samples) -> bytes:
    """Samples as the bytes of a WAV file, 16 bits at SAMPLE_RATE."""
    file = BytesIO()
    soundfile.write(file, samples, SAMPLE_RATE, format="WAV", subtype="PCM_16")
    return file.getvalue()


def resample(samples: NDArray[np.float32], rate: int) -> Samples:
    """Bring mono samples at `rate` Hz to SAMPLE_RATE (polyphase filter)."""
    if rate == SAMPLE_RATE:
        return np.ascontiguousarray(samples, dtype=np.float32)
    common = gcd(rate, SAMPLE_RATE)
    converted: Samples = resample_poly(samples, SAMPLE_RATE // common, rate // common)
    return np.clip(converted, np.float32(-1), np.float32(1))


def decode_mulaw(data: bytes) -> Samples:
    """G.711 µ-law bytes, one a sample, to samples."""
    return _mulaw_values()[np.frombuffer(data, dtype=np.uint8)]


def encode_mulaw(samples: Samples) -> bytes:
    """Samples to G.711 µ-law bytes; what lies outside [-1, 1] is clipped."""
    return _mulaw_codes()[_pcm16(samples)].tobytes()


def decode_alaw(data: bytes) -> Samples:
    """G.711 A-law bytes, one a sample, to samples."""
    return _alaw_values()[np.frombuffer(data, dtype=np.uint8)]


def encode_alaw(samples: Samples) -> bytes:
    """Samples to G.711 A-law bytes; what lies outside [-1, 1] is clipped."""
    return _alaw_codes()[_pcm16(samples)].tobytes()


def telephone(samples: Samples) -> Samples:
    """Send samples over a simulated clean line: 300–3400 Hz, then G.711 µ-law and back."""
    return decode_mulaw(encode_mulaw(sosfilt(_telephone_band(), samples).astype(np.float32)))


@cache
def _telephone_band() -> NDArray[np.float64]:
    band: NDArray[np.float64] = butter(4, (300, 3400), btype="bandpass", fs=SAMPLE_RATE, output="sos")
    return band


def _pcm16(samples: Samples) -> NDArray[np.int64]:
    """Index into the code tables: 16-bit PCM shifted to 0 … 65535."""
    scaled: NDArray[np.float32] = np.rint(samples * np.float32(FULL_SCALE))
    return np.clip(scaled, np.float32(-32768), np.float32(32767)).astype(np.int64) + 32768


@cache
def _mulaw_values() -> Samples:
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (code >> 4) & 7, (code & 15).astype(np.int32)
    magnitude = (((mantissa << 3) + 132) << exponent) - 132
    return (np.where(code & 128, -magnitude, magnitude) / FULL_SCALE).astype(np.float32)


@cache
def _mulaw_codes() -> NDArray[np.uint8]:
    pcm = np.arange(-32768, 32768)
    magnitude = np.minimum(np.abs(pcm), 32635) + 132
    exponent = np.floor(np.log2(magnitude)).astype(np.int64) - 7
    mantissa = (magnitude >> (exponent + 3)) & 15
    codes: NDArray[np.uint8] = (~(np.where(pcm < 0, 128, 0) | (exponent << 4) | mantissa) & 255).astype(np.uint8)
    return codes


@cache
def _alaw_values() -> Samples:
    code = np.arange(256) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = np.where(
        exponent == 0,
        (mantissa << 4) + 8,
        ((mantissa << 4) + 264) << np.maximum(exponent - 1, 0),
    )
    return (np.where(code & 128, magnitude, -magnitude) / FULL_SCALE).astype(np.float32)


@cache
def _alaw_codes() -> NDArray[np.uint8]:
    pcm = np.arange(-32768, 32768)
    magnitude = np.minimum(np.where(pcm < 0, -pcm - 1, pcm), 32767)
    exponent = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int64) - 7, 0)
    mantissa = (magnitude >> np.where(exponent == 0, 4, exponent + 3)) & 15
    codes: NDArray[np.uint8] = ((np.where(pcm < 0, 0, 128) | (exponent << 4) | mantissa) ^ 0x55).astype(np.uint8)
    return codes
