"""The way of a caller through the menu up to the words, said once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ops.switch import Call
from tests.conversations.town import Resident
from voiceprint.audio import Samples

Voice = Callable[[Sequence[str]], Samples]


def identified(call: Call, resident: Resident) -> Call:
    """Choose "certify" and key the end of the identity number, from a known telephone."""
    return call.hears("menu.main").press("1").hears("notice.recording").hears("who.tail").press(resident.tail)


def talks(call: Call, voice: Voice, groups: int = 3) -> str:
    """Repeat what is asked, group after group, until something other than words is said; gives its name."""
    for _ in range(groups + 1):
        heard = call.hears_first("word.*", "assess.wait", "enrol.wait", "challenge.failed", "result.*", "lost.human")
        if not heard.startswith("word."):
            return heard
        call.repeats_from(heard, voice)
    raise AssertionError(f"still asked for words:\n{call.text()}")
