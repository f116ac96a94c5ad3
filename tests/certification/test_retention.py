"""What was written and sent by text goes by its age: words first, records later, codes soon, what a case needs last."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import cases, replycodes, retention, seals
from certification.cases import CaseKind
from certification.runtime import Runtime
from certification.store import (
    Campaign,
    Case,
    JournalEntry,
    Message,
    Person,
    ReplyCode,
    Text,
    forget_deleted,
    new_id,
    only_read,
)
from ops import schedule
from tests.certification.conftest import Clock

E164 = "+8613888000001"
NOTHING = {"bodies": 0, "texts": 0, "messages": 0, "codes": 0}


def wrote(session: Session, rt: Runtime) -> str:
    """Somebody writes now."""
    text = new_id()
    row = {"provider": "console", "provider_ref": text, "read": "thanks", "received_at": rt.now()}
    sealed = {"from_sealed": rt.keys.seal(E164.encode(), seals.writer(text)), "from_index": "0"}
    session.add(Text(id=text, body_sealed=rt.keys.seal("谢谢".encode(), seals.body(text)), **row, **sealed))
    session.flush()
    return text


def message(session: Session, rt: Runtime, **more: object) -> str:
    """A message goes out now."""
    row = {"reminder": new_id(), "purpose": "reminder", "priority": 9, "words": "reminder.code", "state": "delivered"}
    sent = Message(id=new_id(), not_before=rt.now(), **row, **more)
    session.add(sent)
    session.flush()
    return sent.id


def campaign(session: Session, rt: Runtime, on: date) -> str:
    row = {"region": "kunming", "name": "reminders", "state": "done", "planned_by": "clerk", "planned_at": rt.now()}
    made = Campaign(id=new_id(), on=on, **row)
    session.add(made)
    session.flush()
    return made.id


def forget(rt: Runtime) -> dict[str, int]:
    with rt.sessions.begin() as session:
        return retention.forget(session, rt, "schedule")


def test_words_go_after_their_days_and_the_record_after_more(rt: Runtime, clock: Clock) -> None:
    with rt.sessions.begin() as session:
        text = wrote(session, rt)
    clock.forward(days=180, minutes=-1)
    assert forget(rt) == NOTHING
    clock.forward(minutes=1)
    assert (forget(rt), forget(rt)) == (NOTHING | {"bodies": 1}, NOTHING)
    with rt.sessions() as session:
        kept = session.get_one(Text, text)
        assert (kept.body_sealed, kept.read) == (None, "thanks")
        entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "texts forgotten")).one()
        assert json.loads(entry.detail) == NOTHING | {"bodies": 1}
    clock.forward(days=550)
    assert (forget(rt), forget(rt)) == (NOTHING | {"texts": 1}, NOTHING)


def test_the_settings_say_after_how_many_days(rt: Runtime, clock: Clock) -> None:
    shorter = replace(rt, settings=replace(rt.settings, text_body_days=10, text_days=90))
    with rt.sessions.begin() as session:
        wrote(session, rt)
        message(session, rt)
    clock.forward(days=10)
    assert forget(shorter) == NOTHING | {"bodies": 1}
    clock.forward(days=80)
    assert forget(shorter) == NOTHING | {"texts": 1, "messages": 1}


def test_what_an_open_case_needs_stays_until_it_is_decided(rt: Runtime, clock: Clock) -> None:
    with rt.sessions.begin() as session:
        text = wrote(session, rt)
        wrote(session, rt)
        cases.open_case(session, rt, kind=CaseKind.URGENT, cause="1", detail={"text": text})
        cases.open_case(session, rt, kind=CaseKind.SHARED_LINE, cause="2")
    clock.forward(days=800)
    assert forget(rt)["texts"] == 1
    with rt.sessions.begin() as session:
        assert session.get_one(Text, text).body_sealed is not None
        [case] = session.scalars(select(Case).where(Case.cause == "1"))
        assert cases.decide(session, rt, case, verdict="rung", by="operator")
    assert forget(rt)["texts"] == 1


def test_messages_go_alone_and_with_their_campaign_and_younger_ones_stay(rt: Runtime, clock: Clock) -> None:
    today = clock().date()
    with rt.sessions.begin() as session:
        old = campaign(session, rt, today)
        for _ in range(2):
            message(session, rt, campaign_id=old)
        message(session, rt)
    clock.forward(days=100)
    with rt.sessions.begin() as session:
        young = campaign(session, rt, today + timedelta(days=100))
        left = {message(session, rt, campaign_id=young), message(session, rt)}
    clock.forward(days=630)
    assert (forget(rt), forget(rt)) == (NOTHING | {"messages": 3}, NOTHING)
    with rt.sessions() as session:
        assert set(session.scalars(select(Message.id))) == left
        assert len(session.scalars(select(Campaign)).all()) == 2, "what it came to stays"


def test_codes_go_when_they_are_known_no_longer(rt: Runtime, clock: Clock, wu: Person) -> None:
    with rt.sessions.begin() as session:
        sent = session.get_one(Message, message(session, rt, person_id=wu.id))
        replycodes.keep(session, rt, list(replycodes.draw(session, rt, [(sent, E164)]).values()))
    clock.forward(days=7 + 60, minutes=-1)
    assert forget(rt) == NOTHING
    clock.forward(minutes=1)
    assert forget(rt) == NOTHING | {"codes": 1}
    with rt.sessions() as session:
        assert session.scalars(select(ReplyCode)).all() == []


def test_the_sweep_does_it_a_slice_at_a_time(rt: Runtime, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "SLICE", 2)
    with rt.sessions.begin() as session:
        for _ in range(3):
            wrote(session, rt)
    clock.forward(days=200)
    assert schedule.forget_texts in schedule.DUTIES
    assert [schedule.forget_texts(rt) for _ in range(3)] == [2, 1, 0]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_deleted_while_somebody_read_leaves_the_log_within_a_minute(
    rt: Runtime, clock: Clock, database_url: str
) -> None:
    log = Path(f"{database_url.removeprefix('sqlite:///')}-wal")
    with rt.sessions() as reader:
        only_read(reader)
        reader.execute(select(Person.id)).all()
        with rt.sessions.begin() as session:
            wrote(session, rt)
        assert not forget_deleted(rt.sessions)
    for _ in range(60 // schedule.EVERY_S):
        clock.forward(seconds=schedule.EVERY_S)
        schedule.empty_log(rt)
    assert log.stat().st_size == 0
    assert schedule.empty_log in schedule.DUTIES
