"""Campaigns planned and let go by slices, with the sweep's other duties between; gone on with, stopped, empty."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from certification.runtime import Runtime
from certification.store import Campaign, Case, JournalEntry, Message, Person
from ops import texting
from sms import calling, campaigns, planning
from tests.certification.conftest import Clock
from tests.certification.suspending import certify
from tests.sms.outbox.test_campaigns import Add, add, cases_of, counts, on, plan, planned

__all__ = ["add", "on"]


@dataclass(slots=True)
class Walking:
    """A clock that goes on by more than the sweep's patience whenever somebody looks at it."""

    at: datetime

    def __call__(self) -> datetime:
        self.at += texting.PATIENCE
        return self.at


@pytest.fixture
def slow(rt: Runtime, clock: Clock, on: date) -> Runtime:
    """A service whose every slice takes all the patience that there is."""
    named = replace(rt.settings, sms_providers="console")
    return replace(rt, settings=named, now=Walking(clock.at))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of two."""
    for module in (planning, calling, campaigns):
        monkeypatch.setattr(module, "SLICE", 2)


def campaign(rt: Runtime, region: str = "kunming") -> Campaign | None:
    with rt.sessions() as session:
        return session.scalars(select(Campaign).where(Campaign.region == region)).first()


def states(rt: Runtime) -> list[str]:
    return sorted(one.state for one in planned(rt))


def journalled(rt: Runtime) -> list[tuple[str, str]]:
    with rt.sessions() as session:
        entries = select(JournalEntry.action, JournalEntry.actor).where(JournalEntry.subject.startswith("campaign:"))
        return [(action, actor) for action, actor in session.execute(entries.order_by(JournalEntry.seq))]


def test_other_duties_have_their_turn_after_every_slice(rt: Runtime, slow: Runtime, add: Add) -> None:
    for n in range(5):
        add(1950 + n, f"1388800010{n}")
    add(1960, "087165551234")
    seen, sweeps, longest = list[str](), 0, 0
    while (there := campaign(rt)) is None or "called" not in there.counts:
        before = states(rt)
        texting.remind_today(slow)
        sweeps += 1
        assert sweeps < 60
        after, now = states(rt), campaign(rt)
        longest = max(longest, len(after) - len(before), after.count("queued") - before.count("queued"))
        seen += [now.state] if now is not None and now.state not in seen else []
    assert seen == ["planning", "released"]
    assert longest == 2, "no sweep does more than a slice"
    assert (states(rt), len(cases_of(rt))) == (["queued"] * 5, 1)


def test_a_sweep_that_has_time_does_it_all_at_once(rt: Runtime, slow: Runtime, clock: Clock, add: Add) -> None:
    for n in range(5):
        add(1950 + n, f"1388800010{n}")
    assert texting.remind_today(replace(slow, now=clock)) == 5


def test_what_was_planned_before_a_kill_is_not_gone_through_again(rt: Runtime, on: date, add: Add) -> None:
    for n in range(4):
        add(1950 + n, f"1388800010{n}")
    told = list[int]()

    def killed(days: int) -> None:
        told.append(days)
        if len(told) == 2:
            raise KeyboardInterrupt

    kunming = rt.regions["kunming"]
    with pytest.raises(KeyboardInterrupt):
        planning.plan(rt, kunming, on, "clerk", killed)
    identifier = planning.plan(rt, kunming, on, "clerk", told.append)
    days = sorted(kunming.reminders.days_before, reverse=True)
    assert told == [days[0]] * 3 + days[1:], "two slices of the first day and its end, and each other day once"
    assert counts(rt, identifier)["messages"] == 4


def test_stopped_in_the_middle_nothing_more_is_planned(rt: Runtime, on: date, add: Add) -> None:
    for n in range(4):
        add(1950 + n, f"1388800010{n}")

    def stopping(_: int) -> None:
        identifier = campaign(rt)
        assert identifier is not None
        campaigns.stop(rt, identifier.id, "clerk")

    identifier = planning.plan(rt, rt.regions["kunming"], on, "clerk", stopping)
    assert planning.go_on(rt, identifier, "clerk") is None
    there = campaign(rt)
    assert there is not None and there.state == "stopped"
    assert states(rt) == ["dropped"] * 2


def test_stopped_while_a_slice_is_planned_nothing_of_it_stands(rt: Runtime, on: date, add: Add) -> None:
    add(1950, "13888000100")
    kunming = rt.regions["kunming"]
    identifier = planning.begin(rt, kunming, on, "clerk")
    with rt.sessions() as session:
        looked_at = session.get_one(Campaign, identifier)
    campaigns.stop(rt, identifier, "clerk")
    with pytest.raises(planning._Stopped), rt.sessions.begin() as session:
        planning._slice(session, rt, looked_at, kunming, 0, max(kunming.reminders.days_before), "")
    planning._end(rt, looked_at.id, "clerk")
    there = campaign(rt)
    assert there is not None and (there.state, there.counts, states(rt)) == ("stopped", {}, [])
    assert journalled(rt) == [("campaign stopped", "clerk")]


def test_where_there_is_nobody_the_day_is_looked_at_once_and_nothing_else(
    rt: Runtime, slow: Runtime, clock: Clock, add: Add
) -> None:
    add(1950, "13888000100")
    quick = replace(slow, now=clock)
    for _ in range(2):
        texting.remind_today(quick)
    with rt.sessions() as session:
        found = {one.region: one.state for one in session.scalars(select(Campaign))}
    assert found.pop("kunming") == "released"
    assert set(found.values()) == {"done"}
    assert journalled(rt) == [("campaign planned", "schedule"), ("campaign released", "schedule")]
    there = campaign(rt, "xian")
    assert there is not None and (there.counts["people"], there.ended_at) == (0, clock.at)


def test_a_planned_campaign_with_somebody_in_it_is_not_left(rt: Runtime, on: date, add: Add) -> None:
    add(1950, "087165551234")
    identifier = plan(rt, on)
    assert not campaigns.leave(rt, identifier)
    there = campaign(rt)
    assert there is not None and there.state == "planned"


def test_calls_are_asked_for_slice_by_slice_and_each_once(rt: Runtime, on: date, add: Add) -> None:
    for n in range(5):
        add(1950 + n, f"08716555123{n}")
    identifier = plan(rt, on)
    assert calling.go_on(rt, identifier, "clerk") is None, "not before it is let go"
    campaigns.let_go(rt, identifier, "clerk")
    found = list[int | None]()
    while not found or found[-1] is not None:
        found.append(calling.go_on(rt, identifier, "clerk"))
    assert found == [2, 2, 1, *[0] * (len(rt.regions["kunming"].reminders.days_before) - 1), None]
    there = counts(rt, identifier)
    assert (there["called"], there["calls"], "asked" in there) == (True, 5, False)
    assert calling.ask(rt, identifier, "clerk") == 0
    assert journalled(rt).count(("calls asked for", "clerk")) == 3, "each slice in which there was anybody"
    with rt.sessions() as session:
        assert len(session.scalars(select(Case)).all()) == 5


def test_cases_that_are_closed_keep_no_other_waiting(
    rt: Runtime, on: date, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "AT_ONCE", 1)
    people = [add(1950 + n, f"08716555123{n}") for n in range(2)]
    campaigns.release(rt, plan(rt, on), "clerk")
    with rt.sessions.begin() as session:
        for one in people:
            certify(session, rt, session.get_one(Person, one.id))
    assert [texting.close_calls(rt) for _ in range(3)] == [1, 1, 0]


def test_paused_in_between_no_call_is_asked_for(rt: Runtime, on: date, add: Add) -> None:
    for n in range(3):
        add(1950 + n, f"08716555123{n}")
    identifier = plan(rt, on)
    campaigns.let_go(rt, identifier, "clerk")
    assert calling.go_on(rt, identifier, "clerk") == 2
    campaigns.pause(rt, identifier, "clerk")
    assert calling.go_on(rt, identifier, "clerk") is None
    campaigns.release(rt, identifier, "clerk")
    assert len(cases_of(rt)) == 3


def test_nothing_is_queued_that_is_held(rt: Runtime, on: date, add: Add) -> None:
    for n in range(3):
        add(1950 + n, f"1388800010{n}")
    identifier = plan(rt, on)
    assert campaigns.queue(rt, identifier) == 0
    campaigns.let_go(rt, identifier, "clerk")
    assert campaigns.queue(rt, identifier) == 2
    assert campaigns.pause(rt, identifier, "clerk") == 2
    assert campaigns.queue(rt, identifier) == 0
    assert campaigns.release(rt, identifier, "clerk") == 3


def test_what_is_begun_goes_before_what_is_not(rt: Runtime, slow: Runtime, on: date, add: Add) -> None:
    for n in range(3):
        add(1950 + n, f"1388800010{n}")
    identifier = plan(rt, on)
    campaigns.let_go(rt, identifier, "clerk")
    assert [texting.remind_today(slow), texting.remind_today(slow)] == [2, 1]
    assert campaign(rt, "xian") is None, "no other region is begun as long as something is left of this one"


def test_one_campaign_with_a_mistake_in_it_holds_up_no_other(
    rt: Runtime, slow: Runtime, clock: Clock, on: date, add: Add, caplog: pytest.LogCaptureFixture
) -> None:
    add(1950, "13888000100")
    with rt.sessions.begin() as session:
        lost = {"region": "xian", "on": on, "name": "others", "state": "released", "counts": {"asked": ["what?"]}}
        session.add(Campaign(**lost, planned_by="schedule", planned_at=rt.now() - timedelta(hours=1)))
    assert texting.remind_today(replace(slow, now=clock)) == 1
    assert "wait for the next sweep" in caplog.text
    with rt.sessions() as session:
        assert session.scalars(select(Message.state)).all() == ["queued"]
