"""A campaign that was stopped goes on again: what was not sent is sent, once, and nothing that was."""

from __future__ import annotations

import json
from datetime import date

import pytest
from sqlalchemy import select

from certification.runtime import Runtime
from certification.store import Campaign, Message, Person
from ops import texting
from sms import campaigns, planning
from sms.campaigns import CampaignNotThere, CampaignOver
from sms.sending import Sender
from tests.certification.conftest import Clock
from tests.certification.suspending import certify, journalled
from tests.sms.outbox.carrier import Stub
from tests.sms.outbox.test_campaigns import Add, add, on, plan

__all__ = ["add", "on"]


def state(rt: Runtime, identifier: str) -> str:
    with rt.sessions() as session:
        return session.get_one(Campaign, identifier).state


def waiting(rt: Runtime) -> list[str]:
    with rt.sessions() as session:
        return sorted(session.scalars(select(Message.state)))


def test_nobody_gets_a_text_twice_and_whoever_certified_gets_none(
    rt: Runtime, on: date, add: Add, sender: Sender, carrier: Stub
) -> None:
    them = [add(1950 + n, f"1388800010{n}") for n in range(4)]
    identifier = plan(rt, on)
    campaigns.release(rt, identifier, "clerk")
    sender.batch(1)
    campaigns.stop(rt, identifier, "clerk")
    sent = {to for to, _, _ in carrier.sent}
    certified = next(one for n, one in enumerate(them) if f"+861388800010{n}" not in sent)
    with rt.sessions.begin() as session:
        certify(session, rt, session.get_one(Person, certified.id))
    assert [campaigns.resume(rt, identifier, "王") for _ in range(2)] == [3, 0]
    assert state(rt, identifier) == "released"
    texting.remind_today(rt)
    campaigns.release(rt, identifier, "schedule")
    while sender.batch():
        pass
    to = [one for one, _, _ in carrier.sent]
    assert len(to) == len(set(to)) == 3
    assert waiting(rt) == ["dropped", "sent", "sent", "sent"]
    [entry] = journalled(rt, "campaign resumed")
    assert json.loads(entry) == {"to": "released", "messages": 3}


@pytest.mark.parametrize("before", ["planned", "paused"])
def test_it_goes_on_where_it_was(rt: Runtime, on: date, add: Add, before: str) -> None:
    add(1950, "13888000100")
    identifier = plan(rt, on)
    if before == "paused":
        campaigns.release(rt, identifier, "clerk")
        campaigns.pause(rt, identifier, "clerk")
    for _ in range(2):  # the second stop comes before the first was taken back whole
        campaigns.stop(rt, identifier, "clerk")
        campaigns.take_up(rt, identifier, "王")
    assert (state(rt, identifier), waiting(rt)) == ("resuming", ["dropped"])
    texting.settle_campaigns(rt)
    assert (state(rt, identifier), waiting(rt)) == (before, ["planned"])
    campaigns.let_go(rt, identifier, "clerk")
    with pytest.raises(CampaignNotThere):
        campaigns.take_up(rt, identifier, "王")


def test_stopped_while_it_was_planned_it_is_planned_to_its_end(rt: Runtime, on: date, add: Add) -> None:
    add(1950, "13888000100")
    identifier = planning.begin(rt, rt.regions["kunming"], on, "clerk")
    campaigns.stop(rt, identifier, "clerk")
    campaigns.take_up(rt, identifier, "王")
    texting.settle_campaigns(rt)
    texting.settle_campaigns(rt)
    assert (state(rt, identifier), waiting(rt)) == ("planned", ["planned"])


def test_one_stopped_by_an_earlier_release_waits_to_be_let_go(rt: Runtime, on: date, add: Add) -> None:
    add(1950, "13888000100")
    identifier = plan(rt, on)
    campaigns.release(rt, identifier, "clerk")
    campaigns.stop(rt, identifier, "clerk")
    with rt.sessions.begin() as session:
        session.get_one(Campaign, identifier).stopped_from = None
    campaigns.resume(rt, identifier, "王")
    assert (state(rt, identifier), waiting(rt)) == ("paused", ["planned"])


def test_when_its_days_are_over_the_stop_stands(rt: Runtime, on: date, add: Add, clock: Clock) -> None:
    add(1950, "13888000100")
    identifier = plan(rt, on)
    campaigns.stop(rt, identifier, "clerk")
    clock.forward(days=3)
    with pytest.raises(CampaignOver, match="没有恢复"):
        campaigns.take_up(rt, identifier, "王")
    assert (state(rt, identifier), waiting(rt)) == ("stopped", ["dropped"])
    assert journalled(rt, "campaign resumed") == []


def test_what_is_being_sent_as_the_stop_is_taken_back_waits(
    rt: Runtime, on: date, add: Add, sender: Sender, carrier: Stub
) -> None:
    add(1950, "13888000100")
    identifier = plan(rt, on)
    campaigns.release(rt, identifier, "clerk")
    campaigns.call_off(rt, identifier, "clerk")
    campaigns.take_up(rt, identifier, "王")  # and nothing of it was dropped yet
    sender.batch()
    assert (carrier.sent, waiting(rt)) == ([], ["planned"])
    texting.settle_campaigns(rt)
    assert (state(rt, identifier), waiting(rt)) == ("released", ["planned"])
