"""The ways of a caller through the line, said once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ops.switch import Call
from tests.conversations.town import Resident
from voiceprint.audio import Samples

Voice = Callable[[Sequence[str]], Samples]
ENDS = (
    "assess.wait",
    "enrol.wait",
    "challenge.failed",
    "enrol.unfinished",
    "confirm.unsure",
    "result.*",
    "human.connecting",
)
CALLS = 3  # a real person who was not understood calls again; the line allows three tries in a day


def identified(call: Call, resident: Resident) -> Call:
    """Choose "certify" and key the end of the identity number, from a known telephone."""
    return call.hears("menu.main").press("1").hears("notice.recording").hears("who.tail").press(resident.tail)


def talks(call: Call, *voices: Voice, words: int = 3) -> str:
    """Repeat what is asked, the voices taking turns, until something other than words is said; gives its name."""
    for turn in range(9):
        heard = call.hears_first("word.*", *ENDS)
        if not heard.startswith("word."):
            return heard
        call.repeats_from(heard, voices[turn % len(voices)], words)
    raise AssertionError(f"still asked for words:\n{call.text()}")


def understood(resident: Resident, voice: Voice, dial: Callable[[], Call] | None = None) -> Call:
    """Call until the words are understood and the voice is being weighed, as often as a real person may."""
    for _ in range(CALLS):
        call = identified(dial() if dial else resident.phone.dial(), resident)
        if talks(call, voice) == "assess.wait":
            return call
        call.ended()
    raise AssertionError(f"not understood in {CALLS} calls; the last one:\n{call.text()}")
