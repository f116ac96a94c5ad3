"""The call that certifies: by voice, or by PIN for whoever cannot or will not speak."""

from __future__ import annotations

from ivr.scripts.busy import line
from ivr.scripts.common import LONG, SHORT, due_date, receipt, who
from ivr.steps import Challenge, End, Keys, Saying, Script, Speak, State, Tell, Wait

CHALLENGE_SILENCE_S = 1.5
_LEADS = {"next": ("challenge.next",), "again": ("challenge.again",)}


def repeat_words(state: State, heard_by: str = "hear_group") -> Saying:
    """Ask for a group of words to be repeated, and say them."""
    return (*_LEADS.get(str(state.fact(heard_by)), ()), *same_words(state))


def same_words(state: State) -> Saying:
    """Say a group of words once more; twice to whoever hears badly, who is told so."""
    drawn = state.fact("draw", "names")
    words = [part for name in drawn for part in (SHORT, f"word.{name}")] if isinstance(drawn, list | tuple) else []
    return ("challenge.twice", *words, LONG, *words) if state.slowly else ("challenge.repeat", *words)


def pin_question(state: State) -> Saying:
    """Ask for the PIN; a second time after a wrong one."""
    return ("pin.wrong",) if state.fact("check_pin") == "again" else ("pin.ask",)


def put_on_record(state: State) -> Saying:
    """What was recorded, its receipt, and the offer of a human for what is still missing."""
    by = "check_pin" if state.fact("check_pin") == "recorded" else "weighed"
    result = "result.pin_recorded" if by == "check_pin" else "result.recorded"
    return (result, LONG, *receipt(state, by), "human.offer")


CERTIFY: Script = {
    "certify": Tell(says=("notice.recording", LONG), then="certify.who"),
    **who("certify.who", then="certify.ready"),
    "certify.ready": Tell(
        prepare="ready",
        then={
            "challenge": "certify.line",
            "choice": "certify.choice",
            "already": "already",
            "mute": "pin.ready",
            "limit": "limit",
            "no_voice": "voice.none",
            "elsewhere": "how",
        },
    ),
    "certify.choice": Keys(  # for whoever hears badly: words that are hard to hear are never the only way
        says=("hearing.choice",),
        choices={"1": "pin", "2": "words"},
        then={"pin": "pin.ready", "words": "certify.line"},
    ),
    **line("certify", then="challenge", busy="busy"),
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
            "human": "human",
            "language": "language",
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
            "recorded": "recorded",
            "human": "voice.doubt",
            "again": "challenge.poor",
            "poor": "challenge.poor.pin",
            "late": "promise",
        },
    ),
    "certified": End(
        says=lambda state: ("result.certified", LONG, *receipt(state, "weighed"), "goodbye"), outcome="certified"
    ),
    "recorded": Keys(
        says=put_on_record,
        again=("human.offer",),
        prepare="needs_more",
        choices={"": "leave"},
        then={"leave": "recorded.end"},
        left="recorded",
    ),
    "recorded.end": End(says=("goodbye",), outcome="recorded"),
    "voice.doubt": Tell(says=("result.human",), then="human"),
    "challenge.poor": Tell(says=("challenge.poor",), prepare="fresh_round", then="certify.ready"),
    "challenge.poor.pin": Tell(says=("challenge.poor.pin",), then="pin.ready"),
    "challenge.failed": Tell(says=("challenge.failed",), prepare="not_understood", then="human"),
    "promise": Tell(prepare="promise", then={"noted": "promised", "unreachable": "unpromised"}),
    "promised": End(says=("result.promise", "goodbye"), outcome="promised"),
    "unpromised": End(says=("human.later", "goodbye"), outcome="informed"),
    "limit": Tell(says=("limit.human",), prepare="limit_reached", then="human"),
    "voice.none": Tell(says=("voice.none",), then="pin.ready"),
    "voice.unavailable": Tell(says=("voice.unavailable",), then="pin.ready"),
    **who("mute.who", then="mute.ready"),
    "mute.ready": Tell(
        prepare="ready",
        then={
            "challenge": "pin.ready",
            "choice": "pin.ready",
            "already": "already",
            "mute": "pin.ready",
            "limit": "limit",
            "no_voice": "pin.ready",
            "elsewhere": "how",
        },
    ),
    "pin.ready": Tell(prepare="pin_ready", then={"pin": "pin", "voice": "pin.none.voice", "none": "pin.none"}),
    "pin.none.voice": Tell(says=("pin.none.voice",), then="certify.line"),
    "pin": Keys(
        says=pin_question,
        again=("pin.ask.again",),
        length=6,
        act="check_pin",
        then={
            "certified": "pin.certified",
            "recorded": "recorded",
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
    "pin.locked": Tell(says=("pin.locked",), then="human"),
    "pin.none": Tell(says=("pin.none",), prepare="no_way", then="human"),
}

CERTIFYING = frozenset(CERTIFY) - {"recorded", "recorded.end", "voice.doubt"}  # where a dropped call is taken up again
