"""A campaign that was planned (sms.planning): looked at, released, paused, stopped, taken up; each text sent once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, update
from sqlalchemy.orm import Session

from certification import journal
from certification.errors import Problem
from certification.regions import Region
from certification.runtime import Runtime
from certification.store import Campaign, Message, later, only_read
from sms import calling
from sms.outbox import SEND
from sms.planning import NAME, SLICE, nobody, over

ZH = {
    "planning": "还在计划",
    "planned": "还没有放行",
    "released": "已经放行",
    "paused": "已经暂停",
    "stopped": "已经停止",
    "resuming": "正在恢复",
    "done": "已经发完",
}
"""Where a campaign is, in Chinese."""
_OPEN = ("planning", "planned", "released", "paused", "resuming")
_STOPPED = "stopped"
"""Why a message of a stopped campaign was dropped: what a resumed one sends after all."""


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
            f"这批短信{ZH[campaign.state]}（{campaign.state}），不能这样做。",
            f"The campaign is {campaign.state} now, which does not allow this.",
        )


class CampaignOver(Problem):
    """Its day is too long ago for anybody to be reminded."""

    def __init__(self, campaign: Campaign) -> None:
        super().__init__(
            f"这批短信是 {campaign.on} 的提醒，三天后就不再发，现在恢复也不会有人收到，所以没有恢复。",
            f"These are reminders of {campaign.on}, which are not sent three days after it: nobody would get any,"
            " so nothing was done.",
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """How many messages of a campaign are in each state, and why those that failed or were dropped did."""

    states: dict[str, int]
    reasons: dict[str, int]


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
    let_go(rt, campaign_id, by)
    queued = 0
    while some := queue(rt, campaign_id):
        queued += some
    calling.ask(rt, campaign_id, by)
    return queued


def let_go(rt: Runtime, campaign_id: str, by: str) -> None:
    """Say that a planned or paused campaign may go out. Raises CampaignNotThere."""
    _come_to(rt, campaign_id, ("planned", "paused", "released"), "released", by, "campaign released")


def queue(rt: Runtime, campaign_id: str) -> int:
    """Queue the next slice of what a released campaign has still planned; how many. 0: none is left, or it is held."""
    with rt.sessions.begin() as session:
        if session.get_one(Campaign, campaign_id).state != "released":
            return 0
        moved = _move(session, campaign_id, ("planned",), {"state": "queued"})
        if moved:
            later(session, rt.enqueue, SEND, campaign_id)
    return moved


def leave(rt: Runtime, campaign_id: str) -> bool:
    """End a planned campaign in which there is nobody; False where there is somebody.

    Nothing is let go and nothing journalled. Its row stays: without it every sweep of the day would look through the
    people of the region again.
    """
    with rt.sessions.begin() as session:
        campaign = session.get_one(Campaign, campaign_id)
        if campaign.counts.get("people") != 0:
            return False
        there = update(Campaign).where(Campaign.id == campaign_id, Campaign.state == "planned")
        session.execute(there.values(state="done", ended_at=rt.now()))
    return True


def pause(rt: Runtime, campaign_id: str, by: str) -> int:
    """Hold back what is not on its way yet; how many messages. Raises CampaignNotThere."""
    hold(rt, campaign_id, by)
    return _all(rt, campaign_id)


def hold(rt: Runtime, campaign_id: str, by: str) -> None:
    """Say that a campaign is paused: no more of it is sent, and settle() does the rest. Raises CampaignNotThere."""
    _come_to(rt, campaign_id, ("released", "paused"), "paused", by, "campaign paused")


def stop(rt: Runtime, campaign_id: str, by: str) -> int:
    """Drop for good what is not on its way yet; how many messages. Raises CampaignNotThere."""
    call_off(rt, campaign_id, by)
    return _all(rt, campaign_id)


def call_off(rt: Runtime, campaign_id: str, by: str) -> None:
    """Say that a campaign is stopped: no more of it is sent, and settle() does the rest. Raises CampaignNotThere."""
    _come_to(rt, campaign_id, (*_OPEN, "stopped"), "stopped", by, "campaign stopped")


def resume(rt: Runtime, campaign_id: str, by: str) -> int:
    """Take a stop back; how many messages are no longer dropped. Raises CampaignNotThere, CampaignOver."""
    take_up(rt, campaign_id, by)
    return _all(rt, campaign_id)


def take_up(rt: Runtime, campaign_id: str, by: str) -> None:
    """Say that a stopped campaign goes on where it was; settle() does the rest. Raises CampaignNotThere, CampaignOver.

    What the stop dropped was never handed to a carrier, and is what comes back; nothing else is touched, so that nobody
    gets a text twice. Whoever is certified meanwhile is passed over when it would be sent, as ever.
    """
    with rt.sessions.begin() as session:
        campaign = session.get_one(Campaign, campaign_id)
        if campaign.state == _STOPPED and over(campaign.on, rt.now()):
            raise CampaignOver(campaign)
        known = {"stopped_from": campaign.stopped_from or came_from(campaign)}
        there = update(Campaign).where(Campaign.id == campaign_id, Campaign.state == _STOPPED)
        if session.scalar(there.values(state="resuming", ended_at=None, **known).returning(Campaign.id)) is not None:
            facts = {"to": known["stopped_from"], "messages": dropped(session, campaign_id)}
            journal.write(session, rt.now(), by, "campaign resumed", subject(campaign_id), **facts)
        elif campaign.state not in ("resuming", campaign.stopped_from):
            raise CampaignNotThere(campaign)


def came_from(campaign: Campaign) -> str:
    """Where a stopped campaign goes on. One of before that was written down waits for somebody to release it."""
    return campaign.stopped_from or ("paused" if "cost" in campaign.counts else "planning")


def dropped(session: Session, campaign_id: str) -> int:
    """How many messages a stop kept from being sent."""
    mine = (Message.campaign_id == campaign_id, Message.state == "dropped", Message.why == _STOPPED)
    return session.scalars(select(func.count()).select_from(Message).where(*mine)).one()


def held(session: Session) -> list[str]:
    """Campaigns that are paused or stopped, of which messages wait as if they were not; and those that are resumed."""
    only_read(session)
    waits = select(Message.id).where(Message.campaign_id == Campaign.id)
    paused = and_(Campaign.state == "paused", waits.where(Message.state == "queued").exists())
    stopped = and_(Campaign.state == "stopped", waits.where(Message.state.in_(("planned", "queued"))).exists())
    return list(session.scalars(select(Campaign.id).where(or_(paused, stopped, Campaign.state == "resuming"))))


def settle(rt: Runtime, campaign_id: str) -> int:
    """Hold back, drop, or bring back the next slice of a paused, stopped or resumed campaign; how many messages.

    0: there is none left, and a resumed one goes on from here.
    """
    with rt.sessions.begin() as session:
        campaign = session.get_one(Campaign, campaign_id)
        match campaign.state:
            case "paused":
                return _move(session, campaign_id, ("queued",), {"state": "planned"})
            case "stopped":
                values = {"state": "dropped", "why": _STOPPED, "settled_at": rt.now()}
                return _move(session, campaign_id, ("planned", "queued"), values)
            case "resuming":
                return _bring_back(session, campaign)
            case _:
                return 0


def progress(session: Session, campaign_id: str) -> Progress:
    """How far a campaign is."""
    mine = Message.campaign_id == campaign_id
    states = session.execute(select(Message.state, func.count()).where(mine).group_by(Message.state))
    whys = select(Message.why, func.count()).where(mine, Message.state.in_(("failed", "dropped")))
    return Progress(
        {str(state): int(number) for state, number in states},
        {str(why): int(number) for why, number in session.execute(whys.group_by(Message.why))},
    )


def subject(campaign_id: str) -> str:
    """How the journal names a campaign."""
    return f"campaign:{campaign_id}"


def _come_to(rt: Runtime, campaign_id: str, before: tuple[str, ...], after: str, by: str, action: str) -> None:
    with rt.sessions.begin() as session:
        campaign = session.get_one(Campaign, campaign_id)
        there = update(Campaign).where(Campaign.id == campaign_id, Campaign.state.in_(before), Campaign.state != after)
        more: dict[str, Any] = {"released_by": by, "released_at": rt.now()} if after == "released" else {}
        if after == _STOPPED:  # stopped again before it was resumed, it goes on where it was at first
            before_it = case((Campaign.state == "resuming", Campaign.stopped_from), else_=Campaign.state)
            more = {"ended_at": rt.now(), "stopped_from": before_it}
        if session.scalar(there.values(state=after, **more).returning(Campaign.id)) is not None:
            journal.write(session, rt.now(), by, action, subject(campaign_id))
        elif campaign.state != after:
            raise CampaignNotThere(campaign)


def _bring_back(session: Session, campaign: Campaign) -> int:
    """Let the next slice of what a stop dropped wait again; where none is left, the campaign goes on.

    First what is queued: whoever sends at this moment may have seen the stop, and is waited for by their lock.
    """
    moved = _move(session, campaign.id, ("queued",), {"state": "planned"})
    anew = {"state": "planned", "why": None, "settled_at": None, "tries": 0}
    moved = moved or _move(session, campaign.id, ("dropped",), anew, Message.why == _STOPPED)
    if not moved:
        there = update(Campaign).where(Campaign.id == campaign.id, Campaign.state == "resuming")
        session.execute(there.values(state=Campaign.stopped_from))
    return moved


def _all(rt: Runtime, campaign_id: str) -> int:
    moved = 0
    while some := settle(rt, campaign_id):
        moved += some
    return moved


def _move(
    session: Session, campaign_id: str, states: tuple[str, ...], values: dict[str, Any], *of: ColumnElement[bool]
) -> int:
    """Bring the next slice of messages out of these states; how many."""
    mine = (Message.campaign_id == campaign_id, Message.state.in_(states), *of)
    waiting = select(Message.id).where(*mine).limit(SLICE)
    some = waiting.with_for_update().cte().prefix_with("MATERIALIZED")  # or it might be looked up again for each row
    moved = update(Message).where(Message.id.in_(select(some.c.id)), Message.state.in_(states)).values(**values)
    unseen = {"synchronize_session": False}  # no object of these rows is looked at afterwards
    return len(session.scalars(moved.returning(Message.id), execution_options=unseen).all())


def due_today(session: Session, rt: Runtime, on: date, by: str) -> list[Region]:
    """Regions whose reminders of this day are not seen to yet: neither by this one, nor by a clerk's own campaign.

    That a clerk, perhaps long before, found nobody to remind says nothing of the day itself.
    """
    only_read(session)
    seen_to = or_(Campaign.state.not_in(("planning", "planned")), Campaign.planned_by != by)
    in_vain = and_(nobody(), Campaign.planned_by != by)
    mine = select(Campaign.region).where(Campaign.on == on, Campaign.name == NAME, seen_to, ~in_vain)
    done = set(session.scalars(mine))
    return [one for one in rt.regions if one.code not in done and one.reminders.days_before]
