"""The call that shows whether a template made at the desk fits over the person's own phone, with the desk's code."""

from __future__ import annotations

from ivr.scripts.busy import line
from ivr.scripts.certify import CHALLENGE_SILENCE_S, repeat_words, same_words
from ivr.scripts.common import LONG
from ivr.steps import Challenge, End, Script, Speak, Tell, Wait

CONFIRM: Script = {
    "confirm": Tell(says=("notice.recording", LONG), then="confirm.line"),  # they have agreed at the desk
    **line("confirm", then="confirm.challenge", busy="busy.call_back"),
    "confirm.challenge": Speak(
        says=lambda state: repeat_words(state, "hear_enrolment"),
        grammar="challenge",
        silence_s=CHALLENGE_SILENCE_S,
        challenge=Challenge(groups=2, words=3, retries=1, by_voice_alone=True),  # as it will be in calls that certify
        again=same_words,
        lost="confirm.unfinished",
        prepare="draw",
        act="hear_enrolment",
        then={
            "next": "confirm.challenge",
            "again": "confirm.challenge",
            "done": "confirm.wait",
            "failed": "confirm.unfinished",
            "human": "human",
            "language": "language",
            "unavailable": "lost",
        },
    ),
    "confirm.wait": Wait(
        says=("assess.wait",),
        again=("assess.wait.again",),
        prepare="assess_confirmation",
        act="weighed_confirmation",
        then={
            "confirmed": "confirm.done",
            "differ": "confirm.differ",
            "again": "confirm.poor",
            "poor": "confirm.unfinished",
            "late": "promise",
        },
    ),
    "confirm.done": End(says=("confirm.done", "goodbye"), outcome="confirmed"),
    "confirm.differ": End(says=("confirm.unsure", "goodbye"), outcome="informed"),  # the worker has opened the case
    "confirm.poor": Tell(says=("enrol.poor",), prepare="fresh_round", then="confirm.line"),
    "confirm.unfinished": End(says=("confirm.unsure", "goodbye"), prepare="not_enrolled", outcome="informed"),
}
