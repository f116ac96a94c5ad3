"""A recogniser for tests that hears what it is told to, and the sounds that a caller makes."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from certification.regions import Regions
from ivr.listening import FRAME_BYTES
from ivr.prompts import Prompts
from ivr.speech.recogniser import NOTHING, Heard

SILENCE = b"\xff" * FRAME_BYTES


@dataclass(slots=True)
class FakeListening:
    """Notes how much it was given (bytes of 16-bit PCM) and hears what it was told to."""

    heard: Heard
    pcm: bytearray = field(default_factory=bytearray)
    awake: threading.Event | None = None

    def feed(self, pcm: bytes) -> None:
        """Take audio, any length; while it is not awake, the machine is too busy."""
        if self.awake is not None:
            assert self.awake.wait(20)
        self.pcm += pcm

    def partial(self) -> str:
        """The words, as soon as there is audio."""
        return " ".join(self.finish().words)

    def finish(self) -> Heard:
        """What the test wants to have been heard; nothing where no audio came."""
        return self.heard if self.pcm else NOTHING


@dataclass(slots=True)
class FakeRecogniser:
    """Hears the same words whatever is said; keeps its listenings for the test to look at."""

    words: tuple[str, ...] = ("认证",)
    listenings: list[FakeListening] = field(default_factory=list)
    awake: threading.Event | None = None

    def listen(self, grammar: str, dialect: str = "mandarin") -> FakeListening:  # noqa: ARG002 (it hears what it is told)
        """Begin to listen; a grammar named "broken" cannot be listened for."""
        if grammar == "broken":
            raise RuntimeError("no such grammar")
        self.listenings.append(FakeListening(Heard(self.words, 0.9, bool(self.words)), awake=self.awake))
        return self.listenings[-1]


def frames(audio: bytes) -> list[bytes]:
    """µ-law cut into frames of 20 ms, the last filled up with silence."""
    return [audio[at : at + FRAME_BYTES].ljust(FRAME_BYTES, b"\xff") for at in range(0, len(audio), FRAME_BYTES)]


def speech(name: str = "greeting") -> list[bytes]:
    """Frames of somebody speaking: one of the line's own prompts."""
    audio = Prompts(None, Regions.load()).audio("mandarin", name)
    assert audio is not None
    return frames(audio)


def silence(seconds: float) -> list[bytes]:
    """Frames of nothing."""
    return [SILENCE] * round(seconds * 50)
