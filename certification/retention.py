"""What was written and sent by text is not kept for ever: deleted by age, a slice at a time, counted in the journal.

What somebody wrote goes first, then that a text came or a message went, and codes once they are known no longer.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, select, update
from sqlalchemy.orm import Session

from certification import journal, replycodes
from certification.runtime import Runtime
from certification.store import Campaign, Case, Message, ReplyCode, Text

SLICE = 2000


def forget(session: Session, rt: Runtime, by: str) -> dict[str, int]:
    """Delete the next slice of each that is too old; how many of each there were. Journalled where there were any."""
    now = rt.now()
    silent = now - timedelta(days=rt.settings.text_body_days)
    over = now - timedelta(days=rt.settings.text_days)
    bodies = (Text.body_sealed.is_not(None), Text.received_at <= silent, ~_needed())
    texts = select(Text.id).where(Text.received_at <= over, ~_needed()).order_by(Text.received_at)
    alone = select(Message.id).where(Message.campaign_id.is_(None), Message.not_before <= over)
    codes = select(ReplyCode.message_id).where(ReplyCode.expires_at <= now - replycodes.KNOWN)
    forgotten = {
        "bodies": _silence(session, select(Text.id).where(*bodies).order_by(Text.received_at)),
        "texts": _gone(session, Text.id, texts),
        "messages": _gone(session, Message.id, alone.order_by(Message.not_before)) + _of_a_campaign(session, over),
        "codes": _gone(session, ReplyCode.message_id, codes.order_by(ReplyCode.expires_at)),
    }
    if any(forgotten.values()):
        journal.write(session, now, by, "texts forgotten", "texts", **forgotten)
    return forgotten


def _needed() -> ColumnElement[bool]:
    """In a query of texts: whether a case that waits for a human is about it."""
    about = Case.detail["text"].as_string()
    return Text.id.in_(select(about).where(Case.decided_at.is_(None), about.is_not(None)))


def _silence(session: Session, old: Select[str]) -> int:
    silenced = update(Text).where(Text.id.in_(old.limit(SLICE))).values(body_sealed=None)
    return len(session.scalars(silenced.returning(Text.id), execution_options={"synchronize_session": False}).all())


def _of_a_campaign(session: Session, over: datetime) -> int:
    """Of one old campaign at a time: its messages stand in an index by it, and in none by their time."""
    there = select(Message.id).where(Message.campaign_id == Campaign.id)
    campaign = session.scalars(select(Campaign.id).where(Campaign.on <= over.date(), there.exists()).limit(1)).first()
    if campaign is None:
        return 0
    return _gone(session, Message.id, select(Message.id).where(Message.campaign_id == campaign))


def _gone(session: Session, key: Any, old: Select[str]) -> int:
    """Delete these, at most SLICE; how many."""
    deleted = delete(key.class_).where(key.in_(old.limit(SLICE))).returning(key)
    return len(session.scalars(deleted, execution_options={"synchronize_session": False}).all())
