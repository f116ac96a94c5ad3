"""Planning a campaign by slices of people: a message to each of them, copies to helpers, and what it comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, cast, func, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from certification import helpers, journal, standings
from certification.phones import PhoneKind
from certification.regions import SHANGHAI, Region
from certification.runtime import Runtime
from certification.store import Campaign, Message, Person, insert_into, insert_once, new_id
from sms import recipients, texts
from sms.outbox import PRIORITY, Purpose
from sms.recipients import Columns

SLICE = 20_000  # people in a transaction; calls wait for no more
NAME = "reminders"
_TRIES = 5
_REACHED = "reached"
"""Among the counts of a campaign that is being planned: the days, and the person, up to whom they are."""


class _Stopped(Exception):
    """Somebody stopped the campaign while a slice of it was planned."""


def plan(rt: Runtime, region: Region, on: date, by: str, tell: Callable[[int], object] = lambda _: None) -> str:
    """Plan the reminders of a region and day; the campaign's identifier. Asked again, it goes on where it stopped.

    `tell` is told of each slice how many days are left to its people.
    """
    identifier = begin(rt, region, on, by)
    while (days := go_on(rt, identifier, by)) is not None:
        tell(days)
    return identifier


def begin(rt: Runtime, region: Region, on: date, by: str) -> str:
    """The campaign of a region and day, which is begun where there is none; its identifier.

    One in which there was nobody is planned anew: people may have come on the roll since, or the region's days changed.
    """
    row = {"id": new_id(), "region": region.code, "on": on, "name": NAME, "state": "planning", "counts": {}}
    with rt.sessions.begin() as session:
        insert_once(session, Campaign, **row, planned_by=by, planned_at=rt.now())
        mine = (Campaign.region == region.code, Campaign.on == on, Campaign.name == NAME)
        over = (Campaign.state.in_(("released", "done")), nobody())
        anew = {"state": "planning", "counts": {}, "planned_by": by, "planned_at": rt.now(), "ended_at": None}
        session.execute(update(Campaign).where(*mine, *over).values(**anew))
        return session.scalars(select(Campaign.id).where(*mine)).one()


def nobody() -> ColumnElement[bool]:
    """In a query of campaigns: whether it was found that nobody is to be reminded."""
    return func.coalesce(Campaign.counts["people"].as_integer(), 1) == 0


def go_on(rt: Runtime, identifier: str, by: str) -> int | None:
    """Plan for the next slice of people; how many days are left to them. None: nothing is left to plan.

    Then the campaign is planned, or somebody stopped it meanwhile. How far it is stands in it: each slice is put down
    with its messages, so that none is passed over, and none gone through again after a kill.
    """
    for left in reversed(range(_TRIES)):
        try:
            with rt.sessions.begin() as session:
                campaign = session.get_one(Campaign, identifier)
                if campaign.state != "planning":
                    return None
                region = rt.regions[campaign.region]
                place = recipients.next_place(region, campaign.counts.get(_REACHED))
                if place is not None:
                    _slice(session, rt, campaign, region, *place)
                    return place[0]
            break
        except _Stopped:
            return None
        except IntegrityError:  # somebody was erased in between
            if not left:
                raise
    _end(rt, campaign, by)
    return None


def _slice(session: Session, rt: Runtime, campaign: Campaign, region: Region, days: int, after: str) -> None:
    """Plan for the people after one who have so many days left, at most SLICE; they are looked up once."""
    last = recipients.slice_end(session, campaign.on, days, after, SLICE)
    within = recipients.between(campaign.on, days, after, last)
    chosen = recipients.laid_down(session, recipients.own(session, region, campaign.on, *within))
    counts = recipients.summed(session, chosen.c, region)
    if "self" in region.reminders.to:
        _put(session, campaign, region, chosen.c, days, rt.now())
    if "relative" in region.reminders.to:
        counts.update(_copy(session, rt, campaign, chosen.c, days))
    chosen.drop(session.connection())
    counts.update({name: campaign.counts.get(name, 0) for name in recipients.SUMS})
    further = update(Campaign).where(Campaign.id == campaign.id, Campaign.state == "planning")
    if session.scalar(further.values(counts={_REACHED: [days, last], **counts}).returning(Campaign.id)) is None:
        raise _Stopped


def _put(session: Session, campaign: Campaign, region: Region, chosen: Columns, days: int, at: datetime) -> None:
    """One message to a telephone of each person's own, set-based."""
    postgres = session.get_bind().dialect.name == "postgresql"
    made = func.json_build_object if postgres else func.json_object
    beside = func.substr(chosen.person_id, 1, 8)  # those of a slice lie side by side in the index, and not all over it
    rows = select(
        recipients.fresh_id(session, at),
        literal("reminder:") + beside + ":" + chosen.period_id + f":{days}",
        literal(1),
        literal(Purpose.REMINDER.value),
        literal(PRIORITY[Purpose.REMINDER]),
        literal(campaign.id),
        chosen.person_id,
        chosen.phone,
        chosen.words,
        made("due", cast(chosen.due, String), "period", chosen.period_id),
        literal("planned"),
        literal(0),
        literal(_opens(region, campaign.on), Message.not_before.type),
        literal(_closes(campaign.on), Message.not_before.type),
        cast(literal("[]"), Message.events.type) if postgres else literal("[]", String),
    ).where(chosen.phone.is_not(None))
    names = ["id", "reminder", "attempt", "purpose", "priority", "campaign_id", "person_id", "phone_id", "words"]
    names += ["facts", "state", "tries", "not_before", "expires_at", "events"]
    session.execute(insert_into(session, Message).from_select(names, rows).on_conflict_do_nothing())


def _copy(session: Session, rt: Runtime, campaign: Campaign, chosen: Columns, days: int) -> Counter[str]:
    """A copy for each helper of theirs to whom the person agreed; what that comes to, as summed() says it."""
    region, on = rt.regions[campaign.region], campaign.on
    words = "reminder.copy_last" if days <= recipients.LAST_DAYS else "reminder.copy"
    columns = (chosen.person_id, chosen.period_id, chosen.due, chosen.dialect)
    rows, counts = list[dict[str, Any]](), Counter[str]()
    for person_id, period_id, due, dialect in session.execute(
        select(*columns).where(recipients.agreed(chosen.person_id))
    ).all():
        person = session.get(Person, person_id)
        for one in () if person is None else helpers.copies_for(session, rt, person):  # None: erased in between
            if one.kind is PhoneKind.LANDLINE or _takes_nothing(session, rt, one.number):
                continue
            segments = texts.longest(words, region, dialect, safe_word=False).segments
            counts.update(messages=1, copies=1, segments=segments)
            rows.append(
                {
                    "id": new_id(),
                    "reminder": f"reminder:{period_id}:{days}:{one.helper}",
                    "purpose": Purpose.REMINDER.value,
                    "priority": PRIORITY[Purpose.REMINDER],
                    "campaign_id": campaign.id,
                    "person_id": person_id,
                    "helper_id": one.helper,
                    "words": words,
                    "facts": {"due": due.isoformat(), "period": period_id},
                    "state": "planned",
                    "not_before": _opens(region, on),
                    "expires_at": _closes(on),
                }
            )
    if rows:
        session.execute(insert_into(session, Message).on_conflict_do_nothing(), rows)
    return counts


def _takes_nothing(session: Session, rt: Runtime, number: str) -> bool:
    return standings.opted_out(session, rt.keys, number) or standings.fault_of(session, rt.keys, number) is not None


def _opens(region: Region, on: date) -> datetime:
    return datetime.combine(on, region.reminders.quiet_hours[1], SHANGHAI)


def _closes(on: date) -> datetime:
    """A reminder of a day that could not go out for two more would only confuse: the next one comes."""
    return datetime.combine(on + timedelta(days=3), time.min, SHANGHAI)


def over(on: date, now: datetime) -> bool:
    """Whether reminders of this day would not be sent any more."""
    return now >= _closes(on)


def _end(rt: Runtime, campaign: Campaign, by: str) -> None:
    counts: dict[str, Any] = {name: campaign.counts.get(name, 0) for name in recipients.SUMS}
    counts["cost"] = recipients.cost(rt, counts["segments"])
    ready = update(Campaign).where(Campaign.id == campaign.id, Campaign.state == "planning")
    with rt.sessions.begin() as session:
        if session.scalar(ready.values(state="planned", counts=counts).returning(Campaign.id)) is not None:
            about = {"region": campaign.region, "day": str(campaign.on)}
            if counts["people"]:  # where there is nobody, nothing was done
                journal.write(session, rt.now(), by, "campaign planned", f"campaign:{campaign.id}", **about, **counts)
