"""A poorer telephone line than the one a voice was enrolled over, made at the desk: noise, band and codec."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq

from voiceprint.audio import SAMPLE_RATE, Samples, telephone
from voiceprint.speech import FRAME, activity

SNR_DB = 15.0
PINK = 1.0  # noise of streets and kitchens: its power falls with frequency


def degraded(samples: Samples) -> Samples:
    """What an enrolment recording would have been over a noisy line: pink noise 15 dB below its speech, G.711.

    The same for the same recording. A template that was also heard so is found again in noise.
    """
    rng = np.random.default_rng(zlib.crc32(samples.tobytes()))
    return telephone(with_noise(samples, coloured(len(samples), PINK, rng), SNR_DB))


def with_noise(samples: Samples, noise: Samples, snr_db: float) -> Samples:
    """Add noise whose power is `snr_db` below that of the speech: of the frames in which somebody speaks, or of all."""
    active = np.repeat(activity(samples), FRAME)
    speech = samples[: len(active)][active]
    gain = np.sqrt(power(speech if len(speech) else samples) / power(noise) / 10 ** (snr_db / 10))
    return (samples + np.float32(gain) * noise).astype(np.float32)


def coloured(length: int, fall: float, rng: np.random.Generator) -> Samples:
    """Noise whose power falls with frequency to the power `fall`: white (0), pink (1), brown (2)."""
    size = next_fast_len(max(length, 2), real=True)
    shape = np.maximum(rfftfreq(size, 1 / SAMPLE_RATE), 50) ** (-fall / 2)
    noise: Samples = irfft(rfft(rng.standard_normal(size)) * shape, size)[:length].astype(np.float32)
    return noise


def power(samples: NDArray[np.floating]) -> float:
    """Mean square, never quite 0."""
    return float(np.mean(np.square(samples))) + 1e-10
