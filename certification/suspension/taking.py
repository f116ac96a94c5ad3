"""Somebody taken off a list before it is released, and put back: each time it is another list, to be signed anew."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import journal, reasons
from certification.errors import Problem
from certification.reasons import ReasonMissing
from certification.runtime import Runtime
from certification.store import PaymentList, Person, Suspension
from certification.suspension import lists
from certification.suspension.checks import Block


class NotOnList(Problem):
    """Somebody is not, or is no longer, where the deed takes them from."""

    def __init__(self) -> None:
        super().__init__(
            "此人已不在名单的这一部分，请刷新名单再看。",
            "The person is not in this part of the list any more: look at the list again.",
        )


def take_off(session: Session, rt: Runtime, listed: PaymentList, person: Person, by: str, why: str) -> None:
    """Take somebody who was to be suspended off a list; no signature under it holds any more.

    They stay off when the list is proposed anew. Raises ListReleased, ListReleasing, NotNextMonth, NotOnList,
    ReasonMissing, ReasonPersonal.
    """
    why = given(rt, person, why)
    listed, entry = _held(session, rt, listed, person)
    if entry.state != "proposed":
        raise NotOnList
    entry.state, entry.blocks = "held", [Block.TAKEN_OFF.value]
    _changed(session, rt, listed, person, by, "taken off the list", why)


def put_back(session: Session, rt: Runtime, listed: PaymentList, person: Person, by: str, why: str) -> None:
    """Undo that: they are proposed again, unless something else holds them. Raises as take_off()."""
    why = given(rt, person, why)
    listed, entry = _held(session, rt, listed, person)
    if entry.state != "held" or Block.TAKEN_OFF not in entry.blocks:
        raise NotOnList
    entry.blocks = [one for one in entry.blocks if one != Block.TAKEN_OFF]
    entry.state = "held" if entry.blocks else "proposed"
    _changed(session, rt, listed, person, by, "put back on the list", why)


def given(rt: Runtime, person: Person, why: str) -> str:
    """A reason about somebody, as it is kept. Raises ReasonMissing, ReasonPersonal."""
    if not why.strip():
        raise ReasonMissing
    return reasons.about(rt.keys, person, why)


def _held(session: Session, rt: Runtime, listed: PaymentList, person: Person) -> tuple[PaymentList, Suspension]:
    """A list that may still change and somebody's line on it, for this transaction alone."""
    listed = lists.find(session, listed.region, listed.month)
    lists.unreleased(listed)
    lists.in_time(rt, listed.month)
    mine = select(Suspension).where(Suspension.list_id == listed.id, Suspension.person_id == person.id)
    entry = session.scalars(mine.with_for_update().execution_options(populate_existing=True)).first()
    if entry is None:
        raise NotOnList
    return listed, entry


def _changed(
    session: Session, rt: Runtime, listed: PaymentList, person: Person, by: str, action: str, why: str
) -> None:
    listed.version += 1
    listed.changed_by = by
    session.flush()
    facts = {"list": listed.id, "why": why, "digest": lists.digest(session, listed)}
    journal.write(session, rt.now(), by, action, f"person:{person.id}", **facts)
