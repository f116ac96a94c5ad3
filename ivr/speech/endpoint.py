"""When a caller has begun and finished speaking, told from 20 ms frames of audio and nothing else."""

from __future__ import annotations

from collections import deque
from typing import Literal

import numpy as np
import webrtcvad

from ivr.speech.g711 import Pcm

SAMPLE_RATE = 8000
FRAME = 160  # samples
FRAME_S = FRAME / SAMPLE_RATE
NO_INPUT_S, LIMIT_S = 8.0, 15.0
BARGE_IN_S = 0.5

Ended = Literal["speech", "no_input", "limit"]

_STRICTNESS = 2  # of webrtcvad, 0 to 3
_QUIETEST = -55.0  # dB below full scale; nobody speaks below it
_ABOVE_FLOOR = 6.0  # dB over the quietest moment of late; a steady sound is no speech
_FLOOR_RISE = 0.15  # dB a frame: so fast the floor follows a noise that has become louder
_PURE = 0.99  # share of a frame's power in two narrow peaks: a tone, keys, hum
_WINDOW = 15  # frames looked at together
_SPOKEN = 6  # of them, how many must sound like speech for it to be speech
_PAUSE_FORGIVEN = 15  # frames of pause that do not break half a second of speech
_HERTZ = np.fft.rfftfreq(2 * FRAME, 1 / SAMPLE_RATE)
_BAND = _HERTZ >= 200
_HANN = np.hanning(FRAME)


def decibel(frame: Pcm) -> float:
    """The level of a frame in dB below full scale."""
    return float(10 * np.log10(np.mean(np.square(frame.astype(np.float64))) / 32768**2 + 1e-12))


def is_pure(frame: Pcm) -> bool:
    """Whether nearly all of a frame's sound above 200 Hz is one tone or two, or there is hardly any above 200 Hz."""
    power = np.abs(np.fft.rfft(frame * _HANN, 2 * FRAME)) ** 2
    whole = power.sum() + 1e-9
    power = np.where(_BAND, power, 0)
    above = power.sum()
    if above < 0.03 * whole:
        return True
    peaks = 0.0
    for _ in range(2):
        top = int(power.argmax())
        around = slice(max(top - 4, 0), top + 5)
        peaks += float(power[around].sum())
        power[around] = 0
    return bool(peaks > _PURE * above)


class Endpointer:
    """Hears one turn; times are counted in frames, so a late packet changes nothing.

    A frame counts as speech where webrtcvad says so, it is louder than the background of late, and it is no pure tone;
    speech is several such frames together.
    """

    def __init__(self, silence_s: float, no_input_s: float = NO_INPUT_S, limit_s: float = LIMIT_S) -> None:
        """The turn ends after `silence_s` of silence that follows speech, `no_input_s` without any, or `limit_s`."""
        self._vad = webrtcvad.Vad(_STRICTNESS)
        self._silence, self._no_input, self._limit = (
            round(seconds / FRAME_S) for seconds in (silence_s, no_input_s, limit_s)
        )
        self._recent: deque[bool] = deque(maxlen=_WINDOW)
        self._floor = 0.0
        self._frames = self._since_speech = self._run = 0
        self._spoken = self._begun = False

    @property
    def spoken(self) -> bool:
        """Whether anything was said, however short."""
        return self._spoken

    @property
    def begun(self) -> bool:
        """Whether the caller has spoken for half a second: long enough to interrupt a prompt."""
        return self._begun

    def feed(self, frame: Pcm) -> Ended | None:
        """Hear 20 ms (160 samples). Says how the turn ended, or None while it goes on."""
        self._frames += 1
        self._recent.append(self._like_speech(frame))
        if self._recent[-1] and sum(self._recent) >= _SPOKEN:
            self._run = self._run + self._since_speech + 1 if self._run else sum(self._recent)
            self._since_speech = 0
            self._spoken = True
            self._begun = self._begun or self._run * FRAME_S >= BARGE_IN_S
        else:
            self._since_speech += 1
            if self._since_speech > _PAUSE_FORGIVEN:
                self._run = 0
        if self._spoken and self._since_speech >= self._silence:
            return "speech"
        if not self._spoken and self._frames >= self._no_input:
            return "no_input"
        return "limit" if self._frames >= self._limit else None

    def _like_speech(self, frame: Pcm) -> bool:
        level = decibel(frame)
        self._floor = max(min(self._floor + _FLOOR_RISE, level), _QUIETEST - 5)
        if level < max(_QUIETEST, self._floor + _ABOVE_FLOOR):
            return False
        return bool(self._vad.is_speech(frame.tobytes(), SAMPLE_RATE)) and not is_pure(frame)
