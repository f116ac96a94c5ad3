"""Whether a message is still to be sent now: looked at at the last moment, when it is handed to a carrier."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certification import bereavement
from certification.certifying import day_of
from certification.regions import SHANGHAI, Region
from certification.regions.hours import quiet
from certification.runtime import Runtime
from certification.store import Campaign, Message, Period, Person
from sms.outbox import ON_ITS_WAY, UNASKED, Purpose

SAME_A_DAY = 2  # carriers in China refuse the third of the same text to a number within 24 hours
_AT_ONCE = (Purpose.ANSWER, Purpose.RECEIPT)
"""What somebody who is awake has just brought about."""


@dataclass(frozen=True, slots=True)
class Drop:
    """It is not sent, for this reason."""

    why: str


@dataclass(frozen=True, slots=True)
class Later:
    """It is sent from this moment on."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Back:
    """Its campaign is paused: it waits until that goes on."""


Otherwise = Drop | Later | Back


def not_now(
    session: Session, rt: Runtime, message: Message, person: Person | None, opted_out: bool, fault: str | None
) -> Otherwise | None:
    """Why a message is not sent at this moment; None when it is."""
    now, purpose = rt.now(), Purpose(message.purpose)
    region = rt.regions.default if person is None else rt.regions[person.region]
    if message.expires_at is not None and now > message.expires_at:
        return Drop("late")
    if fault is not None and purpose is not Purpose.ANSWER:
        return Drop(f"number: {fault}")
    if purpose not in _AT_ONCE and quiet(region, now):
        return Later(awake(region, now))
    if purpose not in UNASKED:
        return None
    if opted_out:
        return Drop("opted out")
    return _reminds_in_vain(session, rt, message, person) or _too_many(session, rt, message, person, region)


def too_often_the_same(session: Session, rt: Runtime, message: Message, index: str) -> bool:
    """Whether the same text went to the same number so often within 24 hours that a carrier would refuse it."""
    day = rt.now() - timedelta(days=1)
    same = select(func.count()).where(
        Message.same_index == index,
        Message.state.in_(ON_ITS_WAY),
        Message.claimed_at > day,
        Message.id != message.id,
    )
    return session.scalars(same).one() >= SAME_A_DAY


def awake(region: Region, now: datetime) -> datetime:
    """The next moment at which people may be disturbed."""
    here, ends = now.astimezone(SHANGHAI), region.reminders.quiet_hours[1]
    today = datetime.combine(here.date(), ends, SHANGHAI)
    return today if today > here else today + timedelta(days=1)


def _reminds_in_vain(session: Session, rt: Runtime, message: Message, person: Person | None) -> Otherwise | None:
    if message.campaign_id is not None:
        state = session.scalars(select(Campaign.state).where(Campaign.id == message.campaign_id)).first()
        if state == "paused":
            return Back()
        if state == "stopped":
            return Drop("stopped")
    if person is None:
        return Drop("nobody")
    if bereavement.reminders_stopped(session, person.id):
        return Drop("bereavement")
    period = session.get(Period, message.facts.get("period", ""))
    if period is None or period.closed_at is not None:
        return Drop("certified")
    if message.purpose == Purpose.REMINDER and period.due < day_of(rt.now()):
        return Drop("late")
    return None


def _too_many(
    session: Session, rt: Runtime, message: Message, person: Person | None, region: Region
) -> Otherwise | None:
    """Put off until tomorrow what would be more in a day than the region allows; copies to helpers do not count."""
    if person is None or message.phone_id is None:
        return None
    today = datetime.combine(day_of(rt.now()), time.min, SHANGHAI)
    sent = select(func.count()).where(
        Message.person_id == person.id,
        Message.purpose.in_(UNASKED),
        Message.phone_id.is_not(None),
        Message.state.in_(ON_ITS_WAY),
        Message.claimed_at >= today,
        Message.id != message.id,
        Message.same_index.is_not(None),
    )
    if session.scalars(sent).one() < region.reminders.max_a_day:
        return None
    return Later(awake(region, today + timedelta(days=1)))
