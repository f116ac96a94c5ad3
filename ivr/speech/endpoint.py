"""When a caller has begun and finished speaking, told from 20 ms frames of audio and nothing else."""

from __future__ import annotations

from collections import deque
from math import log10
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
_LEVELS, _FLOOR, _FLOOR_ANEW = 100, 0.2, 10  # the line's own noise: a low quantile of two seconds, every 0.2 s
_ABOVE, _AFTER = 3.0, 15  # dB over it from which the network is asked, and frames after which no more
_LATELY = 300  # frames weighed against each other: six seconds
_VOICED = 0.22  # share of the loud frames that are voiced where somebody speaks: of words 0.27, of most music less


def decibel(frame: Pcm) -> float:
    """The level of a frame in dB below full scale."""
    wave = frame.astype(np.float64)
    return 10 * log10(float(wave @ wave) / (len(wave) * 32768**2) + 1e-12)


class Endpointer:
    """Hears one turn; times are counted in frames, so a late packet changes nothing.

    A frame counts as speech where there seems to be a voice, and it is neither a pure tone nor a sound that does not
    change; speech is several such frames together. Once there was some, a voice less likely keeps the turn open.
    In music a voice seems to be heard now and then, but it is the loudest sound only where somebody speaks.
    """

    def __init__(self, silence_s: float, no_input_s: float = NO_INPUT_S, limit_s: float = LIMIT_S) -> None:
        """The turn ends after `silence_s` of silence that follows speech, `no_input_s` without any, or `limit_s`."""
        self._voice = Voice()
        self._silence, self._no_input, self._limit = (
            round(seconds / FRAME_S) for seconds in (silence_s, no_input_s, limit_s)
        )
        self._past: deque[Pcm] = deque(maxlen=-(-HISTORY // FRAME))
        self._recent: deque[bool] = deque(maxlen=_WINDOW)
        self._lately: deque[tuple[float, bool]] = deque(maxlen=_LATELY)  # level, and whether it seems a voice
        self._levels: deque[float] = deque(maxlen=_LEVELS)
        self._floor, self._worth = 0.0, _AFTER
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
    def believed(self) -> bool:
        """Whether what is loud of late is a voice, and not something else in which one seems to be heard."""
        levels = np.array([level for level, _ in self._lately])
        voiced = np.array([voiced for _, voiced in self._lately], dtype=bool)
        if not voiced.any():
            return False
        return bool(np.mean(voiced[levels >= np.median(levels[voiced])]) >= _VOICED)

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
        self._begun = self._begun or (self._run * FRAME_S >= BARGE_IN_S and self.believed)
        self._quiet = self._gap = self._since_speech = 0

    def _stands_out(self, level: float) -> bool:
        """Whether the network is to be asked: not where the line sounds as in its own quiet moments."""
        self._levels.append(level)
        if self._frames % _FLOOR_ANEW == 1:
            self._floor = sorted(self._levels)[int(_FLOOR * len(self._levels))]
        if level >= max(_QUIETEST, self._floor + _ABOVE):
            self._worth = _AFTER
        self._worth -= 1
        return self._worth >= 0

    def _voiced(self, frame: Pcm) -> float:
        """How likely this is a voice; 0 where it is too faint, a tone, or a sound that does not change."""
        self._past.append(frame)
        level = decibel(frame)
        probability = self._voice.feed(frame) if self._stands_out(level) else 0.0
        maybe = probability > _GOES_ON and level >= _QUIETEST and not is_pure(frame)
        voiced = maybe and not is_steady(np.concatenate(self._past))
        self._lately.append((level, voiced))
        return probability if voiced else 0.0
