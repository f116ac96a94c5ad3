"""When a caller has begun and finished speaking, told from 20 ms frames of audio and nothing else."""

from __future__ import annotations

from collections import deque
from typing import Literal

import numpy as np

from ivr.speech.g711 import Pcm
from ivr.speech.tones import FRAME, HISTORY, is_pure, is_steady
from ivr.speech.voice import SAMPLE_RATE, Voice

FRAME_S = FRAME / SAMPLE_RATE
NO_INPUT_S, LIMIT_S = 8.0, 15.0
BARGE_IN_S = 0.5

Ended = Literal["speech", "no_input", "limit"]

_VOICE = 0.3  # probability of a voice from which a frame may be speech
_GOES_ON = 0.2  # and from which it may be speech that goes on: a weak beginning is noticed late
_QUIETEST = -65.0  # dB below full scale; nobody speaks below it
_WINDOW = 15  # frames looked at together
_SPOKEN = 6  # of them, how many must sound like speech for it to be speech
_PAUSE_FORGIVEN = 15  # frames of pause that do not break half a second of speech


def decibel(frame: Pcm) -> float:
    """The level of a frame in dB below full scale."""
    return float(10 * np.log10(np.mean(np.square(frame.astype(np.float64))) / 32768**2 + 1e-12))


class Endpointer:
    """Hears one turn; times are counted in frames, so a late packet changes nothing.

    A frame counts as speech where there seems to be a voice, and it is neither a pure tone nor a sound that does not
    change; speech is several such frames together. Once there was some, a voice less likely keeps the turn open.
    """

    def __init__(self, silence_s: float, no_input_s: float = NO_INPUT_S, limit_s: float = LIMIT_S) -> None:
        """The turn ends after `silence_s` of silence that follows speech, `no_input_s` without any, or `limit_s`."""
        self._voice = Voice()
        self._silence, self._no_input, self._limit = (
            round(seconds / FRAME_S) for seconds in (silence_s, no_input_s, limit_s)
        )
        self._past: deque[Pcm] = deque(maxlen=-(-HISTORY // FRAME))
        self._recent: deque[bool] = deque(maxlen=_WINDOW)
        self._frames = self._quiet = self._since_speech = self._run = 0
        self._talked = self._gap = self._longest_pause = 0
        self._begun = False

    @property
    def spoken(self) -> bool:
        """Whether anything was said, however short."""
        return self._talked > 0

    @property
    def begun(self) -> bool:
        """Whether the caller has spoken for half a second: long enough to interrupt a prompt."""
        return self._begun

    @property
    def talked_s(self) -> float:
        """Seconds from the beginning of the first speech to the end of the last."""
        return self._talked * FRAME_S

    @property
    def quiet_s(self) -> float:
        """Seconds since the voice was last heard, however weak."""
        return self._quiet * FRAME_S

    @property
    def pause_s(self) -> float:
        """The longest pause in seconds after which the caller went on."""
        return self._longest_pause * FRAME_S

    def begin(self, remembered_s: float = 0.0) -> None:
        """Count the turn from here on. Speech of the last moments (`remembered_s`) belongs to it, no other."""
        remembered = round(remembered_s / FRAME_S)
        self._frames = self._longest_pause = 0
        self._talked = min(self._talked, max(remembered - self._since_speech, 0))
        if not self.spoken:
            self._quiet = self._run = 0
            self._begun = False

    def feed(self, frame: Pcm) -> Ended | None:
        """Hear 20 ms (160 samples). Says how the turn ended, or None while it goes on."""
        self._frames += 1
        probability = self._voiced(frame)
        self._recent.append(probability > _VOICE)
        self._quiet = 0 if self.spoken and probability > _GOES_ON else self._quiet + 1
        self._gap = max(self._gap, self._quiet)
        self._since_speech += 1
        if self._recent[-1] and sum(self._recent) >= _SPOKEN:
            self._speech()
        elif self._since_speech > _PAUSE_FORGIVEN:
            self._run = 0
        if self._frames >= self._limit:
            return "limit"
        if self.spoken and self._quiet >= self._silence:
            return "speech"
        return "no_input" if not self.spoken and self._frames >= self._no_input else None

    def _speech(self) -> None:
        """The caller is speaking; this is noticed some frames after it began."""
        began = sum(self._recent)
        if self.spoken:
            self._talked += self._since_speech
            self._longest_pause = max(self._longest_pause, self._gap)
        else:
            self._talked = began
        self._run = self._run + self._since_speech if self._run else began
        self._begun = self._begun or self._run * FRAME_S >= BARGE_IN_S
        self._quiet = self._gap = self._since_speech = 0

    def _voiced(self, frame: Pcm) -> float:
        """How likely this is a voice; 0 where it is too faint, a tone, or a sound that does not change."""
        self._past.append(frame)
        probability = self._voice.feed(frame)
        if probability <= _GOES_ON or decibel(frame) < _QUIETEST or is_pure(frame):
            return 0.0
        return 0.0 if is_steady(np.concatenate(self._past)) else probability
