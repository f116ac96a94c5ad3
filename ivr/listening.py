"""One spoken turn, pure: prompts out, the caller's frames and keys in, and no clock but those frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ivr.speech.endpoint import LIMIT_S, NO_INPUT_S, Endpointer
from ivr.speech.g711 import decode_mulaw
from ivr.speech.recogniser import NOTHING, Heard, Listening
from ivr.spoken import Ended, Plan, Result

FRAME_BYTES = 160  # µ-law, 8 kHz: 20 ms
FRAME_S = 0.02
LEAD = 10  # frames sent ahead of the caller's, so that a late one leaves no gap
LONGEST_PAUSE_S = 3.0  # in a challenge, while words are still missing
RECENT = 40  # frames remembered: speech is noticed half a second after it begins
SILENCE = b"\xff"


@dataclass(frozen=True, slots=True)
class Media:
    """A frame of µ-law to be played."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """Comes back when everything before it was played; named after the prompt that it follows."""

    name: str


@dataclass(frozen=True, slots=True)
class Clear:
    """Throw away what was sent and not yet played: the caller has interrupted."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The turn is over. `audio` is the caller's µ-law that was listened to."""

    result: Result
    audio: bytes


Out = Media | Mark | Clear | Finished


class Turn:
    """Plays the prompts (name, µ-law), a frame out for a frame in, and listens at once.

    Half a second of speech interrupts the prompts; a key does so at once. A challenge is not interrupted by speech, and
    what is said before its last prompt begins is no answer to it: the caller cannot know the words yet. And while fewer
    words were heard than asked, a pause may last LONGEST_PAUSE_S.
    """

    def __init__(self, plan: Plan, prompts: Sequence[tuple[str, bytes]], listening: Listening) -> None:
        self._plan = plan
        self._listening = listening
        self._to_play: deque[Media | Mark] = deque(out for name, audio in prompts for out in _script(name, audio))
        self._answerable = _frames_before_last(prompts) if plan.asked else 0
        self._sent = self._unheard = 0  # frames sent, and those of them that the caller has yet to hear
        self._prompts_over = self._finished = False
        self._recent: deque[bytes] = deque(maxlen=RECENT)
        self._audio: bytearray | None = None  # what was given to the recogniser, once it is
        self._ears = Endpointer(plan.silence_s)
        self._patience = 0  # frames of silence beyond the plan's

    def start(self) -> list[Out]:
        """The frames that go ahead of the caller's first one."""
        return self._play(LEAD)

    def on_frame(self, frame: bytes) -> list[Out]:
        """Hear 20 ms of the caller (FRAME_BYTES of µ-law). Nothing comes of it once the turn is over."""
        if self._finished:
            return []
        self._recent.append(frame)
        self._unheard = max(self._unheard - 1, 0)
        out = self._play(1)
        if self._to_play or self._unheard:
            return out + self._while_playing(frame)
        if not self._prompts_over:
            self._end_prompts()
            return out
        self._listen(frame)
        ended = self._ears.feed(decode_mulaw(frame))
        self._patience = self._patience + 1 if ended == "speech" else 0
        return out + self._end(ended) if ended and not self._awaits_words() else out

    def on_key(self, key: str) -> list[Out]:
        """A key ends the turn, # only what is being said. Nothing comes of other keys where the plan takes none."""
        if self._finished or not (self._plan.keys or key == "#"):
            return []
        out: list[Out] = [Clear()] if self._to_play or self._unheard else []
        if key == "#" and self._audio is not None:
            heard = self._listening.finish()
            if heard.words or self._ears.spoken:
                return out + self._finish("speech", heard)
        return out + self._finish("key", NOTHING, key)

    def on_hangup(self) -> list[Out]:
        """The caller is gone: what was heard is written down, the voice is not kept."""
        return [] if self._finished else self._end("hangup")

    def on_stall(self) -> list[Out]:
        """No frame comes any more: silence, as a carrier may keep it, unless the caller was heard before."""
        return [] if self._finished else self._end("hangup" if self._ears.spoken else "no_input")

    def _play(self, frames: int) -> list[Out]:
        """The next frames of the prompts, and the marks up to them."""
        out: list[Out] = []
        while self._to_play and (frames or isinstance(self._to_play[0], Mark)):
            out.append(self._to_play.popleft())
            if isinstance(out[-1], Media):
                frames -= 1
                self._sent += 1
                self._unheard += 1
        return out

    def _while_playing(self, frame: bytes) -> list[Out]:
        """Speech over a prompt: notice it after half a second, and take it from its beginning."""
        if self._sent - self._unheard < self._answerable:
            return []
        if self._audio is not None:
            self._listen(frame)
            return []
        self._ears.feed(decode_mulaw(frame))
        if not self._ears.begun:
            return []
        if self._plan.asked:
            self._attend()
            return []
        self._to_play.clear()
        self._unheard = 0
        self._end_prompts()
        return [Clear()]

    def _end_prompts(self) -> None:
        """From here on silence counts. Fresh ears hear the last moments again: the caller may be speaking already."""
        self._prompts_over = True
        self._attend()
        remembered = len(self._recent) * FRAME_S
        self._ears = Endpointer(self._plan.silence_s, NO_INPUT_S + remembered, LIMIT_S + remembered)
        for frame in self._recent:
            self._ears.feed(decode_mulaw(frame))

    def _awaits_words(self) -> bool:
        """Whether the caller is only pausing: people who repeat words one by one take their time."""
        more = 0 < self._patience * FRAME_S < LONGEST_PAUSE_S - self._plan.silence_s
        return more and len(self._listening.partial().split()) < len(self._plan.asked)

    def _attend(self) -> None:
        """Give the recogniser the last moments, or the newest of them where it hears the caller already."""
        if self._audio is not None:
            self._listen(self._recent[-1])
            return
        self._audio = bytearray()
        for frame in self._recent:
            self._listen(frame)

    def _listen(self, frame: bytes) -> None:
        assert self._audio is not None
        self._audio += frame
        self._listening.feed(decode_mulaw(frame).tobytes())

    def _end(self, ended: Ended) -> list[Out]:
        listened = self._audio is not None and ended != "no_input"
        return self._finish(ended, self._listening.finish() if listened else NOTHING)

    def _finish(self, ended: Ended, heard: Heard, key: str | None = None) -> list[Out]:
        self._finished = True
        voice = bytes(self._audio or b"") if ended in ("speech", "limit") else b""
        return [Finished(Result(ended, heard.words, heard.confidence, heard.understood, key), voice)]


def _frames(audio: bytes) -> int:
    return -(-len(audio) // FRAME_BYTES)


def _frames_before_last(prompts: Sequence[tuple[str, bytes]]) -> int:
    """How many frames are played before the last prompt that says something."""
    last = max((at for at, (name, _) in enumerate(prompts) if "pause." not in name), default=0)
    return sum(_frames(audio) for _, audio in prompts[:last])


def _script(name: str, audio: bytes) -> Iterator[Media | Mark]:
    """A prompt cut into frames, the last one filled up with silence, and its mark."""
    for at in range(0, len(audio), FRAME_BYTES):
        yield Media(audio[at : at + FRAME_BYTES].ljust(FRAME_BYTES, SILENCE))
    yield Mark(name)
