"""Kinds of evidence, their strength, and decide(): whether what is there closes a period. Pure; no score anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum

from certification.periods import Span, add_months


class Kind(StrEnum):
    """What a sign of life was."""

    VOICE = "voice"
    PIN = "pin"
    CODE = "code"  # the one-time code of a reminder came back from the telephone that it was sent to
    DESK = "desk"
    AGENT = "agent"  # somebody at a certifying agent saw the person
    PAPER = "paper"  # a form of the office, signed and accepted
    POST = "post"  # documents of late, sent by post
    VISIT = "visit"  # a visitor met the person at home
    RECORD = "record"  # the comparison found the person in a register or a record


class Strength(IntEnum):
    """What a sign of life shows, weakest first."""

    CLAIM = 1  # somebody said so
    POSSESSION = 2  # somebody had what only the person should have
    LIVE = 3  # the person took part, there and then
    OFFICIAL = 4  # an official saw the person, or an official register has them


@dataclass(frozen=True, slots=True)
class Sign:
    """One piece of evidence as decide() sees it: what it was, how strong, the day it was observed, its identifier."""

    kind: str
    strength: Strength
    on: date
    id: str


@dataclass(frozen=True, slots=True)
class Lesser:
    """Weaker evidence that counts while stronger is recent: `counts`, with `backed_by` in the `months` before it."""

    counts: Strength
    backed_by: Strength
    months: int


@dataclass(frozen=True, slots=True)
class Rule:
    """What a region asks for."""

    needs: Strength
    lesser: Lesser | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """The period is certified, by this sign."""

    by: Sign


@dataclass(frozen=True, slots=True)
class Open:
    """The period is not certified yet; a sign of this strength would do it."""

    needs: Strength


Decision = Closed | Open


def decide(span: Span, signs: Iterable[Sign], rule: Rule) -> Decision:
    """Whether these signs close the span, and by which: the earliest that suffices.

    Every input has an answer; the order of the signs does not matter; further signs never open what was closed.
    """
    known = frozenset(signs)
    sufficient = [sign for sign in known if sign.on in span and _suffices(sign, known, rule)]
    if not sufficient:
        return Open(rule.needs)
    return Closed(min(sufficient, key=lambda sign: (sign.on, -sign.strength, sign.id, sign.kind)))


def _suffices(sign: Sign, known: frozenset[Sign], rule: Rule) -> bool:
    if sign.strength >= rule.needs:
        return True
    if rule.lesser is None or sign.strength < rule.lesser.counts:
        return False
    earliest = add_months(sign.on, -rule.lesser.months)
    return any(other.strength >= rule.lesser.backed_by and earliest <= other.on <= sign.on for other in known)
