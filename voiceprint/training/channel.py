"""What happens to a voice between a mouth and a telephone exchange, simulated with random settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq

from voiceprint.audio import (
    SAMPLE_RATE,
    Samples,
    decode_alaw,
    decode_mulaw,
    encode_alaw,
    encode_mulaw,
    read,
    telephone,
)
from voiceprint.line import coloured, power, with_noise

FRAME = SAMPLE_RATE // 50  # 20 ms, one packet


@dataclass(frozen=True, slots=True)
class Channel:
    """Noises and room impulse responses to draw from; `__call__` sends one utterance through a random line."""

    noises: tuple[Samples, ...]
    rooms: tuple[Samples, ...]

    def __call__(self, samples: Samples, rng: np.random.Generator) -> Samples:
        """Room, handset, noise, level, packet loss and codec, each at random; the length stays as it is."""
        heard = _filtered(samples, self._room(rng), rng)
        if rng.random() < 0.65:
            heard = _over(heard, self._noise(len(heard), rng), rng.uniform(3, 28))
        heard = _at_level(heard, rng.uniform(-36, -12))
        if rng.random() < 0.15:
            heard = _lossy(heard, rng)
        return _coded(heard, rng)

    def noisy(self, samples: Samples, snr_db: float, rng: np.random.Generator) -> Samples:
        """Add a random noise at `snr_db` below the speech (its active frames) and send it over a clean line."""
        return telephone(with_noise(samples, self._noise(len(samples), rng), snr_db))

    def _room(self, rng: np.random.Generator) -> Samples:
        draw = rng.random()
        if draw < 0.2:
            return self.rooms[rng.integers(len(self.rooms))]
        if draw < 0.45:
            return _synthetic_room(rng)
        return np.ones(1, dtype=np.float32)

    def _noise(self, length: int, rng: np.random.Generator) -> Samples:
        if rng.random() < 0.5:
            recorded = self.noises[rng.integers(len(self.noises))]
            start = int(rng.integers(len(recorded)))
            return np.resize(np.roll(recorded, -start), length)
        return coloured(length, rng.uniform(0, 2), rng)


def load(data: Path) -> Channel:
    """Read noises and rooms from the `noise` folder of the corpus."""
    noises = tuple(read(path) for path in sorted((data / "noise" / "noise").glob("*.wav")))
    rooms = tuple(_direct_first(read(path)) for path in sorted((data / "noise" / "RIRs").glob("*.wav")))
    return Channel(noises, rooms)


def _direct_first(response: Samples) -> Samples:
    """Cut what comes before the direct sound, keep half a second, scale to unit energy."""
    kept = response[int(np.argmax(np.abs(response))) :][: SAMPLE_RATE // 2]
    unit_energy: Samples = kept / np.sqrt(np.sum(kept**2))
    return unit_energy


def _synthetic_room(rng: np.random.Generator) -> Samples:
    """A direct sound and a tail of noise that decays by 60 dB in 0.1 to 0.5 s."""
    length = int(rng.uniform(0.1, 0.5) * SAMPLE_RATE)
    tail = rng.standard_normal(length) * np.exp(-6.9 * np.arange(length) / length)
    tail *= rng.uniform(0.1, 0.7) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    response: Samples = tail.astype(np.float32)
    return response


def _filtered(samples: Samples, room: Samples, rng: np.random.Generator) -> Samples:
    """Room, telephone band with random edges, and a smooth random colour of the handset, in one product."""
    size = next_fast_len(len(samples) + len(room), real=True)
    frequency = rfftfreq(size, 1 / SAMPLE_RATE)
    response = rfft(room, size)
    if rng.random() < 0.95:
        low, high = rng.uniform(180, 380), rng.uniform(3200, 3700)
        highpass = 1 / np.sqrt(1 + (low / np.maximum(frequency, 1)) ** 8)
        response = response * highpass / np.sqrt(1 + (frequency / high) ** 24)
    if rng.random() < 0.7:
        knots = np.array([0, 250, 500, 1000, 1800, 2600, 3400, 4000])
        response = response * 10 ** (np.interp(frequency, knots, rng.normal(0, 3.5, len(knots))) / 20)
    filtered: Samples = irfft(rfft(samples, size) * response, size)[: len(samples)].astype(np.float32)
    return filtered


def _over(samples: Samples, noise: Samples, snr_db: float) -> Samples:
    gain = np.sqrt(power(samples) / power(noise) / 10 ** (snr_db / 10))
    return (samples + np.float32(gain) * noise).astype(np.float32)


def _at_level(samples: Samples, dbfs: float) -> Samples:
    gain = np.float32(10 ** (dbfs / 20) / np.sqrt(power(samples)))
    return np.clip(samples * gain, np.float32(-1), np.float32(1))


def _lossy(samples: Samples, rng: np.random.Generator) -> Samples:
    """Lose one to six percent of the 20 ms packets: silence, or the packet before once more."""
    kept = samples.copy()
    lost = np.flatnonzero(rng.random(len(samples) // FRAME) < rng.uniform(0.01, 0.06))
    repeat = rng.random() < 0.5
    for packet in lost[lost > 0]:
        here = slice(packet * FRAME, (packet + 1) * FRAME)
        kept[here] = kept[(packet - 1) * FRAME : packet * FRAME] if repeat else 0.0
    return kept


def _coded(samples: Samples, rng: np.random.Generator) -> Samples:
    draw = rng.random()
    if draw < 0.5:
        return decode_mulaw(encode_mulaw(samples))
    if draw < 0.9:
        return decode_alaw(encode_alaw(samples))
    return samples
