"""What a campaign puts down for each message: to whom, in which words, from when until when; and who gets no copy."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from certification import helpers, standings
from certification.helpers import Relation
from certification.regions import SHANGHAI, Region, Regions
from certification.runtime import Runtime
from certification.store import Campaign, Message, Person
from ops import texting
from sms import calling, campaigns, planning, recipients
from tests.certification.conftest import Clock
from tests.sms.outbox.conftest import MOBILE
from tests.sms.outbox.test_campaigns import Add, add, counts, on, plan, planned

__all__ = ["add", "on"]
HELPER = "13988000009"


def helped(rt: Runtime, person: Person, phone: str = HELPER) -> None:
    """Somebody helps the person, who agreed to copies."""
    with rt.sessions.begin() as session:
        one, facts = session.get_one(Person, person.id), {"relation": Relation.RELATIVE, "by": "clerk"}
        helper = helpers.declare(session, rt, one, name="吴女士", phone=phone, **facts)  # type: ignore[arg-type]
        helpers.agree_to_copies(session, rt, one, helper, text="同意", how="desk", by="clerk")


def test_a_message_may_go_out_from_morning_and_for_two_days_more(rt: Runtime, on: date, add: Add) -> None:
    helped(rt, add(1950, MOBILE))
    plan(rt, on)
    opens, closes = datetime.combine(on, time(9), SHANGHAI), datetime.combine(on + timedelta(days=3), time(), SHANGHAI)
    assert rt.regions["kunming"].reminders.quiet_hours[1] == time(9)
    assert [(one.not_before, one.expires_at) for one in planned(rt)] == [(opens, closes)] * 2


def test_near_the_end_the_words_are_urgent_to_helpers_as_well(rt: Runtime, on: date, add: Add, clock: Clock) -> None:
    helped(rt, add(1950, MOBILE))
    plan(rt, on)
    clock.at += date(2026, 3, 30) - on
    planning.plan(rt, rt.regions["kunming"], date(2026, 3, 30), "clerk")
    assert [one.words for one in planned(rt)] == [
        "reminder.call",
        "reminder.copy",
        "reminder.copy_last",
        "reminder.last",
    ], "each day has a message of its own"


@pytest.mark.parametrize("why", ["landline", "stopped", "faulty"])
def test_who_can_take_no_copy_gets_none(rt: Runtime, on: date, add: Add, why: str) -> None:
    helped(rt, add(1950, MOBILE), "087165554321" if why == "landline" else HELPER)
    with rt.sessions.begin() as session:
        if why == "stopped":
            standings.opt_out(session, rt, f"+86{HELPER}")
        elif why == "faulty":
            standings.mark_fault(session, rt, f"+86{HELPER}", "21614")
    identifier = plan(rt, on)
    assert [one.helper_id for one in planned(rt)] == [None]
    assert (counts(rt, identifier)["copies"], counts(rt, identifier)["messages"]) == (0, 1)


def only_to(rt: Runtime, *to: str) -> Region:
    region = rt.regions["kunming"]
    return region.model_copy(update={"reminders": region.reminders.model_copy(update={"to": to})})


def test_where_only_relatives_are_reminded_the_person_gets_nothing(rt: Runtime, on: date, add: Add) -> None:
    helped(rt, add(1950, MOBILE))
    add(1951, "087165551234")
    region = only_to(rt, "relative")
    there = rt.regions
    relatives = Regions({one.code: region if one.code == region.code else one for one in there}, there.default.code)
    town = replace(rt, regions=relatives)
    with rt.sessions() as session:
        before = recipients.foreseen(session, town, region, on)
    identifier = planning.plan(town, region, on, "clerk")
    assert [one.words for one in planned(rt)] == ["reminder.copy"]
    found = counts(rt, identifier)
    assert found == before
    assert (found["people"], found["messages"], found["copies"], found["calls"]) == (2, 1, 1, 0)
    campaigns.let_go(town, identifier, "clerk")
    assert calling.ask(town, identifier, "clerk") == 0


def test_no_day_and_no_name_of_another_campaign_is_taken_for_this_one(rt: Runtime, on: date, add: Add) -> None:
    add(1950, MOBILE)
    with rt.sessions.begin() as session:
        for day, name, state in ((on - timedelta(days=1), "reminders", "done"), (on, "others", "done")):
            row = {"region": "kunming", "on": day, "name": name, "state": state, "counts": {}}
            session.add(Campaign(**row, planned_by="schedule", planned_at=rt.now()))
    with rt.sessions() as session:
        due = {one.code for one in campaigns.due_today(session, rt, on, "schedule")}
    assert "kunming" in due
    plan(rt, on)
    with rt.sessions() as session:
        assert "kunming" not in {one.code for one in campaigns.due_today(session, rt, on, "schedule")}


@pytest.mark.parametrize("by", ["clerk", texting.BY])
def test_a_day_on_which_there_was_nobody_is_looked_at_anew(
    rt: Runtime, on: date, add: Add, clock: Clock, by: str
) -> None:
    named = replace(rt, settings=replace(rt.settings, sms_providers="console"))
    empty = plan(rt, on)
    assert campaigns.leave(rt, empty)
    add(1950, MOBILE)
    if by == "clerk":
        assert (plan(rt, on), counts(rt, empty)["people"]) == (empty, 1)
        assert campaigns.release(rt, empty, "clerk") == 1
        assert plan(rt, on) == empty and campaigns.release(rt, empty, "clerk") == 0, "with somebody in it, only once"
    else:
        assert texting.remind_today(named) == 1
    assert texting.remind_today(named) == 0
    assert len(planned(rt)) == 1


def test_a_campaign_is_found_by_its_beginning_and_never_one_of_several(rt: Runtime, on: date, add: Add) -> None:
    with rt.sessions.begin() as session:
        for identifier in ("ab" + "0" * 30, "ac" + "0" * 30):
            row = {"id": identifier, "region": identifier[:2], "on": on, "name": "reminders", "state": "done"}
            session.add(Campaign(**row, counts={}, planned_by="clerk", planned_at=rt.now()))
            session.flush()
            with pytest.raises(campaigns.CampaignUnknown):
                campaigns.find(session, "")  # not even where there is only one
    with rt.sessions() as session:
        assert campaigns.find(session, " AB ").id == "ab" + "0" * 30
        for text in ("a", "", " ", "%", "zz"):
            with pytest.raises(campaigns.CampaignUnknown):
                campaigns.find(session, text)


def test_a_stopped_campaign_says_when_and_stays_so(rt: Runtime, on: date, add: Add, clock: Clock) -> None:
    add(1950, MOBILE)
    identifier = plan(rt, on)
    clock.forward(minutes=1)
    assert [campaigns.stop(rt, identifier, "clerk") for _ in range(2)] == [1, 0]
    with rt.sessions() as session:
        assert session.get_one(Campaign, identifier).ended_at == clock.at
        assert session.scalars(select(Message.why)).all() == ["stopped"]
    with pytest.raises(campaigns.CampaignNotThere):
        campaigns.pause(rt, identifier, "clerk")
