"""What lies at which frequency: how far up speech reaches, and the noise under it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from voiceprint.audio import SAMPLE_RATE, Samples
from voiceprint.speech import FRAME

FFT = 256
BIN_HZ = SAMPLE_RATE / FFT
WIDTH, STEP = 8, 2  # bins: bands of 250 Hz, one every 62.5 Hz
SMOOTHED = 3  # frames, 90 ms: a hiss of speech lasts as long, and noise seldom rises by RISE_DB for it
RISE_DB = 5.0  # over the noise in the band
BELOW_DB = 40.0  # under the whole frame: G.711's own noise lies lower
LOUD_DB = 20.0  # frames quieter than speech by more than this say nothing
SHARE = 0.03  # of the loud frames have to reach a band: about one fricative in six words
MASKING_DB = 30.0  # noise louder than this under the speech could hide it
SILENT_PAUSES = 0.1  # of the frames
LONG, FEWEST = 512, 5  # samples, 64 ms: harmonics stand apart; windows
VALLEY = 11  # bins of 16 Hz: as wide as harmonics are apart
QUIETEST_OF_NOISE = -float(np.log(0.9))  # the tenth percentile of white noise's power at one frequency, over its mean


def reach(samples: Samples, speech: NDArray[np.bool_], silent: NDArray[np.bool_]) -> float:
    """The highest frequency, in Hz, that speech reaches; 0 where there is none.

    `speech` and `silent` say which frames of 30 ms hold speech and digital silence (see voiceprint.speech). A band of
    250 Hz is reached when enough frames rise in it over the noise of the pauses, or when noise fills it so that speech
    could not be seen there: a noisy line is called noisy, and not narrow. The edge of a sharp filter is read about
    150 Hz too high.
    """
    if not (speech & ~silent).any():
        return 0.0
    frames = samples[: len(speech) * FRAME].reshape(-1, FRAME)[~silent]
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(FRAME), FFT, axis=1)))
    first = np.arange(1, FFT // 2 + 2 - WIDTH, STEP)
    up_to = np.cumsum(power, axis=1)
    bands = uniform_filter1d(up_to[:, first + WIDTH - 1] - up_to[:, first - 1], SMOOTHED, axis=0)
    whole = uniform_filter1d(power.sum(axis=1), SMOOTHED)
    spoken = power[speech[~silent]].sum(axis=1).mean()
    loud = whole > spoken * _ratio(-LOUD_DB)
    if not loud.any():
        return 0.0
    noise = np.percentile(bands, 20, axis=0)
    rises = (bands[loud] > noise * _ratio(RISE_DB)) & (bands[loud] > whole[loud, None] * _ratio(-BELOW_DB))
    reached = np.flatnonzero((rises.mean(axis=0) >= SHARE) | (noise > spoken * _ratio(-MASKING_DB)))
    return float((first[reached[-1]] + WIDTH / 2) * BIN_HZ) if len(reached) else 0.0


def noise_power(samples: Samples, silent: NDArray[np.bool_]) -> float:
    """Mean square of the noise under the speech; `silent` as in `reach`, and not everywhere.

    The quietest tenth of the frames that are not silent. Where pauses are silent nothing but speech is left, so that
    another estimate is taken if it is lower: the quietest tenth at each frequency (minimum statistics, after Martin,
    2001), read between the harmonics. Speech can only raise the two of them.
    """
    frames = samples[: len(silent) * FRAME].reshape(-1, FRAME)[~silent]
    quietest = float(np.percentile(np.square(frames, dtype=np.float64).mean(axis=1), 10))
    if silent.mean() < SILENT_PAUSES or len(silent) * FRAME < LONG:
        return quietest
    hidden = np.lib.stride_tricks.sliding_window_view(np.repeat(silent, FRAME), LONG)[:: LONG // 4].any(axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(samples[: len(silent) * FRAME], LONG)[:: LONG // 4][~hidden]
    if len(windows) < FEWEST:
        return quietest
    window = np.hanning(LONG)
    low = np.percentile(np.square(np.abs(np.fft.rfft(windows * window, axis=1))), 10, axis=0)
    valleys = uniform_filter1d(minimum_filter1d(uniform_filter1d(low, SMOOTHED), VALLEY), VALLEY)
    return min(quietest, float(valleys.mean() / QUIETEST_OF_NOISE / np.square(window).sum()))


def _ratio(decibels: float) -> float:
    return float(10 ** (decibels / 10))
