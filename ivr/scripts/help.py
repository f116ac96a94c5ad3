"""What the line answers to "how do I certify?": the region's answer, also as a text; then what else can be done."""

from __future__ import annotations

from certification.receipts import DIGITS, DIGITS_OF_RECORDS
from ivr.scripts.common import LONG, SHORT, day_said
from ivr.steps import End, Keys, Saying, Script, State, Tell


def how(state: State) -> Saying:
    """The region's answer to: how do I certify here?"""
    return (f"region.{state.fact('where', 'region')}.how", LONG)


def help_offered(state: State) -> Saying:
    """What can be done besides; an appointment where the region takes any."""
    appointment = ("help.appointment",) if state.fact("where", "appointments") else ()
    return (*appointment, "help.receipt", "help.back")


def receipt_question(state: State) -> Saying:
    """Ask for a receipt number; a second time after a wrong one."""
    return ("receipt.unknown",) if state.fact("check_receipt") == "again" else ("receipt.ask",)


HELP: Script = {
    "how": Tell(says=how, prepare="where", then={"known": "help", "textable": "how.text"}),
    "how.text": Keys(
        says=("help.text",),
        again=("help.text.again",),
        choices={"1": "text", "2": "on", "": "on"},
        then={"text": "how.texted", "on": "help"},
        left="informed",
    ),
    "how.texted": Tell(says=("help.texted",), prepare="text_how", then="help"),
    "help": Keys(
        says=help_offered,
        choices={"1": "appointment", "2": "receipt", "3": "back", "": "back"},
        then={"appointment": "appointment.who", "receipt": "receipt", "back": "menu"},
        left="informed",
    ),
    "receipt": Keys(
        says=receipt_question,
        again=("receipt.ask.again",),
        length=DIGITS_OF_RECORDS,
        or_length=DIGITS,
        hash_ends=True,
        act="check_receipt",
        then={
            "certifies": "receipt.certifies",
            "recorded": "receipt.recorded",
            "again": "receipt",
            "lost": "lost",
            "enough": "receipt.enough",
        },
        left="informed",
    ),
    "receipt.certifies": Tell(
        says=lambda state: ("receipt.certifies", SHORT, *day_said(state, "check_receipt"), LONG), then="menu"
    ),
    "receipt.recorded": Tell(says=("receipt.recorded",), then="menu"),
    "receipt.enough": Keys(
        says=("receipt.enough", "human.offer"),
        again=("human.offer",),
        choices={"": "leave"},
        then={"leave": "receipt.end"},
        left="informed",
    ),
    "receipt.end": End(says=("goodbye",), outcome="informed"),
}
