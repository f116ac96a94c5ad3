"""What became of a campaign, in numbers: how far it is, what was sent in which hour, and who answered."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from certification.regions import SHANGHAI
from certification.store import Campaign, Message, Text

ANSWERS = timedelta(days=7)
"""So long after a campaign was let go, what somebody writes counts as an answer to it."""
_LEFT = ("planned", "queued", "sending")
_HOUR = "%Y-%m-%d %H"


@dataclass(frozen=True, slots=True)
class Hour:
    """What went to the carriers in one hour (of Shanghai), and how much of it arrived or failed since."""

    begins: datetime
    sent: int
    delivered: int
    failed: int


def left(session: Session, campaign_id: str) -> int:
    """How many messages of a campaign are still to go out."""
    mine = select(func.count()).where(Message.campaign_id == campaign_id, Message.state.in_(_LEFT))
    return session.scalars(mine).one()


def by_hour(session: Session, campaign_id: str) -> list[Hour]:
    """What was sent, by the hour."""
    hour: ColumnElement[str] = func.strftime(_HOUR, Message.sent_at)
    if session.get_bind().dialect.name == "postgresql":
        hour = func.to_char(func.timezone("UTC", Message.sent_at), "YYYY-MM-DD HH24")
    mine = select(hour, Message.state, func.count()).where(Message.campaign_id == campaign_id)
    rows = session.execute(mine.where(Message.sent_at.is_not(None)).group_by(hour, Message.state))
    found = defaultdict[str, Counter[str]](Counter)
    for begins, state, number in rows:
        found[begins][state] += number
    return [
        Hour(
            datetime.strptime(begins, _HOUR).replace(tzinfo=UTC).astimezone(SHANGHAI),
            counted.total(),
            counted["delivered"],
            counted["failed"],
        )
        for begins, counted in sorted(found.items())
    ]


def answered(session: Session, campaign: Campaign) -> int:
    """How many people to whom a message of it went have written since, within ANSWERS."""
    if campaign.released_at is None:
        return 0
    theirs = select(Message.id).where(Message.person_id == Text.person_id, Message.campaign_id == campaign.id)
    wrote = select(func.count(Text.person_id.distinct())).where(
        Text.received_at >= campaign.released_at,
        Text.received_at < campaign.released_at + ANSWERS,
        Text.person_id.is_not(None),
        theirs.where(Message.sent_at.is_not(None), Message.sent_at <= Text.received_at).exists(),
    )
    return session.scalars(wrote).one()
