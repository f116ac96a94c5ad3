"""Machine-made voices that can be made here: the attacks that the countermeasure learns from or is measured on.

A call is attacked as a whole; its pauses and the level of its speech stay as they were, so that neither gives the
attack away (Müller et al., "Speech is silver, silence is golden: what do ASVspoof-trained models really learn?", 2021).
"""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from enum import StrEnum
from itertools import pairwise

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.linalg import solve_toeplitz
from scipy.ndimage import binary_dilation, uniform_filter1d
from scipy.signal import lfilter, resample_poly

from voiceprint.audio import SAMPLE_RATE, Samples, resample
from voiceprint.speech import FRAME, activity
from voiceprint.training import espeak

Floats = NDArray[np.float64]

# Never heard in training. m3 and f2 speak in the demonstration.
UNSEEN_VOICES = ("m3", "f2", "klatt3", "klatt4", "f5", "m7", "Annie", "Hugo", "boris", "steph", "victor")
# Iven and Zac are not installed under these names: espeak-ng would speak in its plain voice.
SEEN_VOICES = tuple(sorted(set(espeak.VARIANTS) - {*UNSEEN_VOICES, "Iven", "Zac"}))
PINYIN = (
    *("shu4 zi4", "yu3 yin1", "yu3 yan2", "shi2 bie2", "zhong1 guo2", "zong3 gong1", "bei3 jing1", "bei4 jing3"),
    *("shang4 hai3", "shang1 hang2", "fu4 dan4", "fan4 dian4", "chun1 tian1", "ping2 guo3", "lao3 shi1", "hua1 yuan2"),
)
WORLD_RATE = 16000  # WORLD's aperiodicity has its lowest band at 3 kHz, and needs room above it
FLOOR = 1e-10


class Attack(StrEnum):
    """Kinds of presentation attack (ISO/IEC 30107-3: attack instrument species)."""

    ESPEAK = "espeak"  # espeak-ng, formant and klatt voices that are heard in training
    WORLD = "world"  # copy of the call through the WORLD vocoder
    WORLD_CONVERTED = "world_converted"  # the same with another pitch, throat and smoother movements
    GRIFFIN_LIM = "griffin_lim"  # copy of the call from its log-mel spectrogram
    ESPEAK_UNSEEN = "espeak_unseen"  # espeak-ng voices that are not heard in training
    LPC = "lpc"  # copy through a linear-prediction vocoder
    RANDOM_PHASE = "random_phase"  # copy that keeps magnitudes and draws phases anew


TRAINED = (Attack.ESPEAK, Attack.WORLD, Attack.WORLD_CONVERTED, Attack.GRIFFIN_LIM)
UNKNOWN = (Attack.ESPEAK_UNSEEN, Attack.LPC, Attack.RANDOM_PHASE)
"""Never trained on: what they show is how the countermeasure meets an attack that it does not know."""


class WorldMissing(ImportError):
    """The package pyworld is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "缺少 pyworld，请安装 requirements/training.txt。pyworld is missing: install requirements/training.txt."
        )


def attack_audio(kind: Attack, samples: Samples, rng: np.random.Generator) -> Samples:
    """Attack a call: the same words by a machine (of espeak: other words, in a voice that is not the caller's).

    `samples`: a call before the line, 8 kHz. Returns as many samples (of espeak: about as many), in [-1, 1]. Settings
    are drawn from `rng`. Raises WorldMissing, EspeakMissing.
    """
    if kind in {Attack.ESPEAK, Attack.ESPEAK_UNSEEN}:
        return _spoken_by_espeak(samples, UNSEEN_VOICES if kind is Attack.ESPEAK_UNSEEN else SEEN_VOICES, rng)
    made = _COPIES[kind](samples.astype(np.float64), rng)
    made = np.pad(made, (0, max(0, len(samples) - len(made))))[: len(samples)]
    speech = _where_speech(samples)
    weight = uniform_filter1d(speech.astype(np.float64), SAMPLE_RATE // 100)
    made *= _rms(samples[speech]) / _rms(made[speech])
    return _unclipped(weight * made + (1 - weight) * samples)


def _where_speech(samples: Samples) -> NDArray[np.bool_]:
    """For each sample whether it belongs to speech, with 90 ms around; all of them where no speech is found."""
    active = binary_dilation(activity(samples), iterations=3)
    if not active.any():
        return np.ones(len(samples), dtype=np.bool_)
    return np.pad(np.repeat(active, FRAME), (0, len(samples) % FRAME))


def _rms(samples: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)) + FLOOR))


def _unclipped(samples: NDArray[np.floating]) -> Samples:
    """Turned down where it would clip: clipping would tell."""
    return (samples / max(1.0, float(np.abs(samples).max(initial=0.0)))).astype(np.float32)


def _spoken_by_espeak(samples: Samples, voices: tuple[str, ...], rng: np.random.Generator) -> Samples:
    """Each stretch of speech replaced by words of one espeak-ng voice, at its level and over the call's own noise."""
    if shutil.which("espeak-ng") is None:
        raise espeak.EspeakMissing
    speech = _where_speech(samples)
    edges = [0, *(np.flatnonzero(np.diff(speech)) + 1).tolist(), len(samples)]
    voice, pitch, rate = str(rng.choice(voices)), int(rng.integers(20, 81)), int(rng.integers(110, 191))
    command = ["espeak-ng", "-v", f"cmn-latn-pinyin+{voice}", "-p", str(pitch), "-s", str(rate), "--stdout"]
    heard = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64).std(axis=1)
    noise = float(np.percentile(heard[heard > 0], 10)) if (heard > 0).any() else 0.0
    pieces: list[NDArray[np.floating]] = []
    for start, end in pairwise(edges):
        piece = samples[start:end]
        if speech[start]:
            words = rng.choice(PINYIN, max(1, round(len(piece) / SAMPLE_RATE / 0.7)))
            spoken = subprocess.run([*command, " ".join(words)], capture_output=True, check=True).stdout
            said = _trimmed(resample(*soundfile.read(io.BytesIO(spoken), dtype="float32")))
            pieces.append(said * (_rms(piece) / _rms(said)) + noise * rng.standard_normal(len(said)))
        else:
            pieces.append(piece)
    return _unclipped(np.concatenate(pieces))


def _trimmed(samples: Samples) -> Samples:
    """Without silence at both ends, but for the 90 ms that the speech of a call keeps, too."""
    loud = np.flatnonzero(np.abs(samples) > 0.01 * np.abs(samples).max(initial=FLOOR))
    around = np.zeros(3 * FRAME, dtype=np.float32)
    return np.concatenate([around, samples[loud[0] : loud[-1] + 1] if len(loud) else samples, around])


def _world(samples: Floats, rng: np.random.Generator) -> Floats:
    """Analysis and synthesis by WORLD (Morise et al., 2016); half of the time the envelope is coded as a TTS has it."""
    dimensions = int(rng.integers(24, 61)) if rng.random() < 0.5 else None
    return _through_world(samples, float(rng.choice([5.0, 10.0])), dimensions)


def _world_converted(samples: Floats, rng: np.random.Generator) -> Floats:
    """Pitch by up to four semitones, formants by up to 15 %, and movements smoothed as statistical models have them."""
    return _through_world(
        samples,
        frame_ms=5.0,
        dimensions=int(rng.integers(24, 61)) if rng.random() < 0.5 else None,
        pitch=2 ** (rng.uniform(-4, 4) / 12),
        throat=rng.uniform(0.85, 1.15),
        smooth=int(rng.integers(1, 8)),
    )


def _through_world(
    samples: Floats, frame_ms: float, dimensions: int | None, pitch: float = 1.0, throat: float = 1.0, smooth: int = 1
) -> Floats:
    try:
        import pyworld
    except ImportError as error:
        raise WorldMissing from error
    wide = resample_poly(samples, WORLD_RATE, SAMPLE_RATE)
    rough, times = pyworld.dio(wide, WORLD_RATE, frame_period=frame_ms)
    f0 = pyworld.stonemask(wide, rough, times, WORLD_RATE)
    envelope = pyworld.cheaptrick(wide, f0, times, WORLD_RATE)
    aperiodicity = pyworld.d4c(wide, f0, times, WORLD_RATE)
    if dimensions is not None:
        size = (envelope.shape[1] - 1) * 2
        coded = pyworld.code_spectral_envelope(envelope, WORLD_RATE, dimensions)
        envelope = pyworld.decode_spectral_envelope(coded, WORLD_RATE, size)
    envelope = np.exp(uniform_filter1d(np.log(_stretched(envelope, throat)), smooth, axis=0))
    made = pyworld.synthesize(f0 * pitch, np.ascontiguousarray(envelope), aperiodicity, WORLD_RATE, frame_ms)
    down: Floats = resample_poly(made, SAMPLE_RATE, WORLD_RATE)
    return down


def _stretched(envelope: Floats, factor: float) -> Floats:
    """Formants moved up (factor above 1) or down: shape (frames, bins) stays."""
    at = np.minimum(np.arange(envelope.shape[1]) / factor, envelope.shape[1] - 1.001)
    below = at.astype(np.int64)
    return envelope[:, below] * (1 - (at - below)) + envelope[:, below + 1] * (at - below)


def _griffin_lim(samples: Floats, rng: np.random.Generator) -> Floats:
    """From a mel spectrogram back by Griffin & Lim (1984) with momentum (Perraudin et al., 2013)."""
    size, bands = int(rng.choice([256, 512])), int(rng.choice([32, 40, 64, 80]))
    hop, iterations = int(rng.choice([64, 80, 100])), int(rng.integers(15, 50))
    spectrum = _stft(samples, size, hop)
    filters = _mel_filters(size, bands)
    magnitude = np.maximum(np.abs(spectrum) @ filters.T @ np.linalg.pinv(filters).T, 0)
    angles = np.exp(2j * np.pi * rng.random(spectrum.shape))
    before = np.zeros_like(spectrum)
    for _ in range(iterations):
        now = _stft(_istft(magnitude * angles, hop, len(samples)), size, hop)
        angles = now + 0.9 * (now - before)
        angles /= np.abs(angles) + FLOOR
        before = now
    return _istft(magnitude * angles, hop, len(samples))


def _random_phase(samples: Floats, rng: np.random.Generator) -> Floats:
    size = int(rng.choice([256, 512]))
    spectrum = _stft(samples, size, size // 4)
    angles = np.exp(2j * np.pi * rng.random(spectrum.shape))
    return _istft(np.abs(spectrum) * angles, size // 4, len(samples))


def _stft(samples: Floats, size: int, hop: int) -> NDArray[np.complex128]:
    padded = np.pad(samples, (size, 2 * size))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    spectrum: NDArray[np.complex128] = np.fft.rfft(frames * np.hanning(size + 1)[:-1], axis=1)
    return spectrum


def _istft(spectrum: NDArray[np.complex128], hop: int, length: int) -> Floats:
    size = (spectrum.shape[1] - 1) * 2
    window = np.hanning(size + 1)[:-1]
    frames = np.fft.irfft(spectrum, axis=1) * window
    added, weight = (np.zeros(len(frames) * hop + size) for _ in range(2))
    for number, frame in enumerate(frames):
        here = slice(number * hop, number * hop + size)
        added[here] += frame
        weight[here] += window**2
    return (added / np.maximum(weight, 1e-3))[size : size + length]


def _mel_filters(size: int, bands: int) -> Floats:
    """Triangles evenly spaced in mel from 0 to 4 kHz, shape (bands, size // 2 + 1); none narrower than a bin."""
    highest = 2595 * np.log10(1 + SAMPLE_RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, highest, bands + 2) / 2595) - 1) * size / SAMPLE_RATE
    bins = np.arange(size // 2 + 1)
    centre = edges[1:-1, None]
    rising = (bins - centre) / np.maximum(centre - edges[:-2, None], 1.0) + 1
    falling = (centre - bins) / np.maximum(edges[2:, None] - centre, 1.0) + 1
    return np.maximum(0, np.minimum(rising, falling))


def _lpc(samples: Floats, rng: np.random.Generator) -> Floats:
    """Pulses or noise through an all-pole filter of each 20 ms, as in the LPC-10 vocoder (Tremain, 1982)."""
    order, hop = int(rng.integers(10, 15)), SAMPLE_RATE // 50
    padded = np.pad(samples, (hop // 2, 2 * hop))
    state, until_pulse, made = np.zeros(order), 0.0, []
    for start in range(0, len(samples), hop):
        frame = padded[start : start + 2 * hop] * np.hanning(2 * hop)
        correlation = np.correlate(frame, frame, "full")[2 * hop - 1 :]
        correlation[0] = correlation[0] * 1.0001 + FLOOR
        poles = solve_toeplitz(correlation[:order], -correlation[1 : order + 1])
        power = max(correlation[0] + poles @ correlation[1 : order + 1], FLOOR) / hop
        lags = correlation[20:140] / correlation[0]
        period = 20 + int(np.argmax(lags))
        excitation = rng.standard_normal(hop)
        if lags.max() > 0.3:
            excitation = np.zeros(hop)
            while until_pulse < hop:
                excitation[int(until_pulse)] = np.sqrt(period)
                until_pulse += period
        until_pulse = max(until_pulse - hop, 0.0)
        piece, state = lfilter([np.sqrt(power)], np.r_[1, poles], excitation, zi=state)
        made.append(piece)
    return np.concatenate(made)


_COPIES: dict[Attack, Callable[[Floats, np.random.Generator], Floats]] = {
    Attack.WORLD: _world,
    Attack.WORLD_CONVERTED: _world_converted,
    Attack.GRIFFIN_LIM: _griffin_lim,
    Attack.LPC: _lpc,
    Attack.RANDOM_PHASE: _random_phase,
}
