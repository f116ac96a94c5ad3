"""Sounds that machines make and no voice does: pure tones, and what repeats itself without a change."""

from __future__ import annotations

import numpy as np

from ivr.speech.g711 import Pcm

FRAME = 160  # samples at 8 kHz: 20 ms
HISTORY = 1220  # samples that `is_steady` looks at
_PURE = 0.99  # share of a frame's power in two narrow peaks: a tone, keys, hum
_STEADY = 0.97  # how like its own past a sound is that does not change; of real speech 0.2 % of the frames are
_PIECE = 320  # samples compared with those that lie between 50 and 112 ms before them
_NEAREST = 400
_HERTZ = np.fft.rfftfreq(2 * FRAME, 1 / 8000)
_BAND = _HERTZ >= 200
# Hz. Below the first the vowels of 一, 七 and 零 are as pure as a tone, up to the second as pure as two; above them,
# 0.01 and 0.02 % of the frames of real speech (0.1 % of one reader's).
_ONE_FROM, _TWO_FROM = 340.0, 600.0
_HANN = np.hanning(FRAME)


def is_pure(frame: Pcm) -> bool:
    """Whether nearly all of a frame's sound is one tone of 340 Hz at least, or two, or hum below the telephone's band.

    The stronger one of two is of 600 Hz at least. Deeper tones are as vowels are, and told from them by `is_steady`.
    """
    power = np.abs(np.fft.rfft(frame * _HANN, 2 * FRAME)) ** 2
    whole = power.sum() + 1e-9
    power = np.where(_BAND, power, 0)
    above = power.sum()
    if above < 0.03 * whole:
        return True
    strongest = _HERTZ[power.argmax()]
    if strongest < _ONE_FROM:
        return False
    peaks = 0.0
    for _ in range(1 if strongest < _TWO_FROM else 2):
        top = int(power.argmax())
        around = slice(max(top - 4, 0), top + 5)
        peaks += float(power[around].sum())
        power[around] = 0
    return bool(peaks > _PURE * above)


def is_steady(samples: Pcm) -> bool:
    """Whether the last 40 ms are as those a tenth of a second before: hum, a buzz, a held note. No voice is so even.

    `samples`: HISTORY of them; fewer are never steady.
    """
    if len(samples) < HISTORY:
        return False
    wave = samples.astype(np.float64)
    now, past = wave[-_PIECE:], wave[-HISTORY:-_NEAREST]
    so_far = np.concatenate([[0.0], np.cumsum(past * past)])
    power = so_far[_PIECE:] - so_far[:-_PIECE]  # of each piece of the past
    alike = np.correlate(past, now, "valid") / np.sqrt(power * (now @ now) + 1e-9)
    return bool(alike.max() > _STEADY)
