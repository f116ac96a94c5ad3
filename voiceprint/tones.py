"""Tones and music in a recording: what holds its pitch for longer than a voice does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft
from scipy.ndimage import uniform_filter1d

from voiceprint.audio import SAMPLE_RATE, Samples

WINDOW, HOP, FFT = 512, 128, 1024  # samples: 64 ms every 16 ms
BIN_HZ = SAMPLE_RATE / FFT
LOWEST_HZ, HIGHEST_HZ = 280.0, 3600.0  # below lie hum and the hum of machines
PROMINENCE_DB, AROUND = 12.0, 51  # over the mean of 51 bins, 400 Hz
WITHIN_FRAME_DB, WITHIN_RECORDING_DB = 30.0, 40.0  # peaks that are followed
HEARD_IN_FRAME_DB, HEARD_IN_RECORDING_DB = 25.0, 28.0  # peaks that count as heard
PEAKS = 12
HELD_HZ, HELD = 3.0, 0.01  # from frame to frame, whichever is more: a violin's vibrato does, a voice does not
HELD_S = 0.3
GAP = 1  # frames in which a peak may hide
HUM_HZ, HUM_UP_TO_HZ, HUM_WITHIN_HZ = (50.0, 60.0), 1500.0, 3.0
HUM_WINDOW, HUM_LINES = 4096, 4  # samples; multiples at which something stands out
HUM_RATIO, HUM_BELOW = 10.0, 1e-3  # in power: over what lies beside, of the loudest
DTMF_LOW, DTMF_HIGH = (697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0, 1633.0)
DTMF_WITHIN = 0.015
KEY_S = 0.1

Peak = tuple[float, float, float]
"""Frequency in Hz, level in dB under the loudest peak of the recording, and under that of the frame."""


@dataclass(slots=True)
class _Line:
    """A peak followed from frame to frame: sums of its peaks, and where it was last."""

    first: int
    last: int
    at: float
    count: int
    hertz: float
    level: float
    in_frame: float

    def takes(self, peak: Peak) -> float:
        """How far the peak lies from here in Hz, negative when too far."""
        allowed = max(HELD_HZ, HELD * peak[0])
        away = abs(peak[0] - self.at)
        strays = abs(peak[0] - self.hertz / self.count) > 1.5 * allowed
        return -1.0 if away > allowed or strays else away

    def add(self, frame: int, peak: Peak) -> None:
        self.last, self.at, self.count = frame, peak[0], self.count + 1
        self.hertz, self.level, self.in_frame = self.hertz + peak[0], self.level + peak[1], self.in_frame + peak[2]

    @property
    def mean_hz(self) -> float:
        return self.hertz / self.count

    @property
    def heard(self) -> bool:
        return self.level / self.count > -HEARD_IN_RECORDING_DB and self.in_frame / self.count > -HEARD_IN_FRAME_DB

    def lasts(self, seconds: float) -> bool:
        return (self.last - self.first + 1) * HOP >= seconds * SAMPLE_RATE


def held(samples: Samples) -> NDArray[np.bool_]:
    """For each step of 16 ms (HOP), whether a peak of the spectrum holds its pitch there for 0.3 s or more.

    Tones and the notes of music hold theirs, voices hardly ever do: the idea of Minami et al., "Spectrogram image
    based music and speech detection" (1999), and of Seyerlehner et al., "Automatic music detection in television
    productions" (2007). Two peaks that make a key of the keypad (ITU-T Q.23) need 0.1 s. Mains hum is left out: four or
    more lines at multiples of 50 or of 60 Hz that never cease. Empty for less than 64 ms.
    """
    steps = max(0, (len(samples) - WINDOW) // HOP + 1)
    found = np.zeros(steps, dtype=np.bool_)
    if steps:
        lines = [line for line in _without_hum(_followed(_peaks(samples)), samples) if line.heard]
        steady = [(line.first, line.last) for line in lines if line.lasts(HELD_S)]
        for first, last in steady + _keys(lines):
            found[first : last + 1] = True
    return found


def _peaks(samples: Samples) -> list[list[Peak]]:
    """The loudest peaks of each frame that stand out from what lies around them."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    window = np.hanning(WINDOW).astype(np.float32)
    spectrum = 20 * np.log10(np.abs(rfft(frames * window, FFT, axis=1)) + np.float32(1e-7))
    around = uniform_filter1d(spectrum, AROUND, axis=1)
    band = slice(int(LOWEST_HZ / BIN_HZ), int(HIGHEST_HZ / BIN_HZ))
    in_frame = spectrum[:, band].max(axis=1)
    loudest = float(in_frame.max())
    here = spectrum[:, band]
    before, after = (spectrum[:, band.start + by : band.stop + by] for by in (-1, 1))
    rises = (here > before) & (here >= after) & (here > around[:, band] + PROMINENCE_DB)
    rises &= (here > in_frame[:, None] - WITHIN_FRAME_DB) & (here > loudest - WITHIN_RECORDING_DB)
    found: list[list[Peak]] = []
    for frame, which in enumerate(rises):
        chosen = np.flatnonzero(which)
        chosen = chosen[np.argsort(-here[frame, chosen])[:PEAKS]]
        left, top, right = before[frame, chosen], here[frame, chosen], after[frame, chosen]
        between = 0.5 * (left - right) / (left - 2 * top + right)
        hertz = (chosen + band.start + between) * BIN_HZ
        found.append(list(zip(hertz.tolist(), (top - loudest).tolist(), (top - in_frame[frame]).tolist(), strict=True)))
    return found


def _followed(peaks: Iterable[Sequence[Peak]]) -> list[_Line]:
    """Join each peak to the nearest line of the frame before (McAulay & Quatieri, 1986); a line may miss one frame."""
    live: list[_Line] = []
    ended: list[_Line] = []
    for frame, found in enumerate(peaks):
        free = list(found)
        for line in live:
            near = [(away, peak) for peak in free if (away := line.takes(peak)) >= 0]
            if near:
                peak = min(near)[1]
                free.remove(peak)
                line.add(frame, peak)
        ended += [line for line in live if frame - line.last > GAP]
        live = [line for line in live if frame - line.last <= GAP]
        live += [_Line(frame, frame, peak[0], 1, *peak) for peak in free]
    return ended + live


def _without_hum(lines: Sequence[_Line], samples: Samples) -> list[_Line]:
    """Lines that are no mains hum."""
    hums = _hums(samples)
    return [line for line in lines if not any(_distance(line.mean_hz, mains) < HUM_WITHIN_HZ for mains in hums)]


def _hums(samples: Samples) -> list[float]:
    """At which mains frequencies the recording hums: at several multiples something stands out all the time."""
    if len(samples) < HUM_WINDOW:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(samples, HUM_WINDOW)[:: HUM_WINDOW // 2]
    power = np.median(np.square(np.abs(np.fft.rfft(windows * np.hanning(HUM_WINDOW), axis=1))), axis=0)
    hertz = np.fft.rfftfreq(HUM_WINDOW, 1 / SAMPLE_RATE)
    found = []
    for mains in HUM_HZ:
        multiples = np.arange(np.ceil(LOWEST_HZ / mains), HUM_UP_TO_HZ / mains + 1) * mains
        near = np.abs(hertz - multiples[:, None])
        at = np.array([power[one <= HUM_WITHIN_HZ].max() for one in near])
        beside = np.array([np.median(power[one <= mains / 2]) for one in near])
        loud = at > power[hertz > LOWEST_HZ].max() * HUM_BELOW  # a pure tone's own distortion by G.711 lies lower
        if (loud & (at > beside * HUM_RATIO)).sum() >= HUM_LINES:
            found.append(mains)
    return found


def _distance(hertz: float, mains: float) -> float:
    """From the nearest multiple."""
    return abs(hertz - round(hertz / mains) * mains)


def _keys(lines: Sequence[_Line]) -> list[tuple[int, int]]:
    """From where to where two lines sound together at the two frequencies of a key."""
    low, high = ([line for line in lines if _among(line.mean_hz, row)] for row in (DTMF_LOW, DTMF_HIGH))
    together = [(max(a.first, b.first), min(a.last, b.last)) for a, b in product(low, high)]
    return [(first, last) for first, last in together if (last - first + 1) * HOP >= KEY_S * SAMPLE_RATE]


def _among(hertz: float, row: Sequence[float]) -> bool:
    return any(abs(hertz / nominal - 1) <= DTMF_WITHIN for nominal in row)
