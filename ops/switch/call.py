"""A call in a caller's hands: hear, press, speak, hang up; and the mishaps that a test may let happen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from ops.switch.caller import Audio, Drop, Freeze, Garble
from ops.switch.carrier import Answer
from ops.switch.leg import Leg
from ops.switch.transcript import Line, NotHeard


class Call:
    """Goes on in a thread of its own; the methods chain: `call.hears("menu.main").press("1").hears("notice.*")`."""

    def __init__(self, leg: Leg) -> None:
        self._leg = leg
        self._caller = leg.wire.caller
        self._transcript = leg.wire.transcript
        self._next = 0
        self._thread = threading.Thread(target=leg.run, name=f"call {leg.sid}", daemon=True)
        self._thread.start()

    @property
    def sid(self) -> str:
        return self._leg.sid

    @property
    def status(self) -> str:
        """Twilio's CallStatus."""
        return self._leg.status

    @property
    def failure(self) -> str | None:
        """Why the carrier gave the call up, if the service did something that it cannot use."""
        return self._leg.failure

    @property
    def faults(self) -> tuple[str, ...]:
        """Everything a carrier would log as the service's error; empty on a good call."""
        return self._transcript.faults

    @property
    def transcript(self) -> tuple[Line, ...]:
        return self._transcript.lines

    @property
    def answers(self) -> tuple[Answer, ...]:
        """What the service answered to the webhooks of this call that ask for TwiML, in order."""
        return tuple(self._leg.answers)

    @property
    def duration_s(self) -> float:
        """Seconds on the call's clock since it was answered."""
        return self._leg.duration_s

    def hears(self, prompt: str, times: int = 1, timeout_s: float = 60.0) -> Self:
        """Wait until a prompt is being played, after those heard before; others may come in between.

        `prompt` is a name such as "menu.main", a pattern such as "word.*", or the text of a <Say>; with "cantonese:"
        before it, in that dialect; with "|" between several, any of them. Raises NotHeard, with the whole transcript,
        when the call ends or `timeout_s` seconds of wall clock pass first.
        """
        for _ in range(times):
            self._hear(prompt.split("|"), timeout_s)
        return self

    def hears_first(self, *prompts: str, timeout_s: float = 60.0) -> str:
        """Wait for whichever comes first; gives its name, or the text of a <Say>. Raises NotHeard as `hears`."""
        line = self._hear(prompts, timeout_s)
        return line.name or line.text

    def _hear(self, prompts: Sequence[str], timeout_s: float) -> Line:
        place = self._transcript.wait(
            lambda line: any(_is_heard(line, prompt) for prompt in prompts), self._next, timeout_s
        )
        if place is None:
            raise NotHeard(f"{' or '.join(prompts)} was not heard{self._so_far()}")
        self._next = place + 1
        return self._transcript.lines[place]

    def press(self, keys: str) -> Self:
        """Press keys 0-9, * and #, one after the other. A line that gathers no keys loses them."""
        self._caller.press(keys)
        return self._go_on()

    def says(self, audio: Audio, text: str = "") -> Self:
        """Speak into the spoken turn that is open, or else into the next one; `text` is for the transcript."""
        self._caller.say(audio, text)
        return self._go_on()

    def repeats(self, voice: Callable[[list[str]], Audio], words: int = 3, timeout_s: float = 60.0) -> Self:
        """Wait for the next so many `word.*` prompts and say them again in a voice, which is given their names."""
        return self._repeat([], voice, words, timeout_s)

    def repeats_from(
        self, first: str, voice: Callable[[list[str]], Audio], words: int = 3, timeout_s: float = 60.0
    ) -> Self:
        """The same when the first of the words has been heard already."""
        return self._repeat([first], voice, words, timeout_s)

    def _repeat(self, names: list[str], voice: Callable[[list[str]], Audio], words: int, timeout_s: float) -> Self:
        while len(names) < words:
            names.append(self._hear(["word.*"], timeout_s).name)
        return self.says(voice(names), " ".join(names))

    def last_words(self) -> list[str]:
        """Names of the `word.*` prompts of the last spoken turn that had any."""
        spoken = [line for line in self.transcript if line.who == "line" and line.name.startswith("word.")]
        return [line.name for line in spoken if line.turn == spoken[-1].turn]

    def hang_up(self) -> Self:
        self._caller.hung_up.set()
        return self._go_on()

    def ended(self, timeout_s: float = 120.0) -> Self:
        """Wait until the call has ended and its last status callback is answered. Raises NotHeard after `timeout_s`."""
        self._go_on()
        if not self._transcript.wait_end(timeout_s):
            raise NotHeard(f"the call has not ended{self._so_far()}")
        return self

    def repeat_webhooks(self, times: int, together: bool = False) -> Self:
        """From now on every webhook arrives so many times: in turn, or all at once."""
        self._leg.times, self._leg.together = times, together
        return self._go_on()

    def late(self, turn: int) -> Answer:
        """Send the webhook of `/voice/turn/<turn>` once more, as it was sent then."""
        sent = [answer for answer in self.answers if urlsplit(answer.url).path.endswith(f"/turn/{turn}")]
        if not sent:
            raise LookupError(f"turn {turn} has not been posted{self._so_far()}")
        return self._leg.wire.carrier.post(sent[-1].url, sent[-1].sent)[0]

    def drop_socket(self) -> Self:
        """The network loses the open media socket."""
        self._caller.suffer(Drop())
        return self._go_on()

    def garbles(self, data: str | bytes) -> Self:
        """The open media socket carries something that is no message of Media Streams."""
        self._caller.suffer(Garble(data))
        return self._go_on()

    def freezes(self, seconds: float) -> Self:
        """The open media socket carries nothing for so many seconds of wall clock."""
        self._caller.suffer(Freeze(seconds))
        return self._go_on()

    def text(self, sentence: Callable[[str, str], str] | None = None) -> str:
        """Both sides as text, a line each; `sentence(dialect, name)` gives a prompt's words."""
        return self._transcript.text(sentence)

    def save(self, path: Path) -> None:
        """Both sides as a WAV file of two channels: left the line, right the caller."""
        self._leg.wire.save(path)

    def close(self) -> None:
        """Hang up if need be and wait for the thread."""
        self.hang_up()
        self._thread.join(timeout=30)

    def _go_on(self) -> Self:
        self._transcript.going_on.set()
        return self

    def _so_far(self) -> str:
        return f"; the call is {self.status}:\n{self.text() or '(nothing was said)'}"


def _is_heard(line: Line, prompt: str) -> bool:
    """Whether a line is this prompt, pattern or sentence, in the dialect asked for if one is."""
    if line.who != "line":
        return False
    if not line.name:
        return line.text == prompt
    dialect, _, name = prompt.rpartition(":")
    return fnmatchcase(line.name, name) and (not dialect or line.dialect in ("", dialect))
