"""A recording as a picture: its waveform, where speech was found, and its spectrogram; all on the same scale."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from voiceprint.audio import SAMPLE_RATE, Samples
from voiceprint.speech import FRAME_S, activity

WIDTH, HEIGHT, DPI = 720, 290, 100
LEFT, RIGHT = 0.13, 0.99
"""Between which shares of the picture's width time runs: the page shows there what is being played."""
LETTERS = 23  # points: 18 px and more where the picture is shown at its narrowest, 410 px
LOUDEST = 0.6  # of full scale, at the top: of speech at -26 dBov hardly anything is louder
FFT, HOPS = 256, 800
FAINTEST_DB, STRONGEST_DB = -74.0, -32.0  # of a frequency, 0 being a tone at full scale
SHORTEST_S = 1.0
INK, SPEECH = "#0b4f6c", "#d9822b"


def draw(samples: Samples, seconds: float) -> bytes:
    """A PNG picture, WIDTH by HEIGHT; `seconds`: how far its time runs, for all of a case as far."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # heavy: only in a process that draws
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI)
    canvas = FigureCanvasAgg(figure)
    above = figure.add_axes((LEFT, 0.66, RIGHT - LEFT, 0.33))
    below = figure.add_axes((LEFT, 0.15, RIGHT - LEFT, 0.48))
    at, low, high = envelope(samples)
    above.fill_between(at, low, high, color=INK, linewidth=0.6)
    above.set(xlim=(0, seconds), ylim=(-LOUDEST, LOUDEST), xticks=[], yticks=[])
    for start, end in spoken(samples):
        above.plot([start, end], [-0.93 * LOUDEST] * 2, color=SPEECH, linewidth=5, solid_capstyle="butt")
    strength = spectrogram(samples)
    below.imshow(
        strength.T,
        origin="lower",
        aspect="auto",
        extent=(0, len(samples) / SAMPLE_RATE, 0, SAMPLE_RATE / 2000),
        cmap="magma",
        interpolation="nearest",
        vmin=FAINTEST_DB,
        vmax=STRONGEST_DB,
    )
    below.set(xlim=(0, seconds), ylim=(0, SAMPLE_RATE / 2000), yticks=[1, 3], facecolor="black")
    below.tick_params(labelsize=LETTERS, pad=2)
    below.yaxis.set_major_formatter("{x:g}k")
    below.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    below.xaxis.set_major_formatter("{x:g} s")
    file = io.BytesIO()
    canvas.print_png(file, pil_kwargs={"compress_level": 1})
    return file.getvalue()


def envelope(samples: Samples) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.float32]]:
    """Of each stretch as wide as a point of the picture: when it begins in seconds, its lowest and its highest."""
    size = max(1, len(samples) // WIDTH)
    whole = samples[: len(samples) // size * size].reshape(-1, size)
    return np.arange(len(whole)) * size / SAMPLE_RATE, whole.min(axis=1), whole.max(axis=1)


def spectrogram(samples: Samples) -> NDArray[np.float64]:
    """How strong each frequency is at each time in dB, shape (times, FFT // 2 + 1)."""
    padded = np.pad(samples, (0, max(0, FFT - len(samples))))
    hop = max(FFT // 8, (len(padded) - FFT) // HOPS)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::hop]
    window = np.hanning(FFT)
    amplitude = np.abs(np.fft.rfft(frames * window, axis=1)) / (window.sum() / 2)
    found: NDArray[np.float64] = 20 * np.log10(np.maximum(amplitude, 1e-6))
    return found


def spoken(samples: Samples) -> list[tuple[float, float]]:
    """The stretches in which somebody speaks, in seconds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], activity(samples), [False]]).astype(np.int8)))
    return [(float(start * FRAME_S), float(end * FRAME_S)) for start, end in edges.reshape(-1, 2)]
