"""What is kept of an accepted call so that its recording is known again: an audio fingerprint, 63 bytes a second."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft

from voiceprint.audio import SAMPLE_RATE, Samples

Floats = NDArray[np.float32]

HOP = 128  # samples, 16 ms: frames neither overlap nor leave a gap
HOP_S = HOP / SAMPLE_RATE
PHASES = 4  # where the earlier call's frames began is not known: a probe is cut from four starts, 4 ms apart
BITS = 8  # a frame
BLOCK = 8  # frames, 128 ms: what is compared as one piece
BLOCK_S = BLOCK * HOP_S
CELLS = BLOCK * BITS
LOWEST_HZ, HIGHEST_HZ = 250.0, 3200.0
FFT = 256

# Below the highest of these levels it is the line that changes, not the voice, and changes are flattened.
BELOW_BAND_PEAK_DB, BELOW_CALL_PEAK_DB, ABOVE_BAND_NOISE_DB = 40.0, 55.0, 6.0
PEAK, QUIET = 98, 15  # percentiles of the frames
SILENCE = 1e-12  # power, below the least step of 16-bit audio

# A change of 6 dB or more has the same sign in the same recording over a noisy line, and in another take beside it,
# with these probabilities; one of 0 dB is a matter of chance in both; those between lie between.
SURE_DB, SAME, OTHER = 6.0, 0.9, 0.6
LEAST_BIAS = -1.0  # a block that could lose less than this has nothing to tell

STEADY = 0.98  # cosine of two magnitude spectra
LONG_WINDOW, LONG_STEP, LONG_REACH = 512, 4, 4  # samples; frames between the two; frames around them

_HEADER = struct.Struct("<4sBII")  # mark, version, frames, CRC-32 of the frames
_MARK, _VERSION = b"SHFP", 1


class FingerprintDamaged(ValueError):
    """The bytes are no fingerprint of this version, or not all of one."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"通话指纹损坏或版本不符，请用保留的录音重新生成；录音已删除的，请删除该指纹。"
            f"Not a whole call fingerprint of version {_VERSION} ({why}): make it again from the kept recording, "
            f"or delete it where there is none."
        )


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is kept of one call.

    `frames`: uint8, shape (frames,), one every 16 ms. Bit b of a frame says whether the step in level from band b to
    band b + 1 has grown since the frame before; the bands are 295 Hz apart.

    What it reveals: whoever holds a recording can tell whether it, or a part of it, was this call; how long it was
    and, roughly, its rhythm; and which of a few known words was said, better than by guessing (a small network that
    learnt from other speakers' fingerprints named 36 % of twelve words right, where guessing gives 8 %). 500 bit/s of
    signs, without level, spectrum or pitch, are less than the slowest speech coder in use needs (600 bit/s, NATO STANAG
    4591); that is no proof. Keep it encrypted, as a template is.
    """

    frames: NDArray[np.uint8]

    def to_bytes(self) -> bytes:
        """A header of 13 bytes and a byte a frame."""
        frames = self.frames.tobytes()
        return _HEADER.pack(_MARK, _VERSION, len(frames), zlib.crc32(frames)) + frames

    @classmethod
    def from_bytes(cls, data: bytes) -> Fingerprint:
        """Undo `to_bytes`. Raises FingerprintDamaged."""
        if len(data) < _HEADER.size:
            raise FingerprintDamaged(f"{len(data)} bytes")
        mark, version, length, check = _HEADER.unpack_from(data)
        frames = data[_HEADER.size :]
        if (mark, version) != (_MARK, _VERSION):
            raise FingerprintDamaged("another kind or version")
        if len(frames) != length or zlib.crc32(frames) != check:
            raise FingerprintDamaged("length or checksum")
        return cls(np.frombuffer(frames, dtype=np.uint8))


@dataclass(frozen=True, slots=True)
class Probe:
    """A new call, ready to be compared: its own fingerprint, and how sure each of its signs is.

    `weights`: float32, shape (PHASES, blocks, CELLS), and `bias`: float32, shape (PHASES, blocks), such that
    `weights @ cells + bias` is the natural-log likelihood ratio of "the same recording" to "the same word said anew",
    if cells were independent. `blocks`: shape (blocks,), their numbers in the call; what tells nothing is left out.
    """

    fingerprint: Fingerprint
    weights: Floats
    bias: Floats
    blocks: NDArray[np.intp]


def fingerprint(samples: Samples) -> Fingerprint:
    """What to keep of a call of any length; one below 16 ms has no frames.

    Signs of differences of level between neighbouring bands and successive frames, after Haitsma & Kalker, "A Highly
    Robust Audio Fingerprinting System" (2002): they know nothing of level, of a handset's colour or of steady noise.
    Their frames are 370 ms long and overlap, which suits music. These are about as short as a glottal cycle and do not
    overlap: where a cycle falls in them is never spoken twice, so that two takes of a word agree little more than by
    chance, while a recording agrees with itself.
    """
    return _signs(_changes(samples, HOP))


def listen(samples: Samples) -> Probe:
    """Make a call ready to be compared with fingerprints of earlier calls; it brings its own for keeping."""
    fine = _changes(samples, HOP // PHASES)
    blocks = -(-len(fine) // (PHASES * BLOCK))
    padded = np.pad(fine, ((0, blocks * PHASES * BLOCK - len(fine)), (0, 0)))
    changes = padded.reshape(blocks * BLOCK, PHASES, BITS).swapaxes(0, 1)
    sure = np.minimum(np.abs(changes) / SURE_DB, 1)
    sure[:, np.flatnonzero(_steady(samples)[: blocks * BLOCK])] = 0
    same, other = 0.5 + (SAME - 0.5) * sure, 0.5 + (OTHER - 0.5) * sure
    shape = (PHASES, blocks, CELLS)
    agreeing, not_agreeing = np.log(same / other), np.log((1 - same) / (1 - other))
    weights = (np.sign(changes) * (agreeing - not_agreeing) / 2).reshape(shape).astype(np.float32)
    bias = ((agreeing + not_agreeing) / 2).reshape(shape).sum(axis=2).astype(np.float32)
    telling = np.flatnonzero(bias.mean(axis=0) < LEAST_BIAS)
    return Probe(_signs(fine[::PHASES]), weights[:, telling], bias[:, telling], telling)


def cells(frames: NDArray[np.uint8]) -> Floats:
    """The bits of frames as -1 and +1: float32, shape (frames, BITS)."""
    bits = np.unpackbits(frames[:, None], axis=1, bitorder="little")
    return bits.astype(np.float32) * 2 - 1


def _signs(changes: Floats) -> Fingerprint:
    return Fingerprint(np.packbits(changes > 0, axis=1, bitorder="little")[:, 0])


def _changes(samples: Samples, hop: int) -> Floats:
    """How much the step from each band to the next grew within HOP samples: decibels, shape (frames, BITS)."""
    if len(samples) < HOP:
        return np.zeros((0, BITS), dtype=np.float32)
    window = np.hanning(HOP + 1)[:HOP].astype(np.float32)
    power = np.square(np.abs(rfft(_frames(samples, HOP, hop) * window, FFT, axis=1))) @ _bands()
    apart = HOP // hop
    peak, quiet = np.percentile(power[::apart], (PEAK, QUIET), axis=0)
    loudest = np.percentile(power[::apart].mean(axis=1), PEAK)
    floor = np.maximum(peak * _ratio(-BELOW_BAND_PEAK_DB), quiet * _ratio(ABOVE_BAND_NOISE_DB))
    floor = np.maximum(floor, loudest * _ratio(-BELOW_CALL_PEAK_DB)) + SILENCE
    steps = np.diff(10 * np.log10(power + floor), axis=1)
    changes: Floats = (steps[apart:] - steps[:-apart]).astype(np.float32)
    return changes


def _steady(samples: Samples) -> NDArray[np.bool_]:
    """Frames in or beside a sound that stays as it is, as tones and hum do: they are alike in any two calls."""
    window = np.hanning(LONG_WINDOW).astype(np.float32)
    spectrum = np.abs(rfft(_frames(samples, LONG_WINDOW, HOP) * window, axis=1))
    spectrum /= np.linalg.norm(spectrum, axis=1, keepdims=True) + SILENCE
    alike = (spectrum[LONG_STEP:] * spectrum[:-LONG_STEP]).sum(axis=1) > STEADY
    steady = np.zeros(len(spectrum), dtype=np.bool_)
    for first in np.flatnonzero(alike):
        steady[max(first - LONG_REACH, 0) : first + LONG_STEP + LONG_REACH + 1] = True
    return steady


def _frames(samples: Samples, length: int, hop: int) -> Floats:
    """Frames of `length` samples centred on multiples of `hop`, with silence beyond both ends."""
    frames: Floats = np.lib.stride_tricks.sliding_window_view(np.pad(samples, length // 2), length)[::hop]
    return frames


def _ratio(decibels: float) -> float:
    return float(10 ** (decibels / 10))


@cache
def _bands() -> Floats:
    """BITS + 1 overlapping triangles evenly spaced in hertz, shape (FFT // 2 + 1, BITS + 1)."""
    edges = np.linspace(LOWEST_HZ, HIGHEST_HZ, BITS + 3)
    frequencies = np.linspace(0, SAMPLE_RATE / 2, FFT // 2 + 1)[:, None]
    triangles = np.maximum(0, 1 - np.abs(frequencies - edges[1:-1]) / (edges[1] - edges[0]))
    bands: Floats = (triangles / triangles.sum(axis=0)).astype(np.float32)
    return bands
