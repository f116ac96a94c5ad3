"""Planning a campaign by slices of people: a message to each of them, copies to helpers, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, func, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from certification import helpers, journal, reminders, standings
from certification.phones import PhoneKind
from certification.regions import SHANGHAI, Region
from certification.runtime import Runtime
from certification.store import Campaign, Message, Person, SafeWord, insert_into, insert_once, new_id, only_read
from sms import recipients, texts
from sms.outbox import PRIORITY, Purpose

SLICE = 5_000  # messages in a transaction; calls wait for no more
NAME = "reminders"
_TRIES = 5
_REACHED = "reached"
"""Among the counts of a campaign that is being planned: the days, and the person, up to whom it is."""


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
    """The campaign of a region and day, which is begun where there is none; its identifier."""
    row = {"id": new_id(), "region": region.code, "on": on, "name": NAME, "state": "planning", "counts": {}}
    with rt.sessions.begin() as session:
        insert_once(session, Campaign, **row, planned_by=by, planned_at=rt.now())
        mine = (Campaign.region == region.code, Campaign.on == on, Campaign.name == NAME)
        return session.scalars(select(Campaign.id).where(*mine)).one()


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
    _end(rt, campaign, region, by)
    return None


def _slice(session: Session, rt: Runtime, campaign: Campaign, region: Region, days: int, after: str) -> None:
    last = recipients.slice_end(session, campaign.on, days, after, SLICE)
    if "self" in region.reminders.to:
        _put(session, campaign, region, days, after, last)
    if "relative" in region.reminders.to:
        _copy(session, rt, campaign, recipients.between(campaign.on, days, after, last))
    further = update(Campaign).where(Campaign.id == campaign.id, Campaign.state == "planning")
    if session.scalar(further.values(counts={_REACHED: [days, last]}).returning(Campaign.id)) is None:
        raise _Stopped


def _put(session: Session, campaign: Campaign, region: Region, days: int, after: str, last: str | None) -> None:
    """One message to a telephone of each person's own, for all between two of them, set-based."""
    found = recipients.once(
        recipients.own(session, region, campaign.on).where(*recipients.between(campaign.on, days, after, last))
    )
    people, periods, due = found.c[0], found.c[1], found.c[2]
    postgres = session.get_bind().dialect.name == "postgresql"
    facts = (func.json_build_object if postgres else func.json_object)("due", cast(due, String), "period", periods)
    rows = select(
        recipients.fresh_id(session),
        literal("reminder:") + periods + f":{days}:" + found.c.phone,
        literal(1),
        literal(Purpose.REMINDER.value),
        literal(PRIORITY[Purpose.REMINDER]),
        literal(campaign.id),
        people,
        found.c.phone,
        found.c.words,
        facts,
        literal("planned"),
        literal(0),
        literal(_opens(region, campaign.on), Message.not_before.type),
        literal(_closes(campaign.on), Message.not_before.type),
        cast(literal("[]"), Message.events.type) if postgres else literal("[]", String),
    ).where(found.c.phone.is_not(None))
    names = ["id", "reminder", "attempt", "purpose", "priority", "campaign_id", "person_id", "phone_id", "words"]
    names += ["facts", "state", "tries", "not_before", "expires_at", "events"]
    session.execute(insert_into(session, Message).from_select(names, rows).on_conflict_do_nothing())


def _copy(session: Session, rt: Runtime, campaign: Campaign, of: tuple[ColumnElement[bool], ...]) -> None:
    """A copy for each helper of theirs to whom the person agreed."""
    region, on = rt.regions[campaign.region], campaign.on
    found = reminders.to_remind(session, region, on).where(*of, recipients.agreed())
    rows = []
    for person_id, period_id, due, _ in session.execute(found).all():
        days = (due - on).days
        for one in helpers.copies_for(session, rt, session.get_one(Person, person_id)):
            if one.kind is PhoneKind.LANDLINE or _takes_nothing(session, rt, one.number):
                continue
            rows.append(
                {
                    "id": new_id(),
                    "reminder": f"reminder:{period_id}:{days}:{one.helper}",
                    "purpose": Purpose.REMINDER.value,
                    "priority": PRIORITY[Purpose.REMINDER],
                    "campaign_id": campaign.id,
                    "person_id": person_id,
                    "helper_id": one.helper,
                    "words": "reminder.copy_last" if days <= recipients.LAST_DAYS else "reminder.copy",
                    "facts": {"due": due.isoformat(), "period": period_id},
                    "state": "planned",
                    "not_before": _opens(region, on),
                    "expires_at": _closes(on),
                }
            )
    if rows:
        session.execute(insert_into(session, Message).on_conflict_do_nothing(), rows)


def _takes_nothing(session: Session, rt: Runtime, number: str) -> bool:
    return standings.opted_out(session, rt.keys, number) or standings.fault_of(session, rt.keys, number) is not None


def _opens(region: Region, on: date) -> datetime:
    return datetime.combine(on, region.reminders.quiet_hours[1], SHANGHAI)


def _closes(on: date) -> datetime:
    """A reminder of a day that could not go out for two more would only confuse: the next one comes."""
    return datetime.combine(on + timedelta(days=3), time.min, SHANGHAI)


def _end(rt: Runtime, campaign: Campaign, region: Region, by: str) -> None:
    """Count what was planned, while nobody waits for it, and write it down."""
    with rt.sessions() as session:
        only_read(session)
        counts = counted(session, campaign.id, region)
        missed = recipients.missed(session, region, campaign.on, campaign.id).subquery()
        columns = (missed.c.mobile, missed.c.calls)
        without = session.execute(select(*columns, func.count()).group_by(*columns)).all()
    counts |= {
        "people": counts["messages"] - counts["copies"] + sum(row[2] for row in without),
        "cost": recipients.cost(rt, counts["segments"]),
        "calls": sum(row[2] for row in without if row[1]),
        "silent": sum(row[2] for row in without if row[0]),
    }
    ready = update(Campaign).where(Campaign.id == campaign.id, Campaign.state == "planning")
    with rt.sessions.begin() as session:
        if session.scalar(ready.values(state="planned", counts=counts).returning(Campaign.id)) is not None:
            about = {"region": campaign.region, "day": str(campaign.on)}
            if counts["people"]:  # where there is nobody, nothing was done
                journal.write(session, rt.now(), by, "campaign planned", f"campaign:{campaign.id}", **about, **counts)


def counted(session: Session, campaign_id: str, region: Region) -> dict[str, Any]:
    """Messages, those of them that are copies, people who get one themselves, and segments at most."""
    chosen = select(SafeWord.person_id).where(SafeWord.person_id == Message.person_id).exists()
    own = Message.phone_id.is_not(None)
    columns = (Message.words, Person.dialect, and_(own, chosen), own)
    rows = session.execute(
        select(*columns, func.count())
        .join(Person, Person.id == Message.person_id)
        .where(Message.campaign_id == campaign_id)
        .group_by(*columns)
    ).all()
    return {
        "messages": sum(row[4] for row in rows),
        "copies": sum(row[4] for row in rows if not row[3]),
        "segments": sum(row[4] * texts.longest(row[0], region, row[1], bool(row[2])).segments for row in rows),
    }
