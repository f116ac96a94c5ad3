"""Guesses at codes and identity numbers, counted by calling number: after too many, none is looked at for a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from certification import journal
from certification.runtime import Runtime
from certification.store import Guesses, insert_once

WITHIN = timedelta(hours=1)
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Secret:
    """What is guessed at, and how many wrong guesses within the hour are too many."""

    name: str
    most: int


CODE = Secret("enrolment code", 5)
NUMBER = Secret("identity number", 9)  # an old person with poor eyes may need more than one call


def purpose(secret: Secret) -> str:
    """The purpose of the blind index over calling numbers that guessed at this."""
    return f"guesses.{secret.name}"


def guess(
    session: Session, rt: Runtime, secret: Secret, e164: str | None, look: Callable[[], Found | None]
) -> Found | None:
    """What `look` finds; None for a wrong guess, and for any after too many (withheld numbers count together).

    The guess is counted before it is looked at, by compare-and-set, so that guesses at the same time are all counted; a
    right one is taken back.
    """
    index = rt.keys.index(e164 or "", purpose(secret))
    wrong = _count(session, rt, secret, index)
    if wrong is None:
        return None
    found = look()
    if found is not None:
        mine = update(Guesses).where(Guesses.number_index == index, Guesses.wrong > 0)
        session.execute(mine.values(wrong=Guesses.wrong - 1))
    elif wrong == secret.most:
        journal.write(session, rt.now(), "line", "guesses ended", f"caller:{index}", secret=secret.name, wrong=wrong)
    return found


def left(session: Session, rt: Runtime, secret: Secret, e164: str | None) -> bool:
    """Whether a guess from this calling number is still looked at."""
    counted = select(Guesses.wrong).where(
        Guesses.number_index == rt.keys.index(e164 or "", purpose(secret)),
        Guesses.since > rt.now() - WITHIN,
    )
    return (session.scalar(counted) or 0) < secret.most


def _count(session: Session, rt: Runtime, secret: Secret, index: str) -> int | None:
    """Count one guess more; None when there were too many within the hour."""
    now = rt.now()
    if insert_once(session, Guesses, number_index=index, wrong=1, since=now):
        return 1
    mine = update(Guesses).where(Guesses.number_index == index)
    stale = mine.where(Guesses.since <= now - WITHIN).values(wrong=1, since=now)
    again = mine.where(Guesses.wrong < secret.most).values(wrong=Guesses.wrong + 1)
    return session.scalar(stale.returning(Guesses.wrong)) or session.scalar(again.returning(Guesses.wrong))
