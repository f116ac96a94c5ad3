"""The call that enrols a voice, with a one-time code from the desk; another code leads on to confirm one."""

from __future__ import annotations

from ivr.scripts.busy import line
from ivr.scripts.certify import CHALLENGE_SILENCE_S, repeat_words, same_words
from ivr.steps import Challenge, End, Keys, Saying, Script, Speak, State, Tell, Wait


def code_question(state: State) -> Saying:
    """Ask for the code; a second time after a wrong one."""
    return ("enrol.code.wrong",) if state.fact("use_code") == "again" else ("enrol.code",)


ENROL: Script = {
    "enrol.code": Keys(
        says=code_question,
        again=("enrol.code.again",),
        length=8,
        skip="menu",  # a family shares the telephone: whoever has no code must be able to go on
        act="use_code",
        then={"found": "enrol.consent", "confirm": "confirm", "again": "enrol.code", "lost": "lost"},
    ),
    "enrol.consent": Keys(
        says=("enrol.consent",),
        hear_out=True,  # nobody agrees to what they have not heard
        again=("enrol.consent.again",),
        choices={"1": "yes", "2": "no"},
        act="consent",
        then={"given": "enrol.line", "declined": "enrol.declined"},
    ),
    **line("enrol", then="enrol.challenge", busy="busy.call_back"),
    "enrol.declined": End(says=("enrol.declined", "goodbye"), outcome="informed"),
    "enrol.challenge": Speak(
        says=lambda state: repeat_words(state, "hear_enrolment"),
        grammar="challenge",
        silence_s=CHALLENGE_SILENCE_S,
        challenge=Challenge(groups=3, words=4, retries=3, by_voice_alone=True),
        again=same_words,
        lost="enrol.unfinished",
        prepare="draw",
        act="hear_enrolment",
        then={
            "next": "enrol.challenge",
            "again": "enrol.challenge",
            "done": "enrol.wait",
            "failed": "enrol.unfinished",
            "human": "human",
            "language": "language",
            "unavailable": "lost",
        },
    ),
    "enrol.wait": Wait(
        says=("enrol.wait",),
        again=("assess.wait.again",),
        prepare="assess_enrolment",
        act="weighed_enrolment",
        then={
            "enrolled": "enrol.done",
            "differ": "enrol.differ",
            "again": "enrol.poor",
            "poor": "enrol.unfinished",
            "late": "promise",
        },
    ),
    "enrol.done": End(says=("enrol.done", "goodbye"), outcome="enrolled"),
    "enrol.differ": Tell(says=("enrol.differ",), then="human"),  # the worker has opened the case
    "enrol.poor": Tell(says=("enrol.poor",), prepare="fresh_round", then="enrol.line"),
    "enrol.unfinished": Tell(says=("enrol.unfinished",), prepare="not_enrolled", then="human"),
}
