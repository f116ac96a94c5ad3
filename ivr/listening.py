"""One spoken turn, pure: prompts out, the caller's frames and keys in, and no clock but those frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ivr.playing import FRAME_BYTES, LEAD, SILENCE, Mark, Media, Player
from ivr.speech.endpoint import FRAME_S, Endpointer
from ivr.speech.g711 import decode_mulaw
from ivr.speech.recogniser import NOTHING, Heard, Listening
from ivr.spoken import Ended, Plan, Result

__all__ = ["FRAME_BYTES", "LEAD", "SILENCE", "Clear", "Finished", "Mark", "Media", "Out", "Turn"]

LONGEST_PAUSE_S = 3.0  # nobody is waited for any longer, nor anybody in a challenge while words are missing any less
OWN_PAUSES = 1.5  # times the caller's longest pause of late: so long they are waited for
TO_SPARE_S = 0.6  # for a slow caller who has said enough already: they may go on, but wait for their answer, too
COUGH_S = 1.2  # what is shorter, and was not understood, interrupts no prompt for good
MOST_COUGHS = 2
RECENT = 60  # frames remembered: speech is noticed up to a second after it begins


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

    Half a second of speech interrupts the prompts; a key does so at once. If it was only a cough, the phrase is said
    again and the prompts go on. A challenge is not interrupted by speech, and what is said before its last prompt
    begins is no answer to it: the caller cannot know the words yet.

    The turn ends after the plan's silence; who has paused for longer within it or lately in this call is waited for
    longer, and so is who has not said enough.
    """

    def __init__(self, plan: Plan, prompts: Sequence[tuple[str, bytes]], listen: Callable[[], Listening]) -> None:
        """`listen` begins to listen, and does so again after a cough."""
        self._plan = plan
        self._listen_anew = listen
        self._listening = listen()
        self._player = Player(prompts)
        self._ears = Endpointer(plan.silence_s)
        self._recent: deque[bytes] = deque(maxlen=RECENT)
        self._audio: bytearray | None = None  # what was given to the recogniser, once it is
        self._prompts_over = self._finished = False
        self._over_prompt = False  # the caller began to speak while a prompt was played
        self._coughs = 0

    def start(self) -> list[Out]:
        """The frames that go ahead of the caller's first one."""
        return [*self._player.start()]

    def on_frame(self, frame: bytes) -> list[Out]:
        """Hear 20 ms of the caller (FRAME_BYTES of µ-law). Nothing comes of it once the turn is over."""
        if self._finished:
            return []
        out: list[Out] = [*self._player.tick()]
        self._recent.append(frame)
        ended = self._ears.feed(decode_mulaw(frame))
        if self._audio is not None:
            self._hear(frame)
        if self._player.playing:
            return out + self._while_playing()
        if not self._prompts_over:
            self._end_prompts()
            return out
        if ended is None or (ended == "speech" and self._ears.quiet_s < self._patience()):
            return out
        return out + self._end(ended)

    def on_key(self, key: str) -> list[Out]:
        """A key ends the turn, # only what is being said. Nothing comes of other keys where the plan takes none."""
        if self._finished or not (self._plan.keys or key == "#"):
            return []
        out: list[Out] = [Clear()] if self._player.playing else []
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

    def _while_playing(self) -> list[Out]:
        """Speech over a prompt: notice it after half a second, and take it from its beginning."""
        if self._plan.asked and not self._player.last_begun:
            self._ears.begin()
        elif self._ears.begun and self._plan.asked:
            self._attend()
        elif self._ears.begun:
            self._player.stop()
            self._end_prompts()
            return [Clear()]
        return []

    def _end_prompts(self) -> None:
        """From here on silence counts; the caller may be speaking already."""
        self._prompts_over = True
        audio = self._attend()
        self._ears.begin(len(audio) // FRAME_BYTES * FRAME_S)
        self._over_prompt = self._ears.spoken

    def _attend(self) -> bytearray:
        """Give the recogniser the last moments, unless it hears the caller already."""
        if self._audio is None:
            self._audio = bytearray()
            for frame in self._recent:
                self._hear(frame)
        return self._audio

    def _hear(self, frame: bytes) -> None:
        assert self._audio is not None
        self._audio += frame
        self._listening.feed(decode_mulaw(frame).tobytes())

    def _patience(self) -> float:
        """How many seconds of silence end the turn: a caller's own pauses tell how long they may still go on."""
        least, enough = self._plan.silence_s, len(self._plan.asked)
        own = max(least, OWN_PAUSES * max(self._plan.pause_s, self._ears.pause_s))
        if not enough and own == least:
            return least
        if len(self._listening.partial().split()) >= max(enough, 1):
            return min(own, least + TO_SPARE_S, LONGEST_PAUSE_S)
        return LONGEST_PAUSE_S if enough else min(own, LONGEST_PAUSE_S)

    def _end(self, ended: Ended) -> list[Out]:
        listened = self._audio is not None and ended != "no_input"
        heard = self._listening.finish() if listened else NOTHING
        if not self._ears.believed:  # words heard in music are none
            heard = replace(NOTHING, confidence=heard.confidence)
        if ended == "speech" and self._was_cough(heard):
            return self._go_on()
        return self._finish(ended, heard)

    def _was_cough(self, heard: Heard) -> bool:
        """Whether a short sound over a prompt said nothing. What comes after the prompts deserves an answer."""
        short = self._ears.talked_s < COUGH_S and not heard.understood
        return short and self._over_prompt and not self._plan.asked and self._coughs < MOST_COUGHS

    def _go_on(self) -> list[Out]:
        """As if there had been no cough: say the phrase again that it interrupted, or listen on."""
        self._coughs += 1
        self._listening = self._listen_anew()
        self._recent.clear()
        self._audio = None
        self._ears.begin()
        if not self._player.stopped:
            self._end_prompts()
            return []
        self._prompts_over = False
        return [*self._player.resume()]

    def _finish(self, ended: Ended, heard: Heard, key: str | None = None) -> list[Out]:
        self._finished = True
        voice = bytes(self._audio or b"") if ended in ("speech", "limit") else b""
        pause = self._ears.pause_s
        if ended == "speech" and not heard.understood:  # the silence may have been a pause that nobody waited for
            pause = max(pause, self._plan.silence_s)
        return [Finished(Result(ended, heard.words, heard.confidence, heard.understood, key, pause), voice)]
