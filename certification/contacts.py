"""Attempts to reach a person: every event is kept, and only what rang, arrived or was gone to counts as an attempt."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from certification import journal
from certification.errors import Problem
from certification.runtime import Runtime
from certification.store import Contact, Person, insert_once, new_id


class AttemptOfAnother(Problem):
    """The attempt of this name was made to reach somebody else."""

    def __init__(self, ref: str) -> None:
        super().__init__(
            f"联系编号 {ref[:60]} 是联系别人的，请核对编号。",
            f"The attempt {ref[:60]} was made to reach somebody else; please check its name.",
        )


class Channel(StrEnum):
    """How somebody is reached."""

    SMS = "sms"
    CALL = "call"  # by the line
    OPERATOR = "operator"  # by a human
    VISIT = "visit"
    LETTER = "letter"


class Outcome(StrEnum):
    """What became of an attempt."""

    QUEUED = "queued"
    SENT = "sent"  # handed to the carrier; nobody knows yet
    FAILED = "failed"
    UNDELIVERED = "undelivered"
    BUSY = "busy"
    RUNG = "rung"  # and nobody answered
    ANSWERED = "answered"
    DELIVERED = "delivered"
    WENT = "went"  # somebody was at the door


REAL = frozenset({Outcome.RUNG, Outcome.ANSWERED, Outcome.DELIVERED, Outcome.WENT})
"""Outcomes by which somebody was really tried: a telephone that was busy did not ring."""
_RANK = {
    Outcome.QUEUED: 0,
    Outcome.SENT: 1,
    Outcome.FAILED: 2,
    Outcome.UNDELIVERED: 2,
    Outcome.BUSY: 2,
    Outcome.RUNG: 3,
}
_FINAL = 4  # answered, delivered, went


def note(
    session: Session, rt: Runtime, person: Person, *, channel: Channel, ref: str, outcome: Outcome, actor: str = "line"
) -> Contact:
    """Note what is known of an attempt: its beginning, and each event as it comes, once or again, in any order.

    `ref` names the attempt within its channel. A weaker event after a stronger one is kept and changes nothing. Raises
    AttemptOfAnother.
    """
    now = rt.now()
    begun = {"id": new_id(), "person_id": person.id, "channel": channel.value, "ref": ref, "begun_at": now}
    insert_once(session, Contact, **begun, outcome=Outcome.QUEUED.value, events=[])
    mine = select(Contact).where(Contact.channel == channel.value, Contact.ref == ref)
    contact = session.scalars(mine.with_for_update().execution_options(populate_existing=True)).one()
    if contact.person_id != person.id:
        raise AttemptOfAnother(ref)
    contact.events = [*contact.events, [outcome.value, now.isoformat()]]
    if _rank(outcome) > _rank(Outcome(contact.outcome)):
        contact.outcome = outcome.value
        if _rank(outcome) >= _RANK[Outcome.FAILED]:
            contact.settled_at = now
        facts = {"channel": channel.value, "contact": contact.id}
        journal.write(session, now, actor, f"attempt {outcome}", f"person:{person.id}", **facts)
    session.flush()
    return contact


def last_tried(session: Session, people: Select[str]) -> dict[str, dict[Channel, datetime]]:
    """When each of these people was last really tried, by channel: one query, however many they are."""
    tried = select(Contact.person_id, Contact.channel, func.max(Contact.begun_at)).where(
        Contact.person_id.in_(people), Contact.outcome.in_(one.value for one in REAL)
    )
    found = defaultdict[str, dict[Channel, datetime]](dict)
    for person, channel, at in session.execute(tried.group_by(Contact.person_id, Contact.channel)):
        found[person][Channel(channel)] = at
    return found


def _rank(outcome: Outcome) -> int:
    return _RANK.get(outcome, _FINAL)
