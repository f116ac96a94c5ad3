"""Tones and music made up by ourselves: what a telephone may hear beside speech, and there is no corpus of here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from voiceprint.audio import SAMPLE_RATE

Sound = NDArray[np.float64]
Maker = Callable[[int, np.random.Generator], Sound]
"""So many samples of a kind of sound, at any level."""
Voice = Callable[[float, int, np.random.Generator], Sound]
"""One note: frequency in Hz, length in samples."""

SCALE = np.array([0, 2, 4, 7, 9])  # pentatonic, in semitones
CHORDS = ((0, 4, 7), (0, 3, 7), (0, 5, 9))


def tone(*hertz: float, on: float = 1.0, off: float = 0.0) -> Maker:
    """Sines together, `on` and `off` for so many seconds, beginning anywhere."""

    def make(length: int, rng: np.random.Generator) -> Sound:
        time = np.arange(length) / SAMPLE_RATE
        sounds = (time + rng.uniform(0, on + off)) % (on + off) < on if off else np.ones(length)
        return np.sum([np.sin(2 * np.pi * one * time) for one in hertz], axis=0) * sounds

    return make


def hum(mains: float, fall: float) -> Maker:
    """Every harmonic of the mains, falling with its number to a power."""

    def make(length: int, _: np.random.Generator) -> Sound:
        return _harmonics(mains, length, [number**-fall for number in range(1, 40)])

    return make


def melody(voice: Voice, lasting: Sequence[float], lowest: int = 60) -> Maker:
    """One note after another, a wandering tune of two octaves above a MIDI number."""

    def make(length: int, rng: np.random.Generator) -> Sound:
        made, start, number = np.zeros(length + 4 * SAMPLE_RATE), 0, lowest + 12
        while start < length:
            number = int(np.clip(number + rng.choice([-4, -2, -1, 0, 1, 2, 4]), lowest, lowest + 24))
            in_scale = number - number % 12 + int(SCALE[np.argmin(np.abs(SCALE - number % 12))])
            lasts = int(rng.choice(lasting) * SAMPLE_RATE)
            _add(made, start, voice(_hertz(in_scale), lasts, rng))
            start += lasts
        return made[:length]

    return make


def chords(voice: Voice, lasting: float) -> Maker:
    """One triad after another."""

    def make(length: int, rng: np.random.Generator) -> Sound:
        made, lasts = np.zeros(length + 4 * SAMPLE_RATE), int(lasting * SAMPLE_RATE)
        for start in range(0, length, lasts):
            root, chord = int(rng.integers(48, 62)), CHORDS[rng.integers(len(CHORDS))]
            for step in chord:
                _add(made, start, voice(_hertz(root + step), lasts, rng))
        return made[:length]

    return make


def together(*parts: tuple[float, Maker]) -> Maker:
    """Parts with their loudness."""

    def make(length: int, rng: np.random.Generator) -> Sound:
        return np.sum([loudness * _unit(part(length, rng)) for loudness, part in parts], axis=0)

    return make


def steady(amplitudes: Sequence[float], attack: float = 0.01, vibrato: float = 0.0, rate: float = 5.5) -> Voice:
    """A note that stays as loud as it is: organ, flute, strings; `vibrato` as a share of the frequency."""

    def note(hertz: float, length: int, _: np.random.Generator) -> Sound:
        return _harmonics(hertz, length, amplitudes, vibrato=vibrato, rate=rate) * _envelope(length, attack)

    return note


def struck(amplitudes: Sequence[float], decay: float, stretch: float = 0.0, partials: Sequence[float] = ()) -> Voice:
    """A note that dies away, high partials first: piano, music box; `partials` where they are not harmonics."""

    def note(hertz: float, length: int, _: np.random.Generator) -> Sound:
        return _harmonics(hertz, length + 4000, amplitudes, stretch=stretch, decay=decay, partials=partials)

    return note


def plucked(hertz: float, length: int, rng: np.random.Generator) -> Sound:
    """A string after Karplus and Strong (1983)."""
    period, sounding = max(2, round(SAMPLE_RATE / hertz - 0.5)), length + 4000
    burst, loop = np.zeros(sounding), np.zeros(period + 2)
    burst[:period] = rng.uniform(-1, 1, period)
    loop[0], loop[period:] = 1.0, -0.4985
    return np.asarray(lfilter([1.0], loop, burst)) * _envelope(sounding, 0.001)


def gliding(hertz: float, length: int, rng: np.random.Generator) -> Sound:
    """A bowed note that is slid into from up to four semitones away: erhu."""
    slide = 2 ** (rng.uniform(-4, 4) / 12 * np.maximum(0, 1 - np.arange(length) / SAMPLE_RATE / 0.15))
    trembling = 1 + 0.012 * np.sin(2 * np.pi * 6 * np.arange(length) / SAMPLE_RATE)
    turns = np.cumsum(hertz * slide * trembling) / SAMPLE_RATE
    made = np.sum([np.sin(2 * np.pi * n * turns) / n for n in range(1, int(3900 / hertz / 1.3) + 1)], axis=0)
    return np.asarray(made) * _envelope(length, 0.05)


def sung(length: int, rng: np.random.Generator) -> Sound:
    """A buzz through resonances, sliding from note to note with vibrato."""
    made, start, before = np.zeros(length + SAMPLE_RATE), 0, rng.uniform(150, 320)
    while start < length:
        lasts = int(rng.uniform(0.25, 0.6) * SAMPLE_RATE)
        after = float(np.clip(before * 2 ** (rng.choice([-4, -2, 2, 3, 5]) / 12), 120, 420))
        time = np.arange(lasts) / SAMPLE_RATE
        arrived = np.minimum(time / 0.12, 1)
        pitch = before * (after / before) ** arrived * (1 + 0.012 * np.sin(2 * np.pi * 5.5 * time) * arrived)
        buzz = np.diff(np.floor(np.cumsum(pitch) / SAMPLE_RATE), prepend=0)
        for centre in (rng.uniform(350, 850), rng.uniform(900, 2000), 2600):
            buzz = lfilter([0.03], [1, -1.94 * np.cos(2 * np.pi * centre / SAMPLE_RATE), 0.97**2], buzz)
        _add(made, start, _unit(buzz) * _envelope(lasts, 0.03))
        start, before = start + lasts, after
    return made[:length]


def drums(length: int, rng: np.random.Generator) -> Sound:
    """Bass drum, snare and cymbal at 120 beats a minute."""
    made, time = np.zeros(length + SAMPLE_RATE), np.arange(2000) / SAMPLE_RATE
    for beat, start in enumerate(range(0, length, SAMPLE_RATE // 4)):
        noise = rng.standard_normal(2001)
        match beat % 4:
            case 0:
                hit = np.sin(2 * np.pi * (50 + 80 * np.exp(-30 * time)) * time) * np.exp(-12 * time)
            case 2:
                hit = 0.6 * noise[1:] * np.exp(-25 * time) + 0.5 * np.sin(2 * np.pi * 190 * time) * np.exp(-20 * time)
            case _:
                hit = 0.3 * np.diff(noise) * np.exp(-60 * time)
        _add(made, start, hit)
    return made[:length]


def modem(length: int, rng: np.random.Generator) -> Sound:
    """V.21: 300 bits a second as 980 and 1180 Hz."""
    bits = np.repeat(np.where(rng.random(length // 27 + 1) < 0.5, 980, 1180), 27)[:length]
    return np.sin(2 * np.pi * np.cumsum(bits) / SAMPLE_RATE)


def information(length: int, _: np.random.Generator) -> Sound:
    """The three rising tones before an announcement (ITU-T E.180)."""
    third = np.arange(2640) / SAMPLE_RATE
    tones = [np.sin(2 * np.pi * hertz * third) for hertz in (950, 1400, 1800)]
    return np.resize(np.concatenate([*tones, np.zeros(SAMPLE_RATE)]), length)


SAW = [1 / number for number in range(1, 20)]
ORGAN, PIANO = steady([1, 0.7, 0.5, 0.4, 0.2, 0.2]), struck([1, 0.6, 0.4, 0.3, 0.2, 0.15, 0.1], 1.2, 3e-4)
VIOLIN, FLUTE = steady(SAW[:15], 0.06, 0.008, 5.7), steady([1, 0.3, 0.1], 0.05, 0.004, 5.0)
BASS = melody(steady([1, 0.5, 0.3]), (0.25,), 36)

SEEN: dict[str, Maker] = {
    "dial tone, 450 Hz": tone(450),
    "busy, 0.35 s": tone(450, on=0.35, off=0.35),
    "ringback, 1 in 5 s": tone(450, on=1, off=4),
    "American dial tone": tone(350, 440),
    "keys of 0.15 s": tone(770, 1336, on=0.15, off=0.15),
    "keys of 0.5 s": tone(852, 1209, on=0.5, off=1.5),
    "fax calling": tone(1100, on=0.5, off=3),
    "fax answering": tone(2100),
    "information tones": information,
    "V.21 modem": modem,
    "organ chords": chords(ORGAN, 1.0),
    "piano": melody(PIANO, (0.25, 0.5, 1.0)),
    "piano chords": chords(PIANO, 0.5),
    "plucked strings": melody(plucked, (0.25, 0.5)),
    "violins": chords(VIOLIN, 1.5),
    "violin": melody(VIOLIN, (0.3, 0.6), 67),
    "flute": melody(FLUTE, (0.2, 0.4), 67),
    "notes of 0.125 s": melody(steady(SAW), (0.125,)),
    "drums": drums,
    "a band": together((0.8, drums), (0.5, chords(PIANO, 2.0)), (0.5, melody(FLUTE, (0.25, 0.5), 72)), (0.5, BASS)),
    "singing": sung,
}
"""Kinds that were looked at while the detector was made."""

HELD_OUT: dict[str, Maker] = {
    "call waiting, 0.4 in 4.4 s": tone(450, on=0.4, off=4),
    "European ringback": tone(425, on=1, off=4),
    "howler": tone(950, on=0.25, off=0.25),
    "keys of 0.08 s": tone(941, 1477, on=0.08, off=0.08),
    "music box": melody(struck([1, 0.4, 0.2], 0.6, partials=(1, 2.76, 5.4)), (0.2, 0.4), 76),
    "accordion": together((1.0, chords(steady(SAW[:11]), 0.8)), (0.7, melody(steady(SAW[:11]), (0.2, 0.4), 67))),
    "brass": melody(steady([0.5, 1, 0.9, 0.7, 0.5, 0.3], 0.08, 0.003), (0.25, 0.5), 55),
    "erhu": melody(gliding, (0.3, 0.6), 62),
    "whistling": melody(steady([1], 0.04, 0.01, 6.0), (0.2, 0.4), 79),
    "mandolin tremolo": melody(plucked, (0.09,), 67),
    "bass and drums": together((1.0, drums), (1.0, BASS)),
    "a waltz": together((0.6, chords(plucked, 0.4)), (1.0, melody(VIOLIN, (0.4, 0.8), 69))),
}
"""Kinds that were made after the limits had been set."""

HUM: dict[str, Maker] = {"hum, 50 Hz": hum(50, 0.7), "hum, 100 Hz": hum(100, 1.0), "hum, 60 Hz": hum(60, 0.5)}
"""What is not to be taken for a tone."""


def _harmonics(
    hertz: float,
    length: int,
    amplitudes: Sequence[float],
    *,
    stretch: float = 0.0,
    decay: float = 0.0,
    vibrato: float = 0.0,
    rate: float = 5.5,
    partials: Sequence[float] = (),
) -> Sound:
    time, made = np.arange(length) / SAMPLE_RATE, np.zeros(length)
    turns = np.cumsum(hertz * (1 + vibrato * np.sin(2 * np.pi * rate * time))) / SAMPLE_RATE
    for number, amplitude in enumerate(amplitudes, 1):
        times = partials[number - 1] if partials else number * np.sqrt(1 + stretch * number**2)
        if hertz * times < 3900:
            made += amplitude * np.sin(2 * np.pi * times * turns) * (np.exp(-time * number / decay) if decay else 1.0)
    return made


def _envelope(length: int, attack: float) -> Sound:
    time = np.arange(length) / SAMPLE_RATE
    return np.minimum(np.minimum(time / attack, 1.0), time[::-1] / 0.03)


def _hertz(number: float) -> float:
    return float(440 * 2 ** ((number - 69) / 12))


def _add(made: Sound, start: int, piece: Sound) -> None:
    room = made[start : start + len(piece)]
    room += piece[: len(room)]


def _unit(sound: Sound) -> Sound:
    return sound / np.sqrt(np.mean(sound**2) + 1e-12)
