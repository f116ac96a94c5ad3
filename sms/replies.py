"""What somebody wrote, as the text line understands it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sms import phrases
from sms.digits import six_digits
from sms.writing import plain


@dataclass(frozen=True, slots=True)
class Pin:
    """Six digits that may be the person's PIN, or the one-time code of a reminder."""

    digits: str


@dataclass(frozen=True, slots=True)
class Yes:
    """Yes, or 1."""


@dataclass(frozen=True, slots=True)
class No:
    """No, or 2."""


@dataclass(frozen=True, slots=True)
class Start:
    """They want reminders again."""


@dataclass(frozen=True, slots=True)
class Query:
    """They ask where they stand."""


@dataclass(frozen=True, slots=True)
class Help:
    """They ask what to do. `pin`: about their PIN, which they forgot, or want changed."""

    pin: bool = False


@dataclass(frozen=True, slots=True)
class Human:
    """They want to talk with a human. `first`: they want to live no longer, and go before others."""

    first: bool = False


@dataclass(frozen=True, slots=True)
class CallMe:
    """They want to be called."""


@dataclass(frozen=True, slots=True)
class Stop:
    """They want no reminders."""


@dataclass(frozen=True, slots=True)
class Death:
    """They say that somebody died."""


@dataclass(frozen=True, slots=True)
class Thanks:
    """They thank, or greet."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Nothing of these."""


Reply = Pin | Yes | No | Start | Query | Help | Human | CallMe | Stop | Death | Thanks | Unreadable

LONGEST = 1000
"""Letters that are read of a text; ten segments hold fewer."""
_WANTS: tuple[tuple[re.Pattern[str], Reply], ...] = (
    (phrases.CALL_ME, CallMe()),
    (phrases.START, Start()),
    (phrases.ILL, CallMe()),
    (phrases.PIN, Help(pin=True)),
    (phrases.QUERY, Query()),
    (phrases.NO_TEXT, Human()),
    (phrases.MOVED, Human()),
    (phrases.HUMAN, Human()),
    (phrases.HELP, Help()),
    (phrases.NOT_ME, No()),
)


def read(text: str) -> Reply:
    """What a text means.

    Whoever wants to live no longer gets a human, whatever else they write; a death that is told goes before a PIN, and
    a PIN before the wish to be left alone. What others have sent and is only handed on means nothing.
    """
    said = plain(text[:LONGEST])
    if despairs(text):
        return Human(first=True)
    if phrases.OTHERS.search(said):
        return Unreadable()
    if phrases.DEATH.search(phrases.NOT_DEATH.sub(" ", said)):
        return Death()
    if digits := six_digits(said):
        return Pin(digits)
    return _wish(said)


def despairs(text: str) -> bool:
    """Whether whoever wrote this wants to live no longer; a space between the words is no end of them."""
    meant = phrases.NOT_DESPAIR.sub(" ", plain(text[:LONGEST]))
    return any(phrases.DESPAIR.search(one) for one in (meant, re.sub(r"(?<=\w)\s+(?=\w)", "", meant)))


def _wish(said: str) -> Reply:
    thanked = phrases.THANKS.search(said) is not None
    core = re.sub(r"[^\w?👌👍✅💯❌]+", " ", phrases.GREETING.sub(" ", phrases.THANKS.sub(" ", said))).strip()
    whole = core.replace(" ", "")
    if phrases.STOP_ALONE.fullmatch(whole) or phrases.STOP.search(phrases.STILL_WANTED.sub(" ", said)):
        return Stop()
    if phrases.START_ALONE.fullmatch(whole) or phrases.STILL_WANTED.search(said):
        return Start()
    if thanked and (not whole or phrases.NOTED.fullmatch(whole)):
        return Thanks()
    if phrases.YES.fullmatch(whole) or phrases.ALIVE.search(said):
        return Yes()
    if phrases.NO.fullmatch(whole):
        return No()
    for pattern, reply in _WANTS:
        if pattern.search(core or said):
            return reply
    greeted = re.fullmatch(f"{phrases.BIT}*", whole) and phrases.GREETING.search(said)
    return Thanks() if thanked or greeted else Unreadable()
