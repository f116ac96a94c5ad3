"""The person at the telephone: keys, voice and mishaps that wait to happen on the call."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ops.switch.playout import FRAME, SILENCE
from voiceprint.audio import Samples, decode_mulaw, encode_mulaw

Audio = bytes | NDArray[np.float32] | NDArray[np.int16]
"""µ-law bytes, or samples at 8 kHz: float32 in [-1, 1] or int16."""

KEY_GAP_S = 0.1
KEYS = frozenset("0123456789*#")


@dataclass(frozen=True, slots=True)
class Drop:
    """The network loses the socket, without a closing handshake."""


@dataclass(frozen=True, slots=True)
class Garble:
    """The socket carries this text or these bytes, whatever they are."""

    data: str | bytes


@dataclass(frozen=True, slots=True)
class Freeze:
    """No frame leaves for so many seconds of wall clock, while the socket stays open."""

    seconds: float


Mishap = Drop | Garble | Freeze


class Caller:
    """What the caller does next; filled by the test's thread, emptied by the call's."""

    def __init__(self, background: Audio | None = None) -> None:
        self._lock = threading.Lock()
        self._keys: deque[str] = deque()
        self._next_key_s = 0.0
        self._voice: deque[tuple[bytes, str]] = deque()
        self._spoken = 0
        self._mishaps: deque[Mishap] = deque()
        self._background = as_samples(background) if background is not None else None
        self._background_at = 0
        self._alone = b""  # the background as it sounds when nobody speaks, and once more its beginning
        if self._background is not None:
            self._alone = encode_mulaw(np.resize(self._background, len(self._background) + FRAME))
        self.hung_up = threading.Event()

    def press(self, keys: str) -> None:
        """Keys 0-9, * and #, pressed one after the other."""
        if not keys or set(keys) - KEYS:
            raise ValueError(f"a telephone has the keys 0-9, * and #, not {keys!r}")
        with self._lock:
            self._keys.extend(keys)

    def key(self, at_s: float) -> str | None:
        """The key that goes down at this moment of the call, if any."""
        with self._lock:
            if not self._keys or at_s < self._next_key_s:
                return None
            self._next_key_s = at_s + KEY_GAP_S
            return self._keys.popleft()

    def drop_keys(self) -> str:
        """Take all keys not yet delivered: nobody gathers them."""
        with self._lock:
            lost = "".join(self._keys)
            self._keys.clear()
            return lost

    def say(self, audio: Audio, text: str) -> None:
        """Speak into the next frames that somebody listens to."""
        voice = audio if isinstance(audio, bytes) else encode_mulaw(as_samples(audio))
        if not voice:
            raise ValueError("a voice of length zero says nothing")
        with self._lock:
            self._voice.append((voice, text))

    def frame(self) -> tuple[bytes, tuple[float, str] | None]:
        """The caller's next 20 ms of µ-law; with seconds and text of the utterance when one begins in it."""
        begun = None
        voice = SILENCE
        with self._lock:
            if self._voice:
                whole, text = self._voice[0]
                if self._spoken == 0:
                    begun = (len(whole) / 8000, text)
                voice = whole[self._spoken : self._spoken + FRAME]
                voice += SILENCE[len(voice) :]
                self._spoken += FRAME
                if self._spoken >= len(whole):
                    self._voice.popleft()
                    self._spoken = 0
        return self._over_background(voice), begun

    def stop_speaking(self) -> None:
        """Nobody listens any more: what was not said stays unsaid."""
        with self._lock:
            self._voice.clear()
            self._spoken = 0

    def suffer(self, mishap: Mishap) -> None:
        with self._lock:
            self._mishaps.append(mishap)

    def mishap(self) -> Mishap | None:
        with self._lock:
            return self._mishaps.popleft() if self._mishaps else None

    def _over_background(self, voice: bytes) -> bytes:
        if self._background is None:
            return voice
        at = self._background_at % len(self._background)
        self._background_at += FRAME
        if voice == SILENCE:
            return self._alone[at : at + FRAME]
        places = (at + np.arange(FRAME)) % len(self._background)
        mixed: Samples = decode_mulaw(voice) + self._background[places]
        return encode_mulaw(mixed)


def as_samples(audio: Audio) -> Samples:
    """Any form of audio as float32 samples in [-1, 1] at 8 kHz. Raises ValueError unless it is one row of them."""
    if isinstance(audio, bytes):
        samples = decode_mulaw(audio)
    elif audio.dtype == np.int16:
        samples = audio.astype(np.float32) / np.float32(32768)
    else:
        samples = audio.astype(np.float32)
    if samples.ndim != 1 or not len(samples):
        raise ValueError(f"audio must be one row of samples, not of shape {samples.shape}")
    return samples
