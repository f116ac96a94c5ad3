"""The call that certifies: by voice, or by PIN for whoever cannot or will not speak."""

from __future__ import annotations

from ivr.scripts.common import LONG, SHORT, due_date, receipt, who
from ivr.steps import Challenge, End, Keys, Saying, Script, Speak, State, Tell, Wait

CHALLENGE_SILENCE_S = 1.5
_LEADS = {"next": ("challenge.next",), "again": ("challenge.again",)}


def repeat_words(state: State, heard_by: str = "hear_group") -> Saying:
    """Ask for a group of words to be repeated, and say them."""
    return (*_LEADS.get(str(state.fact(heard_by)), ()), *same_words(state))


def same_words(state: State) -> Saying:
    """Say a group of words once more."""
    drawn = state.fact("draw", "names")
    words = [part for name in drawn for part in (SHORT, f"word.{name}")] if isinstance(drawn, list | tuple) else []
    return ("challenge.repeat", *words)


def pin_question(state: State) -> Saying:
    """Ask for the PIN; a second time after a wrong one."""
    return ("pin.wrong",) if state.fact("check_pin") == "again" else ("pin.ask",)


CERTIFY: Script = {
    "certify": Tell(says=("notice.recording", LONG), then="certify.who"),
    **who("certify.who", then="certify.ready"),
    "certify.ready": Tell(
        prepare="ready",
        then={"challenge": "challenge", "already": "already", "limit": "limit", "no_voice": "voice.none"},
    ),
    "already": End(
        says=lambda state: ("result.already", LONG, *due_date(state), "goodbye"),
        prepare="next_date",
        outcome="informed",
    ),
    "challenge": Speak(
        says=repeat_words,
        grammar="challenge",
        silence_s=CHALLENGE_SILENCE_S,
        challenge=Challenge(groups=2, words=3, retries=1),
        prepare="draw",
        act="hear_group",
        then={
            "next": "challenge",
            "again": "challenge",
            "done": "assess",
            "failed": "challenge.failed",
            "pin": "pin.ready",
            "unavailable": "voice.unavailable",
        },
    ),
    "assess": Wait(
        says=("assess.wait",),
        again=("assess.wait.again",),
        prepare="assess",
        act="weighed",
        then={
            "certified": "certified",
            "recorded": "voice.recorded",
            "human": "voice.doubt",
            "again": "challenge.poor",
            "poor": "challenge.poor.pin",
            "late": "promise",
        },
    ),
    "certified": End(
        says=lambda state: ("result.certified", LONG, *receipt(state, "weighed"), "goodbye"), outcome="certified"
    ),
    "voice.recorded": Tell(
        says=lambda state: ("result.recorded", LONG, *receipt(state, "weighed")), prepare="needs_more", then="recorded"
    ),
    "recorded": Keys(says=("human.offer",), choices={"": "leave"}, then={"leave": "recorded.end"}, left="recorded"),
    "recorded.end": End(says=("goodbye",), outcome="recorded"),
    "voice.doubt": Tell(says=("result.human",), then="human"),
    "challenge.poor": Tell(says=("challenge.poor",), prepare="fresh_round", then="certify.ready"),
    "challenge.poor.pin": Tell(says=("challenge.poor.pin",), then="pin.ready"),
    "challenge.failed": Tell(says=("challenge.failed",), prepare="not_understood", then="human"),
    "promise": End(says=("result.promise", "goodbye"), prepare="promise", outcome="promised"),
    "limit": Tell(says=("limit.human",), prepare="limit_reached", then="human"),
    "voice.none": Tell(says=("voice.none",), then="pin.ready"),
    "voice.unavailable": Tell(says=("voice.unavailable",), then="pin.ready"),
    **who("mute.who", then="pin.ready"),
    "pin.ready": Tell(prepare="pin_ready", then={"pin": "pin", "voice": "pin.none.voice", "none": "pin.none"}),
    "pin.none.voice": Tell(says=("pin.none.voice",), then="challenge"),
    "pin": Keys(
        says=pin_question,
        again=("pin.ask.again",),
        length=6,
        act="check_pin",
        then={
            "certified": "pin.certified",
            "recorded": "pin.recorded",
            "again": "pin",
            "lost": "lost",
            "locked": "pin.locked",
            "none": "pin.none",
        },
    ),
    "pin.certified": End(
        says=lambda state: ("result.pin_certified", LONG, *receipt(state, "check_pin"), "goodbye"),
        outcome="pin_certified",
    ),
    "pin.recorded": Tell(
        says=lambda state: ("result.pin_recorded", LONG, *receipt(state, "check_pin")),
        prepare="needs_more",
        then="recorded",
    ),
    "pin.locked": Tell(says=("pin.locked",), then="human"),
    "pin.none": Tell(says=("pin.none",), prepare="no_way", then="human"),
}

CERTIFYING = frozenset(CERTIFY) - {"recorded", "recorded.end", "voice.doubt"}  # where a dropped call is taken up again
