"""Silence costs nothing: what is surely no voice is not given to the recogniser."""

from __future__ import annotations

from collections import deque

import webrtcvad

from ivr.speech.recogniser import SAMPLE_RATE, Heard, Listening

FRAME_BYTES = SAMPLE_RATE // 50 * 2  # 20 ms of 16-bit samples
BEFORE, AFTER = 15, 20  # frames kept around a voice: soft beginnings and ends, and a pause to tell two words apart
_VOICED = 2  # voiced frames of the last three that open the gate
_STRICTNESS = 2  # of webrtcvad, 0 to 3; its measurement is not on record, see docs/decisions/0011


class Gated:
    """Listens through a gate that voice opens; a long pause is heard as a short one.

    Where no voice opened it, and somebody wants to know what was heard all the same, everything is listened to.
    """

    def __init__(self, listening: Listening) -> None:
        self._listening = listening
        self._vad = webrtcvad.Vad(_STRICTNESS)
        self._rest = b""
        self._kept: deque[bytes] = deque()  # until a voice is heard, everything; then what may be before the next one
        self._recent: deque[bool] = deque(maxlen=3)
        self._open_for = 0
        self._opened = False

    def feed(self, pcm: bytes) -> None:
        """Take more audio: 16-bit little-endian samples at 8 kHz, any number of bytes."""
        pcm = self._rest + pcm
        whole = len(pcm) // FRAME_BYTES * FRAME_BYTES
        self._rest = pcm[whole:]
        passed = b"".join(self._through(pcm[at : at + FRAME_BYTES]) for at in range(0, whole, FRAME_BYTES))
        if passed:
            self._listening.feed(passed)

    def partial(self) -> str:
        """What seems to have been said so far."""
        return self._listening.partial()

    def finish(self) -> Heard:
        """End the turn and say what was heard."""
        if not self._opened and self._kept:
            self._listening.feed(b"".join(self._kept))
        return self._listening.finish()

    def _through(self, frame: bytes) -> bytes:
        """What of this frame, and of those before it, is to be heard."""
        self._recent.append(self._vad.is_speech(frame, SAMPLE_RATE))
        if sum(self._recent) >= _VOICED:
            self._open_for = AFTER
        self._kept.append(frame)
        if not self._open_for:
            while self._opened and len(self._kept) > BEFORE:
                self._kept.popleft()
            return b""
        passed = list(self._kept)[-1 - BEFORE :]
        self._open_for, self._opened = self._open_for - 1, True
        self._kept.clear()
        return b"".join(passed)
