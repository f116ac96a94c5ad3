"""Whether the voice of a call is likely machine-made: a countermeasure that sends a case to a human and refuses nobody.

It knows what it was trained on: espeak-ng voices, copies of calls through the WORLD vocoder (as they are, or with
another pitch and throat) and copies by Griffin & Lim; in noise many of these copies pass, too (the model's card has
the figures). What it does not catch: most of what it was not trained on; so, as far as anybody knows, neural text-to-
speech and good voice clones, which were not to be had where it was made; and recordings of the real person played
back, which are real speech (a replay is found by its audio). Pass it on as "a human should listen", never as "this is
a machine".
"""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft

from voiceprint.audio import SAMPLE_RATE, Samples
from voiceprint.encoder import MODEL, fingerprint
from voiceprint.metrics import Interval
from voiceprint.speech import without_pauses

Floats32 = NDArray[np.float32]

SHIPPED = MODEL / "synthetic.npz"
SHORTEST = SAMPLE_RATE // 2
FLOOR = 1e-9
# Spectra: windows of 32 ms every 10 ms; of their bins those from 313 to 3250 Hz, which every line lets through.
WINDOW, HOP, BINS = 256, 80, (10, 105)
DYNAMIC_RANGE_DB = 60.0
BANDS = 6
FRAMES_APART, BINS_APART = 5, 4
# Envelopes: windows of 4 ms every 1 ms, 250 to 3250 Hz; fine enough for the beat of a voice.
FINE_WINDOW, FINE_HOP, FINE_BINS = 32, 8, (1, 14)
FINE_APART = (1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40)  # ms
FARTHEST = 4.0  # standard deviations: what is farther is as strange


class CountermeasureMissing(LookupError):
    """The model file of the countermeasure is absent, damaged or of another version; `path` names it."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"无法加载合成语音检测模型 {path}（{why}），请重新安装，或重新训练。"
            f"Cannot load the synthetic-speech countermeasure {path} ({why}): install it again, or train it again."
        )
        self.path = path


@dataclass(frozen=True, slots=True)
class Operation:
    """How the network's output becomes a score and a suspicion, and what that rests on.

    `slope`, `offset`: from output to natural-log likelihood ratio (machine : human), fitted on the tuning speakers.
    `threshold`: suspicious from this ratio up; set so that on no line more than `max_bpcer` of the bona fide calls of
    `speakers` tuning speakers (at least `calls` on each line) are suspicious. `bpcer` were on the worst line, `ci95`
    its interval.
    """

    slope: float
    offset: float
    threshold: float
    max_bpcer: float
    bpcer: float
    ci95: Interval
    speakers: int
    calls: int


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Two layers over standardised features.

    `mean`, `scale`: shape (features,). `inner`: shape (features + 1, hidden), `outer`: shape (hidden + 1,); the last
    row of each is added.
    """

    mean: Floats32
    scale: Floats32
    inner: Floats32
    outer: Floats32

    def __call__(self, found: Floats32) -> float:
        """The output for the features of one call."""
        standard = np.clip((found - self.mean) / self.scale, -FARTHEST, FARTHEST)
        hidden = np.maximum(standard @ self.inner[:-1] + self.inner[-1], 0)
        return float(hidden @ self.outer[:-1] + self.outer[-1])


@dataclass(frozen=True, slots=True, eq=False)
class Countermeasure:
    """Presentation attack detection (ISO/IEC 30107-3) on one call. `name`: kind and weights, such as pad8k-1a2b3c4d."""

    name: str
    network: Network
    operation: Operation

    def score(self, samples: Samples) -> float:
        """Natural-log likelihood ratio that a machine spoke rather than a human; higher is more likely a machine.

        `samples`: what came over the line, 8 kHz. The ratio is calibrated for the attacks known in training, in equal
        parts, against real calls. 0.0, which speaks for neither, where less than 0.5 s of speech is heard.
        """
        speech = without_pauses(samples)
        if len(speech) < SHORTEST or not speech.any():
            return 0.0
        return self.operation.slope * self.network(features(speech)) + self.operation.offset

    def suspicious(self, samples: Samples) -> bool:
        """Whether a human should listen: the score reaches the threshold of the model file."""
        return self.score(samples) >= self.operation.threshold

    def save(self, path: Path) -> None:
        """Write everything but the name, which is that of the file's content, as one NPZ file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays = {name: getattr(self.network, name) for name in Network.__slots__}
        np.savez_compressed(path, operation=np.array(json.dumps(asdict(self.operation))), **arrays)


def load(path: Path = SHIPPED) -> Countermeasure:
    """The countermeasure kept in an NPZ file. Raises CountermeasureMissing."""
    try:
        content = path.read_bytes()
        with np.load(io.BytesIO(content), allow_pickle=False) as kept:
            network = Network(**{name: kept[name] for name in Network.__slots__})
            fields = json.loads(str(kept["operation"]))
        operation = Operation(**{**fields, "ci95": tuple(fields["ci95"])})
        expected = len(features(np.ones(SHORTEST, dtype=np.float32)))
    except (OSError, EOFError, BadZipFile, KeyError, TypeError, ValueError) as error:
        raise CountermeasureMissing(path, str(error)) from error
    if network.mean.shape != (expected,):
        raise CountermeasureMissing(path, "trained on other features")
    return Countermeasure(f"pad8k-{fingerprint(content)}", network, operation)


def features(speech: Samples) -> Floats32:
    """The texture of speech as numbers: shape (features,), whatever its length.

    Neighbours in time and frequency go together otherwise in copied than in spoken speech. So: local autocorrelations
    (Otsu & Kurita, 1988) of the log spectrum and of its group delay (as used by Xiao et al., "Spoofing speech detection
    using high dimensional magnitude and phase features", 2015), and those of fine envelopes, which show whether the
    beat of the voice is at one time in all bands. Nothing depends on the level or polarity of speech, little on the
    colour of the line.
    """
    level = np.sqrt(np.mean(np.square(speech, dtype=np.float64))) + FLOOR
    even = (speech / level).astype(np.float32)
    spectrum = _spectrum(even, WINDOW, HOP, BINS)
    decibels = 20 * np.log10(np.abs(spectrum) + FLOOR)
    decibels = np.maximum(decibels, decibels.max() - DYNAMIC_RANGE_DB)
    turn = -spectrum[:, 1:] * np.conj(spectrum[:, :-1])  # the sign: a frame's middle is where phases are zero
    turn /= np.abs(turn) + FLOOR
    delays = (turn.real, turn.imag)
    textures = [_texture(plane - plane.mean(axis=0)) for plane in (decibels, *delays)]
    means = [_in_bands(plane.mean(axis=0), 2 * BANDS) for plane in delays]
    return np.concatenate([*textures, *means, _beat(even)], dtype=np.float32)


def _spectrum(samples: NDArray[np.floating], window: int, hop: int, bins: tuple[int, int]) -> NDArray[np.complex64]:
    """Shape (frames, bins); frames are centred on multiples of `hop`, with silence beyond both ends."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, window // 2), window)[::hop]
    spectrum: NDArray[np.complex64] = rfft(frames * _window(window), axis=1)  # scipy keeps float32
    return spectrum[:, bins[0] : bins[1]]


@cache
def _window(length: int) -> Floats32:
    """A periodic Hann window."""
    return np.hanning(length + 1)[:-1].astype(np.float32)


def _texture(plane: Floats32) -> Floats32:
    """Of values without mean, shape (frames, bins), in each band: power, skewness, kurtosis, local autocorrelations."""
    square = plane * plane
    power = _in_bands(square.mean(axis=0), BANDS) + FLOOR
    cubed, fourth = (_in_bands((square * other).mean(axis=0), BANDS) for other in (plane, square))
    found = [np.log(power), cubed / power**1.5, fourth / power**2]
    for frames in range(FRAMES_APART):
        products = plane[: len(plane) - frames].T @ plane[frames:] / (len(plane) - frames)
        apart = range(1 - BINS_APART, BINS_APART) if frames else range(1, BINS_APART + 1)
        found += [_in_bands(np.diagonal(products, bins), BANDS) / power for bins in apart]
    return np.concatenate(found, dtype=np.float32)


def _in_bands(values: NDArray[np.floating], bands: int) -> NDArray[np.floating]:
    """Means of so many even stretches."""
    edges = np.linspace(0, len(values), bands + 1).astype(np.int64)
    return np.add.reduceat(values, edges[:-1]) / np.diff(edges)


def _beat(samples: NDArray[np.floating]) -> Floats32:
    """Of the envelope in narrow bands: skewness, kurtosis, autocorrelation, and correlation with bands above."""
    envelope = np.sqrt(np.abs(_spectrum(samples, FINE_WINDOW, FINE_HOP, FINE_BINS)))
    envelope -= envelope.mean(axis=0)
    envelope /= envelope.std(axis=0) + FLOOR
    square = envelope * envelope
    found = [(square * envelope).mean(axis=0), np.log((square * square).mean(axis=0) + FLOOR)]
    for frames in (0, *FINE_APART):
        products = envelope[: len(envelope) - frames].T @ envelope[frames:] / (len(envelope) - frames)
        if frames:
            found.append(np.diagonal(products))
        if frames <= 2:
            above = (1, 2, 4, -1, -2, -4) if frames else (1, 2, 4)
            found += [np.diagonal(products, bands) for bands in above]
    return np.concatenate(found, dtype=np.float32)
