"""Reminders planned set-based, released, paused, stopped; each telephone gets one, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from certification import certifying, helpers, needs, people, pins, safewords, standings
from certification.cases import CaseKind
from certification.helpers import Relation
from certification.needs import Declared
from certification.runtime import Runtime
from certification.store import Campaign, Case, Message, Person, Phone
from ops import texting
from sms import campaigns, planning, recipients
from sms.campaigns import CampaignNotThere
from sms.sending import Sender
from tests.certification.conftest import Clock, Queue
from tests.certification.numbers import resident_number
from tests.certification.suspending import certify
from tests.conversations.correspondents import put_on_record
from tests.sms.outbox.carrier import Stub
from tests.sms.outbox.conftest import MOBILE

Add = Callable[..., Person]


@pytest.fixture
def add(rt: Runtime) -> Add:
    """Puts somebody of Kunming on the roll, with an open quarter."""

    def deed(year: int, phone: str | None = None) -> Person:
        with rt.sessions.begin() as session:
            number = resident_number("530102", year, 5, 15)
            person = people.add(session, rt, id_number=number, name="吴", region="kunming", phone=phone)
            certifying.current_period(session, rt, person)
        return person

    return deed


@pytest.fixture
def on(rt: Runtime, clock: Clock) -> date:
    """A day on which Kunming reminds people of the quarter's end; the clock stands there, at ten in the morning."""
    days = max(rt.regions["kunming"].reminders.days_before)
    day = date(2026, 3, 31) - timedelta(days=days)
    clock.at += day - certifying.day_of(clock.at)
    return day


def plan(rt: Runtime, on: date) -> str:
    return planning.plan(rt, rt.regions["kunming"], on, "clerk")


def planned(rt: Runtime) -> list[Message]:
    with rt.sessions() as session:
        return list(session.scalars(select(Message).order_by(Message.words)))


def counts(rt: Runtime, identifier: str) -> dict[str, object]:
    with rt.sessions() as session:
        return session.get_one(Campaign, identifier).counts


def test_everybody_with_a_mobile_gets_one_message(
    rt: Runtime, on: date, add: Add, sender: Sender, carrier: Stub
) -> None:
    with_pin, without = add(1950, MOBILE), add(1951, "13888000002")
    add(1952, "087165551234")
    add(1953)
    with rt.sessions.begin() as session:
        put_on_record(session, rt, session.get_one(Person, with_pin.id), "before", rt.now() - timedelta(days=90))
        pins.set_pin(session, rt, session.get_one(Person, with_pin.id), "295038", "clerk")
        safewords.choose(session, rt, session.get_one(Person, with_pin.id), "喜鹊", "clerk")
    identifier = plan(rt, on)
    assert [(one.words, one.person_id, one.state) for one in planned(rt)] == [
        ("reminder.call", without.id, "planned"),
        ("reminder.pin", with_pin.id, "planned"),
    ]
    found = counts(rt, identifier)
    assert (found["people"], found["messages"], found["copies"], found["cost"]) == (4, 2, 0, None)
    assert (found["calls"], found["silent"]) == (1, 0), "nobody calls who has no telephone at all"
    assert sender.batch() == 0, "nothing goes before the release"
    assert campaigns.release(rt, identifier, "clerk") == 2
    assert sender.batch() == 2
    assert sorted(to for to, *_ in carrier.sent) == ["+8613888000001", "+8613888000002"]
    assert "喜鹊" in next(text for to, text, _ in carrier.sent if to.endswith("1"))


def foreseen(rt: Runtime, on: date) -> dict[str, object]:
    with rt.sessions() as session:
        return recipients.foreseen(session, rt, rt.regions["kunming"], on)


def test_what_it_comes_to_is_known_beforehand(rt: Runtime, on: date, add: Add) -> None:
    priced = replace(rt, settings=replace(rt.settings, sms_segment_cost=Decimal("0.05")))
    wu = add(1950, MOBILE)
    add(1951, "087165551234")
    with rt.sessions.begin() as session:
        person = session.get_one(Person, wu.id)
        for phone in ("13988000009", "087165554321"):
            one = helpers.declare(
                session, rt, person, name="吴女士", phone=phone, relation=Relation.RELATIVE, by="clerk"
            )
            helpers.agree_to_copies(session, rt, person, one, text="同意", how="desk", by="clerk")
    before = foreseen(priced, on)
    segments = before["segments"]
    assert isinstance(segments, int)
    assert before["cost"] == str(Decimal("0.05") * segments)
    assert (before["people"], before["messages"], before["copies"], before["calls"]) == (2, 2, 1, 1)
    assert counts(rt, plan(priced, on)) == before
    assert (planned(rt)[0].words, planned(rt)[0].phone_id) == ("reminder.call", wu_phone(rt, wu))


def wu_phone(rt: Runtime, wu: Person) -> str:
    with rt.sessions() as session:
        return session.scalars(select(Phone.id).where(Phone.person_id == wu.id)).one()


def test_a_human_calls_whom_no_message_reaches_once_a_period(rt: Runtime, on: date, add: Add, clock: Clock) -> None:
    add(1950, MOBILE)
    landline, deaf, out = add(1951, "087165551234"), add(1952, "087165551235"), add(1953, "13888000003")
    add(1954)
    with rt.sessions.begin() as session:
        needs.declare(session, rt, session.get_one(Person, deaf.id), Declared.HARD_OF_HEARING, "clerk")
        standings.opt_out(session, rt, "+8613888000003")
    identifier = plan(rt, on)
    assert cases_of(rt) == {}, "a plan asks nobody for anything"
    campaigns.release(rt, identifier, "clerk")
    assert set(cases_of(rt)) == {landline.id, out.id}
    campaigns.release(rt, identifier, "clerk")
    later = sorted(rt.regions["kunming"].reminders.days_before)[-2]
    clock.at += date(2026, 3, 31) - timedelta(days=later) - on
    campaigns.release(rt, plan(rt, certifying.day_of(rt.now())), "clerk")
    assert set(cases_of(rt)) == {landline.id, out.id}
    with rt.sessions.begin() as session:
        certify(session, rt, session.get_one(Person, landline.id))
    assert [texting.close_calls(rt), texting.close_calls(rt)] == [1, 0]
    assert cases_of(rt) == {landline.id: "certified", out.id: None}


def cases_of(rt: Runtime) -> dict[str, str | None]:
    with rt.sessions() as session:
        rows = select(Case.person_id, Case.verdict).where(Case.kind == CaseKind.TO_CALL.value)
        return {str(person): verdict for person, verdict in session.execute(rows)}


def test_calls_that_a_kill_left_unasked_are_asked_for_by_the_sweep(rt: Runtime, on: date, add: Add) -> None:
    landline = add(1951, "087165551234")
    identifier = plan(rt, on)
    with rt.sessions.begin() as session:
        session.get_one(Campaign, identifier).state = "released"  # as if it was killed right after
    assert texting.finish_campaigns(rt) == 0
    texting.remind_today(_with_carrier(rt))
    assert set(cases_of(rt)) == {landline.id}
    assert texting.finish_campaigns(rt) == 1, "those of the other regions are empty, and over already"
    assert texting.finish_campaigns(rt) == 0


def test_a_campaign_that_the_sweep_planned_and_a_kill_held_is_let_go(rt: Runtime, on: date, add: Add) -> None:
    add(1950, MOBILE)
    planning.plan(rt, rt.regions["kunming"], on, texting.BY)
    assert texting.remind_today(_with_carrier(rt)) == 1


def test_what_a_clerk_planned_waits_for_the_clerk(rt: Runtime, on: date, add: Add) -> None:
    add(1950, MOBILE)
    plan(rt, on)
    assert texting.remind_today(_with_carrier(rt)) == 0


def test_planned_again_it_is_the_same(rt: Runtime, on: date, add: Add) -> None:
    add(1950, MOBILE)
    assert plan(rt, on) == plan(rt, on)
    identifier = plan(rt, on)
    assert [campaigns.release(rt, identifier, "clerk") for _ in range(2)] == [1, 0]
    assert len(planned(rt)) == 1


def test_planning_goes_on_where_it_was_killed(rt: Runtime, on: date, add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "SLICE", 2)
    for n in range(4):
        add(1950 + n, f"1388800010{n}")

    def killed(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        planning.plan(rt, rt.regions["kunming"], on, "clerk", killed)
    assert len(planned(rt)) == 2
    identifier = plan(rt, on)
    assert (len(planned(rt)), counts(rt, identifier)["messages"]) == (4, 4)
    assert campaigns.release(rt, identifier, "clerk") == 4


def test_a_couple_on_one_telephone_gets_a_message_each(rt: Runtime, on: date, add: Add) -> None:
    add(1950, MOBILE)
    add(1951, MOBILE)
    plan(rt, on)
    assert len({one.person_id for one in planned(rt)}) == 2


def test_a_helper_gets_a_copy_with_consent_alone(
    rt: Runtime, on: date, add: Add, sender: Sender, carrier: Stub
) -> None:
    wu = add(1950, MOBILE)
    with rt.sessions.begin() as session:
        person = session.get_one(Person, wu.id)
        for phone, agreed in (("13988000009", True), ("13988000008", False)):
            one = helpers.declare(
                session, rt, person, name="吴女士", phone=phone, relation=Relation.RELATIVE, by="clerk"
            )
            if agreed:
                helpers.agree_to_copies(session, rt, person, one, text="同意", how="desk", by="clerk")
        safewords.choose(session, rt, person, "喜鹊", "clerk")
    identifier = plan(rt, on)
    assert counts(rt, identifier)["copies"] == 1
    campaigns.release(rt, identifier, "clerk")
    sender.batch()
    copies = {to: text for to, text, _ in carrier.sent}
    assert set(copies) == {f"+86{MOBILE}", "+8613988000009"}
    assert "喜鹊" not in copies["+8613988000009"], "the safe word is the person's alone"


def test_numbers_that_take_nothing_are_left_out(rt: Runtime, on: date, add: Add) -> None:
    add(1950, MOBILE)
    add(1951, "13888000002")
    with rt.sessions.begin() as session:
        standings.opt_out(session, rt, f"+86{MOBILE}")
        standings.mark_fault(session, rt, "+8613888000002", "21614")
    assert foreseen(rt, on) == counts(rt, plan(rt, on))
    assert planned(rt) == []
    assert counts(rt, plan(rt, on))["silent"] == 2


def test_paused_it_waits_resumed_it_goes_on_stopped_it_ends(
    rt: Runtime, on: date, add: Add, sender: Sender, carrier: Stub
) -> None:
    for n in range(3):
        add(1950 + n, f"1388800010{n}")
    identifier = plan(rt, on)
    campaigns.release(rt, identifier, "clerk")
    sender.batch(1)
    assert campaigns.pause(rt, identifier, "clerk") == 2
    assert sender.batch() == 0
    assert campaigns.release(rt, identifier, "clerk") == 2
    sender.batch(1)
    assert campaigns.stop(rt, identifier, "clerk") == 1
    assert (sender.batch(), len(carrier.sent)) == (0, 2)
    with pytest.raises(CampaignNotThere):
        campaigns.release(rt, identifier, "clerk")
    with rt.sessions() as session:
        told = campaigns.progress(session, identifier)
    assert (told.states, told.reasons) == ({"sent": 2, "dropped": 1}, {"stopped": 1})


def test_what_was_claimed_before_the_pause_waits_as_well(
    rt: Runtime, on: date, add: Add, sender: Sender, carrier: Stub
) -> None:
    add(1950, MOBILE)
    identifier = plan(rt, on)
    campaigns.release(rt, identifier, "clerk")
    with rt.sessions.begin() as session:
        session.get_one(Campaign, identifier).state = "paused"  # as if the pause came between its two steps
    sender.batch()
    assert (carrier.sent, planned(rt)[0].state, planned(rt)[0].tries) == ([], "planned", 0)


def test_the_sweep_sends_the_days_reminders_by_itself_once(
    rt: Runtime, on: date, add: Add, clock: Clock, queue: Queue
) -> None:
    add(1950, MOBILE)
    assert texting.remind_today(rt) == 0, "no carrier is named"
    named = _with_carrier(rt)
    assert [texting.remind_today(named), texting.remind_today(named)] == [1, 0]
    assert queue.jobs[-1][0] == "ops.text_jobs.send"
    with rt.sessions.begin() as session:
        session.query(Message).update({"state": "planned"})  # as if it had been killed in between
    assert texting.remind_today(named) == 1


def test_nothing_is_planned_by_itself_at_night(rt: Runtime, on: date, add: Add, clock: Clock) -> None:
    add(1950, MOBILE)
    clock.forward(hours=-4)  # six in the morning
    assert texting.remind_today(_with_carrier(rt)) == 0


def _with_carrier(rt: Runtime) -> Runtime:
    return replace(rt, settings=replace(rt.settings, sms_providers="console"))
