"""Whoever wants to live no longer: a kind answer, a human before all others, no reminders until they have called."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from certification import bereavement, cases, certifying
from certification.cases import CaseKind
from certification.ladder import climbing
from certification.regions import Regions
from certification.runtime import Runtime
from certification.store import Case, Climb, JournalEntry, Message, Person, Phone
from sms import outbox, texts
from sms.batch import known
from sms.outbox import Purpose
from sms.wanted import Drop, not_now
from tests.certification.conftest import Clock, clock, queue, rt
from tests.conversations.correspondents import HERS, STRANGER, WU, Writes, opened, resident, writes, wu

__all__ = ["clock", "queue", "rt", "writes", "wu"]

SAID = "不想活了，死了算了"


def decide(rt: Runtime) -> None:
    """Somebody has called them, and says so."""
    with rt.sessions.begin() as session:
        for case in session.scalars(select(Case)):
            assert cases.decide(session, rt, case, verdict="called", by="operator")


def reminded(rt: Runtime, person: Person) -> object:
    """What holds a reminder to the person back now; None: nothing does."""
    with rt.sessions.begin() as session:
        one = session.get_one(Person, person.id)
        period = certifying.current_period(session, rt, one)
        phone = session.scalars(select(Phone).where(Phone.person_id == one.id)).one()
        about = {"reminder": f"test:{period.id}", "purpose": Purpose.REMINDER, "words": "reminder.call"}
        facts = {"due": period.due.isoformat(), "period": period.id}
        message = outbox.put(session, rt, person=one, phone=phone, facts=facts, **about)  # type: ignore[arg-type]
        return not_now(message, known(session, rt, [message]), rt.now())


def test_they_are_answered_kindly_and_called_before_all_others_and_nobody_died(
    rt: Runtime, wu: Person, writes: Writes, caplog: pytest.LogCaptureFixture
) -> None:
    phone = writes()
    phone.writes(SAID).hears("answer.urgent")
    phone.writes("活着没意思").hears("answer.urgent")
    assert opened(rt) == [("urgent", wu.id)], "one until somebody has called"
    with rt.sessions() as session:
        [case], entries = session.scalars(select(Case)).all(), session.scalars(select(JournalEntry)).all()
        assert not bereavement.reminders_stopped(session, wu.id)
    assert case.id in caplog.text
    assert wu.id not in caplog.text
    assert not any("活" in told for told in (caplog.text, *(one.detail for one in entries)))
    decide(rt)
    phone.writes(SAID).hears("answer.urgent")
    assert opened(rt) == [("urgent", wu.id)] * 2


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2026, 3, 10, 8, 0, tzinfo=UTC), "answer.urgent"),
        (datetime(2026, 3, 9, 22, 0, tzinfo=UTC), "answer.urgent"),  # Tuesday, six in the morning there
        (datetime(2026, 3, 10, 9, 30, tzinfo=UTC), "answer.urgent_later"),
        (datetime(2026, 3, 14, 3, 0, tzinfo=UTC), "answer.urgent_later"),  # a Saturday
    ],
    ids=["at work", "before work", "after work", "a weekend"],
)
def test_a_call_is_promised_for_today_only_where_somebody_still_works_today(
    clock: Clock, wu: Person, writes: Writes, at: datetime, words: str
) -> None:
    clock.at = at
    writes().writes(SAID).hears(words)


def test_reminders_wait_until_a_human_has_called(rt: Runtime, wu: Person, writes: Writes) -> None:
    assert reminded(rt, wu) is None
    writes().writes(SAID).hears("answer.urgent")
    assert reminded(rt, wu) == Drop("called first")
    decide(rt)
    assert reminded(rt, wu) is None


def test_the_ladder_waits_until_a_human_has_called(rt: Runtime, clock: Clock, wu: Person, writes: Writes) -> None:
    with rt.sessions.begin() as session:
        one = session.get_one(Person, wu.id)
        climbing.begin(session, rt, one, certifying.current_period(session, rt, one))
    writes().writes(SAID)
    climbed = []
    for _ in range(2):
        clock.forward(hours=2)
        with rt.sessions.begin() as session:
            climbed.append(climbing.climb(session, rt, session.scalars(select(Climb.id)).one()))
        if not climbed[-1]:
            decide(rt)
    assert climbed == [False, True]


def test_on_a_shared_telephone_each_is_left_in_peace(rt: Runtime, wu: Person, writes: Writes) -> None:
    wife = resident(rt, 2, WU, HERS)
    writes().writes(SAID).hears("answer.urgent")
    assert sorted(opened(rt)) == sorted([("urgent", wu.id), ("urgent", wife.id)])


def test_a_number_of_nobodys_is_answered_and_called_as_well(rt: Runtime, writes: Writes) -> None:
    writes(STRANGER).writes(SAID).hears("answer.urgent")
    assert opened(rt) == [("urgent", None)]


def test_an_urgent_case_goes_before_people_who_go_before_others(rt: Runtime, wu: Person, writes: Writes) -> None:
    with rt.sessions.begin() as session:
        kind = CaseKind.UNREACHED
        cases.open_case(session, rt, kind=kind, cause="ladder", detail={"first": True})
    writes().writes(SAID)
    with rt.sessions() as session:
        assert [one.kind for one in cases.waiting(session, most=2)] == ["urgent", "unreached"]


def test_the_answer_names_the_countrys_line_or_the_regions_own() -> None:
    kunming = Regions.load()["kunming"]
    assert "打12356" in texts.render("answer.urgent", kunming, None, {})
    own = kunming.model_copy(update={"helpline": "+8687112355"})
    assert "打087112355" in texts.render("answer.urgent_later", own, "cantonese", {})


def test_nobody_in_despair_is_told_of_certifying(rt: Runtime, wu: Person, writes: Writes) -> None:
    writes().writes(SAID)
    with rt.sessions() as session:
        message = session.scalars(select(Message)).one()
    for dialect in texts.dialects():
        assert "认证" not in texts.render(message.words, rt.regions["kunming"], dialect, message.facts)
