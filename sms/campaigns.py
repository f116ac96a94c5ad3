"""The reminders of one region and day: planned by slices, looked at, released, paused, stopped; each sent once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, func, literal, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from certification import helpers, journal, reminders, standings
from certification.errors import Problem
from certification.phones import PhoneKind
from certification.regions import SHANGHAI, Region
from certification.runtime import Runtime
from certification.store import (
    Campaign,
    Message,
    Person,
    SafeWord,
    insert_into,
    insert_once,
    later,
    new_id,
    only_read,
)
from sms import calling, recipients, texts
from sms.outbox import PRIORITY, SEND, Purpose

SLICE = 5_000  # messages in a transaction; calls wait for no more
NAME = "reminders"
_TRIES = 5


class CampaignUnknown(Problem):
    """There is no such campaign."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"没有编号为 {text[:40]} 的短信批次，用 stillhere campaigns list 查看。",
            f"There is no campaign {text[:40]!r}; see `stillhere campaigns list`.",
        )


class CampaignNotThere(Problem):
    """What is asked does not fit where the campaign is."""

    def __init__(self, campaign: Campaign) -> None:
        super().__init__(
            f"这批短信现在是 {campaign.state} 状态，不能这样做。",
            f"The campaign is {campaign.state} now, which does not allow this.",
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """How many messages of a campaign are in each state, and why those that failed or were dropped did."""

    states: dict[str, int]
    reasons: dict[str, int]


def plan(rt: Runtime, region: Region, on: date, by: str, tell: Callable[[int], object] = lambda _: None) -> str:
    """Plan the reminders of a region and day; the campaign's identifier. Asked again, it goes on where it stopped."""
    with rt.sessions.begin() as session:
        campaign = _begun(session, rt, region, on, by)
        if campaign.state != "planning":
            return campaign.id
    for days in sorted(set(region.reminders.days_before), reverse=True):
        after: str | None = ""
        while after is not None:
            after = _planned_to(rt, campaign, region, days, after, tell)
    with rt.sessions.begin() as session:
        _planned(session, rt, campaign.id, region, on, by)
    return campaign.id


def _planned_to(
    rt: Runtime, campaign: Campaign, region: Region, days: int, after: str, tell: Callable[[int], object]
) -> str | None:
    """Plan for the next people after one, who have so many days left; the last of them, None when they are the last."""
    last = None
    for left in reversed(range(_TRIES)):
        try:
            with rt.sessions.begin() as session:
                if session.scalars(select(Campaign.state).where(Campaign.id == campaign.id)).one() != "planning":
                    return None  # stopped meanwhile
                last = recipients.slice_end(session, campaign.on, days, after, SLICE)
                if "self" in region.reminders.to:
                    _put(session, campaign, region, days, after, last)
                if "relative" in region.reminders.to:
                    _copy(session, rt, campaign, recipients.between(campaign.on, days, after, last))
            break
        except IntegrityError:  # somebody was erased in between
            if not left:
                raise
    tell(days)
    return last


def find(session: Session, text: str) -> Campaign:
    """A campaign by its identifier or the beginning of it. Raises CampaignUnknown."""
    wanted = select(Campaign).where(Campaign.id.startswith(text.strip().lower(), autoescape=True)).limit(2)
    found = session.scalars(wanted).all()
    if len(found) != 1 or not text.strip():
        raise CampaignUnknown(text)
    return found[0]


def release(rt: Runtime, campaign_id: str, by: str) -> int:
    """Let a planned or paused campaign go out; how many messages were queued here. Raises CampaignNotThere.

    Whom it reaches by no message, a human is to call.
    """
    _come_to(rt, campaign_id, ("planned", "paused", "released"), "released", by, "campaign released")
    queued = queue(rt, campaign_id)
    calling.ask(rt, campaign_id, by)
    return queued


def queue(rt: Runtime, campaign_id: str) -> int:
    """Queue what a released campaign has still planned, as after a kill; how many."""
    return _move(rt, campaign_id, ("planned",), {"state": "queued"}, wake=True)


def pause(rt: Runtime, campaign_id: str, by: str) -> int:
    """Hold back what is not on its way yet; how many messages. Raises CampaignNotThere."""
    _come_to(rt, campaign_id, ("released", "paused"), "paused", by, "campaign paused")
    return _move(rt, campaign_id, ("queued",), {"state": "planned"})


def stop(rt: Runtime, campaign_id: str, by: str) -> int:
    """Drop for good what is not on its way yet; how many messages. Raises CampaignNotThere."""
    _come_to(
        rt, campaign_id, ("planning", "planned", "released", "paused", "stopped"), "stopped", by, "campaign stopped"
    )
    dropped = {"state": "dropped", "why": "stopped", "settled_at": rt.now()}
    return _move(rt, campaign_id, ("planned", "queued"), dropped)


def progress(session: Session, campaign_id: str) -> Progress:
    """How far a campaign is."""
    mine = Message.campaign_id == campaign_id
    states = session.execute(select(Message.state, func.count()).where(mine).group_by(Message.state))
    whys = select(Message.why, func.count()).where(mine, Message.state.in_(("failed", "dropped")))
    return Progress(
        {str(state): int(number) for state, number in states},
        {str(why): int(number) for why, number in session.execute(whys.group_by(Message.why))},
    )


def _begun(session: Session, rt: Runtime, region: Region, on: date, by: str) -> Campaign:
    row = {"id": new_id(), "region": region.code, "on": on, "name": NAME, "state": "planning", "counts": {}}
    if insert_once(session, Campaign, **row, planned_by=by, planned_at=rt.now()):
        journal.write(session, rt.now(), by, "campaign begun", subject(str(row["id"])), region=region.code, day=str(on))
    mine = (Campaign.region == region.code, Campaign.on == on, Campaign.name == NAME)
    return session.scalars(select(Campaign).where(*mine)).one()


def subject(campaign_id: str) -> str:
    """How the journal names a campaign."""
    return f"campaign:{campaign_id}"


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


def _planned(session: Session, rt: Runtime, campaign_id: str, region: Region, on: date, by: str) -> None:
    counts = counted(session, campaign_id, region)
    missed = recipients.missed(session, region, on, campaign_id).subquery()
    columns = (missed.c.mobile, missed.c.calls)
    without = session.execute(select(*columns, func.count()).group_by(*columns)).all()
    counts |= {
        "people": counts["messages"] - counts["copies"] + sum(row[2] for row in without),
        "cost": recipients.cost(rt, counts["segments"]),
        "calls": sum(row[2] for row in without if row[1]),
        "silent": sum(row[2] for row in without if row[0]),
    }
    ready = update(Campaign).where(Campaign.id == campaign_id, Campaign.state == "planning")
    if session.scalar(ready.values(state="planned", counts=counts).returning(Campaign.id)) is not None:
        journal.write(session, rt.now(), by, "campaign planned", subject(campaign_id), **counts)


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


def _come_to(rt: Runtime, campaign_id: str, before: tuple[str, ...], after: str, by: str, action: str) -> None:
    with rt.sessions.begin() as session:
        campaign = session.get_one(Campaign, campaign_id)
        there = update(Campaign).where(Campaign.id == campaign_id, Campaign.state.in_(before), Campaign.state != after)
        more: dict[str, Any] = {"released_by": by, "released_at": rt.now()} if after == "released" else {}
        more |= {"ended_at": rt.now()} if after == "stopped" else {}
        if session.scalar(there.values(state=after, **more).returning(Campaign.id)) is not None:
            journal.write(session, rt.now(), by, action, subject(campaign_id))
        elif campaign.state != after:
            raise CampaignNotThere(campaign)


def _move(rt: Runtime, campaign_id: str, states: tuple[str, ...], values: dict[str, Any], *, wake: bool = False) -> int:
    moved = 0
    while True:
        with rt.sessions.begin() as session:
            some = select(Message.id).where(Message.campaign_id == campaign_id, Message.state.in_(states)).limit(SLICE)
            ids = session.scalars(some.with_for_update()).all()
            session.execute(
                update(Message).where(Message.id.in_(ids), Message.state.in_(states)).values(**values),
                execution_options={"synchronize_session": False},
            )
            if wake and ids:
                later(session, rt.enqueue, SEND, campaign_id)
        moved += len(ids)
        if len(ids) < SLICE:
            return moved


def due_today(session: Session, rt: Runtime, on: date, by: str) -> list[Region]:
    """Regions whose reminders of this day are not seen to yet: neither by this one, nor by a clerk's own campaign."""
    only_read(session)
    seen_to = or_(Campaign.state.not_in(("planning", "planned")), Campaign.planned_by != by)
    mine = select(Campaign.region).where(Campaign.on == on, Campaign.name == NAME, seen_to)
    done = set(session.scalars(mine))
    return [one for one in rt.regions if one.code not in done and one.reminders.days_before]
