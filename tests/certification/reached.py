"""On which channels somebody was really tried."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import contacts
from certification.contacts import Channel
from certification.store import Person


def really_tried(session: Session, person_id: str, since: datetime) -> frozenset[Channel]:
    """The channels on which the person was really tried from a moment on."""
    last = contacts.last_tried(session, select(Person.id).where(Person.id == person_id))
    return frozenset(channel for channel, at in last.get(person_id, {}).items() if at >= since)
