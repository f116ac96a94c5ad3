"""Whether a message is still to be sent now: looked at at the last moment, when it is handed to a carrier."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from certification.certifying import day_of
from certification.regions import SHANGHAI, Region
from certification.regions.hours import quiet
from certification.store import Message
from sms.batch import Known, midnight
from sms.outbox import FAULTY, OPTED_OUT, UNASKED, Purpose

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


def not_now(message: Message, known: Known, now: datetime) -> Otherwise | None:
    """Why a message is not sent at this moment; None when it is."""
    purpose, region, fault = Purpose(message.purpose), known.region(message), known.fault(message)
    if message.expires_at is not None and now > message.expires_at:
        return Drop("late")
    if fault is not None and purpose is not Purpose.ANSWER:
        return Drop(f"{FAULTY}{fault}")
    if purpose not in _AT_ONCE and quiet(region, now):
        return Later(awake(region, now))
    if purpose is Purpose.NOTICE:
        return _told_in_vain(message, known)
    if purpose not in UNASKED:
        return Drop("called off") if _speaks_of_none(message, known) else None
    if known.opted_out(message):
        return Drop(OPTED_OUT)
    return _reminds_in_vain(message, known, now) or _too_many(message, known, now)


def awake(region: Region, now: datetime) -> datetime:
    """The next moment at which people may be disturbed."""
    here, ends = now.astimezone(SHANGHAI), region.reminders.quiet_hours[1]
    today = datetime.combine(here.date(), ends, SHANGHAI)
    return today if today > here else today + timedelta(days=1)


def _speaks_of_none(message: Message, known: Known) -> bool:
    """Whether it confirms an appointment that was moved or called off since, as during the night."""
    told = known.appointments.get(message.facts.get("appointment", ""))
    return told is not None and told.state != "booked" and message.words != "appointment.cancelled"


def _told_in_vain(message: Message, known: Known) -> Otherwise | None:
    """What came of a call is told to nobody whose death was reported, nor is whoever is certified told to go on."""
    person, period = known.person(message), known.periods.get(message.facts.get("period", ""))
    if person is None:
        return Drop("nobody")
    if person.id in known.at_peace:
        return Drop("bereavement")
    return Drop("certified") if period is not None and period.closed_at is not None else None


def _reminds_in_vain(message: Message, known: Known, now: datetime) -> Otherwise | None:
    if message.campaign_id is not None:
        state = known.campaigns.get(message.campaign_id)
        if state in ("paused", "resuming"):
            return Back()
        if state == "stopped":
            return Drop("stopped")
    person, period = known.person(message), known.periods.get(message.facts.get("period", ""))
    if person is None:
        return Drop("nobody")
    if person.id in known.at_peace:
        return Drop("bereavement")
    if person.id in known.called_first:
        return Drop("called first")
    if period is None or period.closed_at is not None:
        return Drop("certified")
    if message.purpose == Purpose.REMINDER and period.due < day_of(now):
        return Drop("late")
    return None


def _too_many(message: Message, known: Known, now: datetime) -> Otherwise | None:
    """Put off until tomorrow what would be more in a day than the region allows; copies to helpers do not count."""
    region = known.region(message)
    if message.phone_id is None or known.today[message.person_id or ""] < region.reminders.max_a_day:
        return None
    return Later(awake(region, midnight(now) + timedelta(days=1)))
