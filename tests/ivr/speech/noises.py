"""What else a line may carry, made from a seed: hum, music, the signals of machines, noise and clicks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import signal

from ivr.speech.g711 import Pcm, decode_mulaw, encode_mulaw

RATE = 8000
Wave = np.ndarray[tuple[int], np.dtype[np.float64]]
Random = np.random.Generator
Maker = Callable[[int, Random], Wave]

_SCALE = (0, 2, 4, 7, 9)  # the pentatonic steps of most music that callers are kept waiting with
_ROWS, _COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)


def _time(length: int) -> Wave:
    return np.arange(length) / RATE


def _sine(hertz: Wave | float, length: int) -> Wave:
    """A sine; `hertz` may change from sample to sample."""
    return np.asarray(np.sin(2 * np.pi * np.cumsum(np.broadcast_to(hertz, length)) / RATE))


def hum(length: int, random: Random) -> Wave:
    """Mains hum with harmonics, perhaps a buzz."""
    base = random.choice([50, 60]) * random.uniform(0.995, 1.005)
    fall = random.uniform(0.3, 1.5)
    return np.asarray(sum(_sine(base * k, length) * random.uniform(0.2, 1) / k**fall for k in range(1, 17)))


def _note(hertz: float, length: int, random: Random, struck: float, vibrato: float) -> Wave:
    """One note of an instrument: harmonics, dying away at `struck` per second, with a vibrato in semitones."""
    time = _time(length)
    bend = 2 ** (vibrato * np.sin(2 * np.pi * random.uniform(4.5, 6.5) * time + random.uniform(0, 6)) / 12)
    wave: Wave = np.zeros(length)
    for k in range(1, 13):
        if hertz * k < 3800:
            wave += _sine(hertz * k * bend, length) / k ** random.uniform(0.7, 2) * np.exp(-0.3 * struck * k * time)
    wave *= np.minimum(time / 0.01, 1) * np.exp(-struck * time) * np.minimum((length / RATE - time) / 0.02, 1)
    return wave


def _melody(length: int, random: Random, octave: int, together: int, vibrato: float) -> Wave:
    beat = int(RATE * random.uniform(0.12, 0.4))
    struck, root = random.choice([0.0, 0.5, 2.0, 5.0]), 55 * 2 ** (octave + random.uniform(0, 1))
    wave: Wave = np.zeros(length)
    at = 0
    while at < length:
        long = min(beat * int(random.choice([1, 1, 2, 4])), length - at)
        first = random.integers(0, 8)
        for other in range(together):
            step = int(first) + 2 * other
            hertz = root * 2 ** ((_SCALE[step % 5] + 12 * (step // 5)) / 12)
            wave[at : at + long] += _note(hertz, long, random, struck, vibrato)
        at += long + (0 if random.uniform() < 0.8 else beat)
    return wave


def melody(length: int, random: Random) -> Wave:
    """One instrument, alone and without vibrato."""
    return _melody(length, random, int(random.integers(1, 4)), 1, 0.0)


def vibrato(length: int, random: Random) -> Wave:
    """A violin, a flute, an erhu: one voice whose pitch trembles."""
    return _melody(length, random, int(random.integers(2, 4)), 1, random.uniform(0.2, 0.8))


def chords(length: int, random: Random) -> Wave:
    """A piano, an organ, strings."""
    return _melody(length, random, int(random.integers(1, 3)), 3, random.uniform(0, 0.2))


def drums(length: int, random: Random) -> Wave:
    """Beats of noise and of falling tones."""
    wave: Wave = np.zeros(length)
    beat = int(RATE * random.uniform(0.15, 0.5))
    for at in range(int(random.integers(0, beat)), length, beat):
        long = min(RATE // 3, length - at)
        time = _time(long)
        noise = random.standard_normal(long) * np.exp(-time * random.uniform(15, 60))
        thump = _sine(60 + 90 * np.exp(-30 * time), long) * np.exp(-time * 12)
        wave[at : at + long] += random.uniform(0, 1) * noise + random.uniform(0, 1) * thump
    return wave


def band(length: int, random: Random) -> Wave:
    """Hold music: a tune over chords, a bass and drums."""
    return (
        vibrato(length, random)
        + 0.5 * chords(length, random)
        + 0.7 * _melody(length, random, 0, 1, 0.0)
        + random.uniform(0.2, 1) * drums(length, random)
    )


def _rhythm(length: int, pattern: tuple[float, ...], start: int = 0) -> Wave:
    """1 and 0 by turns, for so many seconds each."""
    once = np.concatenate([np.full(round(s * RATE), 1 - at % 2) for at, s in enumerate(pattern)])
    return np.roll(np.resize(once, length + len(once)), start)[:length].astype(float)


def _tones(*hertz: float, pattern: tuple[float, ...] = (1.0,)) -> Maker:
    def made(length: int, random: Random) -> Wave:
        off = random.uniform(0.99, 1.01)
        wave = sum(_sine(h * off, length) * random.uniform(0.7, 1) for h in hertz)
        return np.asarray(wave * _rhythm(length, pattern, int(random.integers(0, RATE))))

    return made


def keys(length: int, random: Random) -> Wave:
    """DTMF as a person presses it, or a machine."""
    wave: Wave = np.zeros(length)
    at = int(random.integers(0, RATE))
    while at < length:
        long = min(int(RATE * random.uniform(0.05, 0.5)), length - at)
        wave[at : at + long] = _sine(random.choice(_ROWS), long) + _sine(random.choice(_COLUMNS), long)
        at += long + int(RATE * random.uniform(0.05, 0.8))
    return wave


def modem(length: int, random: Random) -> Wave:
    """Frequency-shift keying: V.21, both channels, Bell 103 or V.23, alone or both ways."""
    ways = [(980, 1180, 300), (1650, 1850, 300), (1070, 1270, 300), (1300, 2100, 1200), (390, 450, 75)]

    def one() -> Wave:
        low, high, baud = ways[int(random.integers(len(ways)))]
        bits = random.integers(0, 2, length * baud // RATE + 2)
        return _sine(np.where(np.repeat(bits, RATE // baud + 1)[:length] > 0, low, high).astype(float), length)

    wave = one() + (one() if random.uniform() < 0.3 else 0)
    return wave * _rhythm(length, (random.uniform(1, 9), random.uniform(0.1, 1)))


def answer_tone(length: int, random: Random) -> Wave:
    """CED or ANSam: 2100 Hz, whose phase turns every 450 ms and whose level may tremble at 15 Hz."""
    time = _time(length)
    turned = np.where(time // 0.45 % 2, -1, 1) if random.uniform() < 0.5 else 1
    trembling = 1 + (0.2 * _sine(15, length) if random.uniform() < 0.5 else 0)
    return np.asarray(_sine(2100, length) * turned * trembling * (time < random.uniform(2.6, 4)))


def special_tones(length: int, random: Random) -> Wave:
    """The three rising tones before "the number you have dialled"."""
    wave: Wave = np.zeros(length)
    third = int(0.33 * RATE)
    for at in range(0, length - 3 * third, int(random.uniform(1.5, 4) * RATE)):
        for n, hertz in enumerate((950, 1400, 1800)):
            wave[at + n * third : at + (n + 1) * third] = _sine(hertz, third)
    return wave


def siren(length: int, random: Random) -> Wave:
    """A tone that glides to and fro, with harmonics or without."""
    sweep = 2 ** (random.uniform(0.2, 1.2) * _sine(random.uniform(0.2, 3), length))
    hertz = random.uniform(400, 1200) * sweep
    return np.asarray(sum(_sine(hertz * k, length) / k for k in range(1, int(random.integers(2, 5)))))


def hiss(length: int, random: Random) -> Wave:
    """Steady noise: white, pink or brown."""
    spectrum = np.fft.rfft(random.standard_normal(length))
    fall = np.maximum(np.arange(len(spectrum)), 40) ** random.uniform(0, 1)
    return np.asarray(np.fft.irfft(spectrum / fall, length), dtype=np.float64)


def gusts(length: int, random: Random) -> Wave:
    """Noise that comes and goes: wind, traffic, breath on the mouthpiece."""
    swell = np.repeat(random.uniform(-25, 0, length // RATE * 2 + 3), RATE // 2)[:length]
    window = np.hanning(RATE // 2)
    smooth = signal.fftconvolve(swell, window / window.sum(), "same")
    return np.asarray(hiss(length, random) * 10 ** (smooth / 20), dtype=np.float64)


def clicks(length: int, random: Random) -> Wave:
    """A keyboard, knocks, a crackling line: short sounds, each with a resonance of its own."""
    wave: Wave = np.zeros(length)
    for at in random.integers(0, length, int(random.uniform(0.5, 8) * length / RATE)):
        long = min(int(RATE * random.uniform(0.002, 0.08)), length - int(at))
        time = _time(long)
        ring = _sine(random.uniform(300, 3000), long) + random.uniform(0, 2) * random.standard_normal(long)
        wave[at : at + long] += random.uniform(0.1, 1) * ring * np.exp(-5 * time * RATE / max(long, 1))
    return wave


def nothing(length: int, random: Random) -> Wave:
    """Silence, or a line's faint noise."""
    return np.zeros(length) if random.uniform() < 0.3 else 1e-4 * random.standard_normal(length)


KINDS: dict[str, Maker] = {
    "hum": hum,
    "melody": melody,
    "vibrato": vibrato,
    "chords": chords,
    "drums": drums,
    "band": band,
    "keys": keys,
    "CNG": _tones(1100, pattern=(0.5, 3.0)),
    "CED": answer_tone,
    "modem": modem,
    "ring-back": _tones(450, pattern=(1.0, 4.0)),
    "American ring-back": _tones(440, 480, pattern=(2.0, 4.0)),
    "British ring-back": _tones(400, 450, pattern=(0.4, 0.2, 0.4, 2.0)),
    "busy": _tones(450, pattern=(0.35, 0.35)),
    "dial tone": _tones(350, 440),
    "special tones": special_tones,
    "siren": siren,
    "hiss": hiss,
    "gusts": gusts,
    "clicks": clicks,
    "nothing": nothing,
}


def noise(seed: int, seconds: float = 10.0) -> tuple[str, Pcm]:
    """The kind and the samples of the sound of this seed; the kinds take turns.

    It begins after up to a second, is as loud as -45 to -8 dB below full scale, and has a line's faint noise under it.
    """
    random = np.random.default_rng(seed)
    name = list(KINDS)[seed % len(KINDS)]
    length = round(seconds * RATE)
    wave = KINDS[name](length, random)
    loud = np.sqrt(np.mean(np.square(wave[np.abs(wave) > 0.05 * np.abs(wave).max(initial=0)])) if wave.any() else 1.0)
    wave = wave / max(float(loud), 1e-6) * 10 ** (random.uniform(-45, -8) / 20) if name != "nothing" else wave
    wave[: int(random.uniform(0, RATE))] = 0
    wave = wave + 10 ** (random.uniform(-80, -60) / 20) * random.standard_normal(length)
    pcm = np.clip(np.rint(wave * 32767), -32768, 32767).astype(np.int16)
    return name, decode_mulaw(encode_mulaw(pcm))
