"""Campaigns in numbers, and paused or stopped by slices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from certification.runtime import Runtime
from certification.store import Campaign, Message, Person, Text, new_id
from ops import texting
from sms import campaigns, counting
from sms.counting import ANSWERS, Hour
from tests.certification.conftest import Clock

IDENTIFIER = "c" * 32


@pytest.fixture
def campaign(rt: Runtime, wu: Person) -> Campaign:
    """A campaign that was let go an hour ago."""
    with rt.sessions.begin() as session:
        made = {"id": IDENTIFIER, "region": "kunming", "on": rt.now().date(), "name": "reminders", "state": "released"}
        made |= {"counts": {"people": 5, "messages": 5}, "planned_by": "schedule", "planned_at": rt.now()}
        session.add(Campaign(**made, released_by="x", released_at=rt.now() - timedelta(hours=1)))
        session.flush()
        for number, (state, hours) in enumerate(
            (("delivered", 0), ("delivered", 1), ("failed", 1), ("sent", 1), ("queued", None))
        ):
            sent = None if hours is None else rt.now() - timedelta(minutes=50) + timedelta(hours=hours)
            message = {"reminder": str(number), "purpose": "reminder", "priority": 1, "words": "x", "state": state}
            session.add(Message(**message, campaign_id=IDENTIFIER, person_id=wu.id, sent_at=sent, not_before=rt.now()))
    with rt.sessions() as session:
        return session.get_one(Campaign, IDENTIFIER)


def test_what_was_sent_by_the_hour_and_what_is_left(rt: Runtime, campaign: Campaign) -> None:
    with rt.sessions() as session:
        first, second = counting.by_hour(session, campaign.id)
        assert counting.left(session, campaign.id) == 1
        assert counting.by_hour(session, "x") == []
    assert (first.sent, first.delivered, first.failed) == (1, 1, 0)
    assert (second.sent, second.delivered, second.failed) == (3, 1, 1)
    assert second.begins - first.begins == timedelta(hours=1)
    begins = (rt.now() - timedelta(minutes=50)).replace(minute=0, second=0, microsecond=0)
    assert first == Hour(begins, 1, 1, 0), "the hour of the moment it was sent, whatever the database's zone"


def test_who_answered_is_counted_once_and_not_for_ever(
    rt: Runtime, campaign: Campaign, wu: Person, clock: Clock
) -> None:
    def write(person: str | None) -> None:
        with rt.sessions.begin() as session:
            text = {"provider": "x", "provider_ref": new_id(), "from_sealed": b"x", "from_index": "x", "read": "Pin"}
            session.add(Text(**text, person_id=person, received_at=rt.now()))

    def answered() -> int:
        with rt.sessions() as session:
            return counting.answered(session, campaign)

    clock.at -= timedelta(minutes=55)
    write(wu.id)
    assert answered() == 0, "it was written before anything was sent"
    clock.at += timedelta(minutes=55)
    write(None)
    assert answered() == 0
    write(wu.id)
    write(wu.id)
    assert answered() == 1
    with rt.sessions.begin() as session:
        for one in session.scalars(select(Text)):
            one.received_at = campaign.planned_at + ANSWERS
    assert answered() == 0


@pytest.mark.parametrize(
    ("deed", "state", "after"),
    [(campaigns.hold, "paused", "planned"), (campaigns.call_off, "stopped", "dropped")],
    ids=["paused", "stopped"],
)
def test_the_sweep_holds_back_or_drops_what_waits(
    rt: Runtime, campaign: Campaign, deed: Callable[[Runtime, str, str], None], state: str, after: str
) -> None:
    deed(rt, campaign.id, "王主管")
    with rt.sessions() as session:
        assert session.get_one(Campaign, campaign.id).state == state
        assert len(session.scalars(select(Message).where(Message.state == "queued")).all()) == 1
    assert [texting.settle_campaigns(rt) for _ in range(2)] == [1, 0]
    with rt.sessions() as session:
        assert session.scalars(select(Message.state).where(Message.reminder == "4")).one() == after
        assert session.scalars(select(Message.state).where(Message.reminder == "3")).one() == "sent"


def test_the_sweep_leaves_alone_what_goes_out(rt: Runtime, campaign: Campaign) -> None:
    assert texting.settle_campaigns(rt) == 0
    assert campaigns.settle(rt, campaign.id) == 0
