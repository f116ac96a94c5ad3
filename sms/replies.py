"""What somebody wrote, as the text line understands it. Pure."""

from __future__ import annotations

from dataclasses import dataclass


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
    """They ask what to do."""


@dataclass(frozen=True, slots=True)
class Human:
    """They want to talk with a human."""


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
