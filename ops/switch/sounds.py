"""Playing <Say>, <Play> and <Pause> to the caller, alone or inside a <Gather>, frame by frame."""

from __future__ import annotations

from urllib.parse import unquote, urljoin, urlsplit

from ops.switch.playout import FRAME, SILENCE
from ops.switch.transcript import Line
from ops.switch.twiml import Gather, Pause, Play, Say, Sound
from ops.switch.wire import FRAME_S, Wire
from voiceprint.audio import encode_mulaw

SAY_S = 0.25
"""Seconds that a character of <Say> takes; the switch has no voice of its own and plays silence."""


class Gathering:
    """The keys of one <Gather>, as they come."""

    def __init__(self, wire: Wire, verb: Gather) -> None:
        self._wire = wire
        self._verb = verb
        self.digits = ""
        self.complete = False

    def listen(self) -> bool:
        """Take the key of this moment, if there is one; True when it counts.

        The finishing key ends it all, also before the first digit: then there was no input, as Twilio has it.
        """
        key = self._wire.key()
        if key is None:
            return False
        if key == self._verb.finish_on_key:
            self.complete = True
        else:
            self.digits += key
            self.complete = len(self.digits) == self._verb.num_digits
        return True


def gather(wire: Wire, verb: Gather, document_url: str) -> str | None:
    """Play the nested sounds until the first key, then collect keys.

    Returns the digits, "" when there are none and the action wants to know of that, None to fall through to the next
    verb. The time limit runs from the end of the sounds, and again from every key.
    """
    keys = Gathering(wire, verb)
    for sound in verb.sounds:
        play(wire, sound, document_url, keys)
        if keys.digits or keys.complete:
            break
    until = wire.at_s + verb.timeout_s
    while not keys.complete and wire.at_s < until:
        wire.tick()
        if keys.listen():
            until = wire.at_s + verb.timeout_s
    wire.lose_keys()
    return keys.digits if keys.digits or verb.action_on_empty_result else None


def play(wire: Wire, sound: Sound, document_url: str, keys: Gathering | None = None) -> None:
    """Let the caller hear a sound to its end, or until the first key that counts when keys are gathered meanwhile."""
    match sound:
        case Pause(seconds):
            _frames(wire, SILENCE * round(seconds / FRAME_S), keys)
        case Say(text, _, loop):
            line = Line("line", wire.at_s, wire.turn, text=text)
            _heard(wire, line, SILENCE * round(len(text) * SAY_S / FRAME_S) * loop, keys)
        case Play(url, loop):
            address = urljoin(document_url, url)
            with wire.waiting():
                audio = encode_mulaw(wire.carrier.fetch(address))
            name, dialect = prompt_of(urlsplit(address).path)
            _heard(wire, Line("line", wire.at_s, wire.turn, name, dialect), audio * loop, keys)


def prompt_of(path: str) -> tuple[str, str]:
    """Name and dialect of the prompt at `…/<dialect>/<name>.wav`."""
    parts = unquote(path).strip("/").split("/")
    return parts[-1].removesuffix(".wav"), parts[-2] if len(parts) > 1 else ""


def _heard(wire: Wire, line: Line, audio: bytes, keys: Gathering | None) -> None:
    began = wire.at_s
    place = wire.transcript.write(line)
    whole = _frames(wire, audio, keys)
    wire.transcript.amend(place, wire.at_s - began, "" if whole else "cut")


def _frames(wire: Wire, audio: bytes, keys: Gathering | None) -> bool:
    """Play µ-law to its end, True, or to the first key that counts, False."""
    for at in range(0, len(audio), FRAME):
        frame = audio[at : at + FRAME]
        wire.tick(frame + SILENCE[len(frame) :])
        if keys is None:
            wire.lose_keys()
        elif keys.listen():
            return False
    return True
