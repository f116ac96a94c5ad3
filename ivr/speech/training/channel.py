"""A simulated telephone line: level, band, room, noise, lost packets and G.711, for training and for tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from scipy import fft, signal

from ivr.speech import g711

SAMPLE_RATE = 8000
Samples = np.ndarray[tuple[int], np.dtype[np.float32]]
Random = np.random.Generator
_PACKET = 160
_NOISY = 0.65  # share of lines with a noise to be heard; on the others every breath is heard instead


@dataclass(frozen=True, slots=True)
class Backgrounds:
    """Recorded noises and room impulse responses at 8 kHz."""

    noises: tuple[Samples, ...]
    rooms: tuple[Samples, ...]


@dataclass(frozen=True, slots=True)
class Noise:
    """How far an audible noise is below the loud parts of the speech: `low` to `high` dB.

    `in_band`: the noise goes through the line as the speech does, and the ratio is that of 300 to 3400 Hz; otherwise it
    comes upon the line, and all of it counts.
    """

    low: float = 4.0
    high: float = 32.0
    in_band: bool = False


NOISE = Noise()


def load_backgrounds(folder: Path) -> Backgrounds:
    """Read `noise/*.wav` and `RIRs/*.wav` below `folder`; an empty folder gives none."""
    return Backgrounds(
        tuple(read(path) for path in sorted((folder / "noise").glob("*.wav"))),
        tuple(read(path)[: SAMPLE_RATE // 2] for path in sorted((folder / "RIRs").glob("*.wav"))),
    )


def read(path: Path) -> Samples:
    """A sound file of any rate as 8 kHz mono samples in [-1, 1]."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    if rate != SAMPLE_RATE:
        mono = signal.resample_poly(mono, SAMPLE_RATE, rate)
    return np.asarray(mono, dtype=np.float32)


def resample(samples: Samples, factor: float) -> Samples:
    """The same sound with `factor` times as many samples: slower and lower where the rate stays."""
    length = max(1, round(len(samples) * factor))
    padded = fft.next_fast_len(len(samples), real=True)
    wide = np.pad(samples, (0, padded - len(samples)))
    return np.asarray(signal.resample(wide, round(padded * factor))[:length], dtype=np.float32)


def coloured_noise(length: int, slope: float, random: Random) -> Samples:
    """Noise of unit power whose spectrum falls by `slope` (0 white, 1 pink, 2 brown)."""
    size = fft.next_fast_len(length, real=True)
    spectrum = random.standard_normal(size // 2 + 1) + 1j * random.standard_normal(size // 2 + 1)
    spectrum *= np.maximum(np.arange(size // 2 + 1), 8.0 * size / SAMPLE_RATE) ** (-slope / 2)
    noise = fft.irfft(spectrum, size)[:length]
    return np.asarray(noise / (noise.std() + 1e-9), dtype=np.float32)


def band(samples: Samples) -> Samples:
    """What a telephone lets through: 300 to 3400 Hz."""
    passed = signal.butter(4, (300, 3400), "bandpass", fs=SAMPLE_RATE, output="sos")
    return np.asarray(signal.sosfilt(passed, samples), dtype=np.float32)


def hum(length: int, random: Random) -> Samples:
    """Mains hum of unit power: 50 Hz and its harmonics."""
    time = np.arange(length) / SAMPLE_RATE
    base = 50 * random.uniform(0.99, 1.01)
    harmonics = range(1, 9)
    wave = sum(random.uniform(0, 1) / k * np.sin(2 * np.pi * base * k * time + random.uniform(0, 6)) for k in harmonics)
    return np.asarray(wave / (np.std(wave) + 1e-9), dtype=np.float32)


def _background(length: int, backgrounds: Backgrounds, random: Random) -> Samples:
    kind = random.uniform()
    if kind < 0.35 and backgrounds.noises:
        noise = backgrounds.noises[random.integers(len(backgrounds.noises))]
        start = random.integers(len(noise))
        wave = np.resize(np.roll(noise, -start), length)
        return np.asarray(wave / (wave.std() + 1e-9), dtype=np.float32)
    if kind < 0.45:
        return hum(length, random)
    return coloured_noise(length, random.uniform(0, 2), random)


def _response(size: int, random: Random) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A random magnitude response: a telephone band and a smooth colouring of up to ±6 dB."""
    hertz = np.arange(size // 2 + 1) * SAMPLE_RATE / size
    decibel = random.uniform(-6, 6) * (hertz / 4000 - 0.5)
    for ripple in (1, 2, 3):
        decibel += random.uniform(-2.5, 2.5) * np.cos(np.pi * ripple * hertz / 4000 + random.uniform(0, 6))
    gain = 10 ** (decibel / 20)
    if random.uniform() < 0.8:
        low, high = random.uniform(100, 350), random.uniform(3200, 3800)
        gain = gain / (1 + (low / np.maximum(hertz, 1)) ** 8) / (1 + (hertz / high) ** 24)
    return gain


def telephone(samples: Samples, random: Random, backgrounds: Backgrounds, noise: Noise = NOISE) -> Samples:
    """A call's samples as they come out of a random telephone line, on which `noise` may be heard.

    Same length, in [-1, 1].
    """
    wave = np.asarray(samples / _loud(samples), dtype=np.float32)
    if random.uniform() < 0.35:
        wave = _in_a_room(wave, backgrounds, random)
    size = fft.next_fast_len(len(wave), real=True)
    response = _response(size, random)
    wave = fft.irfft(fft.rfft(wave, size) * response, size)[: len(wave)]
    ratio = random.uniform(noise.low, noise.high) if random.uniform() < _NOISY else random.uniform(45, 75)
    background = _background(len(wave), backgrounds, random)
    if noise.in_band:
        background = fft.irfft(fft.rfft(background, size) * response, size)[: len(wave)]
        background *= _loud(band(wave)) / (band(background).std() + 0.1 * background.std() + 1e-9)
    wave = (wave + background * 10 ** (-ratio / 20)) * 10 ** (random.uniform(-38, -14) / 20)
    if random.uniform() < 0.15:
        packets = random.uniform(size=len(wave) // _PACKET + 1) < random.uniform(0.005, 0.04)
        wave = np.where(np.repeat(packets, _PACKET)[: len(wave)], 0, wave)
    return through_codec(wave.astype(np.float32), random.choice(["mulaw", "mulaw", "alaw", "none"]))


def _loud(samples: Samples) -> float:
    """The level of the loud parts: what is above a tenth of the highest sample."""
    return float(np.sqrt(np.mean(samples[np.abs(samples) > 0.1 * np.abs(samples).max()] ** 2) + 1e-12))


def _in_a_room(wave: Samples, backgrounds: Backgrounds, random: Random) -> Samples:
    if backgrounds.rooms and random.uniform() < 0.4:
        recorded = backgrounds.rooms[random.integers(len(backgrounds.rooms))]
        room = recorded[int(np.abs(recorded).argmax()) :]
    else:
        room = _invented_room(random)
    echo = signal.fftconvolve(wave, room / np.sqrt(np.sum(room**2)))[: len(wave)]
    return np.asarray(echo, dtype=np.float32)


def _invented_room(random: Random) -> Samples:
    """A direct sound and noise that dies away by 60 dB within 0.1 to 0.4 s."""
    time = np.arange(int(0.25 * SAMPLE_RATE)) / SAMPLE_RATE
    room = random.standard_normal(len(time)) * np.exp(-6.9 * time / random.uniform(0.1, 0.4))
    room[0] = random.uniform(2, 12)
    return np.asarray(room, dtype=np.float32)


def through_codec(samples: Samples, codec: str) -> Samples:
    """Encode and decode: "mulaw", "alaw" or "none" (16 bits)."""
    pcm = np.clip(np.rint(samples * 32767), -32768, 32767).astype(np.int16)
    if codec == "mulaw":
        pcm = g711.decode_mulaw(g711.encode_mulaw(pcm))
    if codec == "alaw":
        pcm = g711.decode_alaw(g711.encode_alaw(pcm))
    return pcm.astype(np.float32) / np.float32(32768)
