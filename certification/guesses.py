"""Guesses at codes and numbers, counted by calling number: after too many, none is looked at for a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import case, delete, func, or_, select, update
from sqlalchemy.orm import Session

from certification import journal
from certification.runtime import Runtime
from certification.store import Guesses, insert_into

WITHIN = timedelta(hours=1)
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Secret:
    """What is guessed at, and how many wrong guesses within the hour are too many."""

    name: str
    most: int


CODE = Secret("enrolment code", 5)
NUMBER = Secret("identity number", 9)  # an old person with poor eyes may need more than one call
RECEIPT = Secret("receipt number", 9)
REPLY = Secret("reply code", 5)
STRANGER = Secret("PIN by a stranger", 5)  # from a number of nobody's: never right, and after so many not answered


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
    index, *older = rt.keys.indexes(e164 or "", purpose(secret))
    before = _wrong(session, rt, older)
    wrong = _count(session, rt, index, secret.most - before)
    if wrong is None:
        return None
    found = look()
    if found is not None:
        forgive(session, rt, secret, e164)
    elif before + wrong == secret.most:
        facts = {"secret": secret.name, "wrong": before + wrong}
        journal.write(session, rt.now(), "line", "guesses ended", f"caller:{index}", **facts)
    return found


def left(session: Session, rt: Runtime, secret: Secret, e164: str | None) -> int:
    """How many guesses from this calling number are still looked at."""
    return max(secret.most - _wrong(session, rt, rt.keys.indexes(e164 or "", purpose(secret))), 0)


def forgive(session: Session, rt: Runtime, secret: Secret, e164: str | None) -> None:
    """Take a guess back that was none: it was meant for something else."""
    index = rt.keys.index(e164 or "", purpose(secret))
    mine = update(Guesses).where(Guesses.number_index == index, Guesses.wrong > 0)
    session.execute(mine.values(wrong=Guesses.wrong - 1))


def forget(session: Session, rt: Runtime) -> int:
    """Delete the counts that no longer count; how many."""
    gone = delete(Guesses).where(Guesses.since <= rt.now() - WITHIN).returning(Guesses.number_index)
    return len(session.execute(gone).all())


def _wrong(session: Session, rt: Runtime, indexes: list[str]) -> int:
    """Wrong guesses within the hour, counted under any of these indexes: a new key gives nobody new guesses."""
    counted = select(func.sum(Guesses.wrong)).where(
        Guesses.number_index.in_(indexes), Guesses.since > rt.now() - WITHIN
    )
    return session.scalar(counted) or 0


def _count(session: Session, rt: Runtime, index: str, most: int) -> int | None:
    """Count one guess more; None when there were `most` within the hour."""
    if most <= 0:
        return None
    now = rt.now()
    stale = Guesses.since <= now - WITHIN
    first = insert_into(session, Guesses).values(number_index=index, wrong=1, since=now)
    one_more = first.on_conflict_do_update(
        index_elements=[Guesses.number_index],
        set_={"wrong": case((stale, 1), else_=Guesses.wrong + 1), "since": case((stale, now), else_=Guesses.since)},
        where=or_(stale, Guesses.wrong < most),
    )
    return session.scalar(one_more.returning(Guesses.wrong))
