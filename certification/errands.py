"""Long works that are asked for on a page and done behind it: asked for once, done once, each with how far it is."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Update, or_, select, update
from sqlalchemy.orm import Session

from certification import journal
from certification.errors import Problem
from certification.runtime import Runtime
from certification.store import Errand, insert_once, later

ASKED, DONE, REFUSED = "asked", "done", "refused"
JOB = "ops.jobs.do_errand"
TRIES = 3
STALLED = timedelta(minutes=2)
"""So long after anything was heard of one that somebody had begun, another begins it again."""
MOST_SHIPPED = 6
"""Known cases at once of the voices that came along: more, and whoever judges them knows the voices."""
MOST_KNOWN = 100
"""The same of recordings of one's own."""


class Kind(StrEnum):
    """What is asked for."""

    PROPOSAL = "proposal"  # of a month's list of suspensions
    COMPARISON = "comparison"  # of a region's people with files of signals
    KNOWN_CASES = "known_cases"  # put among the others
    RESTORATION = "restoration"  # of payment to whoever certified since


QUEUED = (Kind.KNOWN_CASES,)
"""What the worker does, by the queue: it has the libraries of voices. The sweep sees to the others."""


class BrokeOff(Problem):
    """Whatever did it ended before it was done, again and again."""

    def __init__(self) -> None:
        super().__init__(
            f"试了 {TRIES} 次都中途停下，已不再试，请管理员看 schedule 的日志。",
            f"It broke off {TRIES} times and is not tried again; the log of `schedule` says why.",
        )


def ask(
    session: Session, rt: Runtime, identifier: str, kind: Kind, region: str, by: str, *, of: int = 1, **asked: Any
) -> Errand:
    """Ask for a work, once for each identifier: the form's, so that a second click asks for nothing more. Journalled.

    `of`: of how many parts it is.
    """
    row = {"id": identifier, "kind": kind.value, "region": region, "asked": asked, "state": ASKED, "done": 0, "of": of}
    if insert_once(session, Errand, **row, tries=0, asked_by=by, asked_at=rt.now()):
        facts = {"kind": kind.value, "region": region, **asked}
        journal.write(session, rt.now(), by, "work asked for", subject(identifier), **facts)
        if kind in QUEUED:
            later(session, rt.enqueue, JOB, identifier)
    return session.get_one(Errand, identifier)


def waiting(session: Session, rt: Runtime) -> list[Errand]:
    """What is not done yet and of which nothing was heard for a while, the oldest first."""
    unheard = or_(Errand.moved_at.is_(None), Errand.moved_at < rt.now() - STALLED)
    return list(session.scalars(select(Errand).where(Errand.state == ASKED, unheard).order_by(Errand.asked_at)))


def begin(session: Session, rt: Runtime, errand: Errand) -> bool:
    """Take a work in hand; False where another has it. What broke off too often is refused instead."""
    if errand.tries >= TRIES:
        refuse(session, rt, errand, BrokeOff())
        return False
    heard = Errand.moved_at.is_(None) if errand.moved_at is None else Errand.moved_at == errand.moved_at
    mine = _open(errand.id).where(heard, Errand.tries == errand.tries)
    return session.scalar(mine.values(tries=errand.tries + 1, moved_at=rt.now()).returning(Errand.id)) is not None


def leave(session: Session, errand: Errand) -> None:
    """Note that it is done elsewhere just now: that was no try of ours."""
    session.execute(_open(errand.id).where(Errand.tries > 0).values(tries=Errand.tries - 1))


def move(session: Session, rt: Runtime, identifier: str, done: int, *, lasting: bool = False) -> None:
    """Note how far a work is. `lasting`: what is noted stays done, whatever breaks off later: that is no try."""
    tries = {"tries": 0} if lasting else {}
    session.execute(_open(identifier).values(done=done, moved_at=rt.now(), **tries))


def step(session: Session, rt: Runtime, errand: Errand) -> bool:
    """Note, with the part itself, that one more is done, which is no try; False where another did it meanwhile."""
    mine = _open(errand.id).where(Errand.done == errand.done)
    ended = {"state": DONE, "ended_at": rt.now()} if errand.done + 1 >= errand.of else {}
    values = {"done": errand.done + 1, "moved_at": rt.now(), "tries": 0, **ended}
    return session.scalar(mine.values(**values).returning(Errand.id)) is not None


def end(session: Session, rt: Runtime, errand: Errand, result: str | None = None) -> None:
    """Note that a work is done, and what it came to, where that is one thing."""
    session.execute(_open(errand.id).values(state=DONE, done=errand.of, result=result, ended_at=rt.now()))


def refuse(session: Session, rt: Runtime, errand: Errand, why: Problem) -> None:
    """Note that a work cannot be done, and why. Journalled."""
    values = {"state": REFUSED, "zh": why.zh, "en": why.en, "ended_at": rt.now()}
    if session.scalar(_open(errand.id).values(**values).returning(Errand.id)) is not None:
        facts = {"kind": errand.kind, "why": type(why).__name__}
        journal.write(session, rt.now(), errand.asked_by, "work refused", subject(errand.id), **facts)


def subject(identifier: str) -> str:
    """How the journal names a work."""
    return f"errand:{identifier}"


def _open(identifier: str) -> Update:
    return update(Errand).where(Errand.id == identifier, Errand.state == ASKED)
