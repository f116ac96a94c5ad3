"""The outbox, as the conversation needs it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import seals
from certification.runtime import Runtime
from certification.store import Campaign, Helper, Message, Person, Phone, insert_once, later, new_id


class Purpose(StrEnum):
    """What a message is for."""

    ANSWER = "answer"
    RECEIPT = "receipt"
    APPOINTMENT = "appointment"
    LADDER = "ladder"
    REMINDER = "reminder"


_PRIORITY = MappingProxyType(
    {Purpose.ANSWER: 0, Purpose.RECEIPT: 1, Purpose.APPOINTMENT: 2, Purpose.LADDER: 5, Purpose.REMINDER: 9}
)


def put(
    session: Session,
    rt: Runtime,
    *,
    reminder: str,
    purpose: Purpose,
    words: str,
    facts: Mapping[str, Any] = MappingProxyType({}),
    person: Person | None = None,
    phone: Phone | None = None,
    helper: Helper | None = None,
    to: str | None = None,
    attempt: int = 1,
    campaign: Campaign | None = None,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
) -> Message:
    """Put a message into the outbox, once for each reminder and attempt; else the one that is there."""
    identifier = new_id()
    new = insert_once(
        session,
        Message,
        id=identifier,
        reminder=reminder,
        attempt=attempt,
        purpose=purpose.value,
        priority=_PRIORITY[purpose],
        campaign_id=campaign and campaign.id,
        person_id=person and person.id,
        phone_id=phone and phone.id,
        helper_id=helper and helper.id,
        to_sealed=None if to is None else rt.keys.seal(to.encode(), seals.recipient(identifier)),
        words=words,
        facts=dict(facts),
        state="queued",
        not_before=not_before or rt.now(),
        expires_at=expires_at,
    )
    if new:
        later(session, rt.enqueue, "ops.text_jobs.send", identifier)
    there = select(Message).where(Message.reminder == reminder, Message.attempt == attempt)
    return session.scalars(there).one()
