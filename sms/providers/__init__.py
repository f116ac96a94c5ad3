"""Who carries messages: one small interface, and what each answer means for the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Accepted:
    """The carrier took the message, and calls it so."""

    ref: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The carrier did not take it, for sure. `permanent`: nothing ever arrives at this number."""

    code: str
    permanent: bool = False


@dataclass(frozen=True, slots=True)
class Unclear:
    """Nobody knows whether it was taken: the connection broke after the request. It is never sent again blindly."""

    why: str


@dataclass(frozen=True, slots=True)
class Absent:
    """The carrier's list does not have it."""


Answer = Accepted | Refused | Unclear
Found = Accepted | Absent | Unclear


class Provider(Protocol):
    """A carrier of messages. Its methods raise nothing, take a few seconds at most, and may run in several threads."""

    name: str

    def send(self, to: str, text: str, key: str) -> Answer:
        """Hand one text over for a number (E.164). `key`: the message's identifier, for carriers that keep it."""

    def look_up(self, to: str, text: str, key: str, since: datetime) -> Found:
        """Whether the carrier has this text to this number, handed over at that moment or later."""
