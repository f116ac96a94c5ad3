"""A record that does not open: no text is lost by it, the others on the telephone are answered, a human gets a case."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import select, update

from certification import cases
from certification.runtime import Runtime
from certification.store import Case, JournalEntry, Message, Person, Text
from ops.app import create_app
from tests.certification.conftest import Clock, clock, queue, rt
from tests.conversations.correspondents import (
    HERS,
    PIN,
    STRANGER,
    WU,
    Writes,
    closed,
    code_for,
    evidence,
    opened,
    resident,
    writes,
    wu,
)
from tests.sms.conftest import TextLine

__all__ = ["clock", "queue", "rt", "writes", "wu"]


def broken(rt: Runtime, person: Person) -> Person:
    """The person, whose identity number does not open any more."""
    with rt.sessions.begin() as session:
        session.execute(update(Person).where(Person.id == person.id).values(number_sealed=b"broken"))
    return person


def journalled(rt: Runtime, action: str) -> list[str]:
    with rt.sessions() as session:
        return list(session.scalars(select(JournalEntry.subject).where(JournalEntry.action == action)))


def test_a_query_from_a_couples_telephone_is_answered_for_whom_it_can_be(
    rt: Runtime, wu: Person, writes: Writes
) -> None:
    wife = broken(rt, resident(rt, 2, WU, HERS))
    phone = writes()
    assert phone.writes("查询").hears("answer.open").facts["due"] == "2026-03-31"
    assert opened(rt) == [("unreadable", wife.id)]
    phone.writes("查询").hears("answer.open")
    assert opened(rt) == [("unreadable", wife.id)], "one case until a human has decided"
    assert journalled(rt, "record found unreadable") == [f"person:{wife.id}"] * 2
    with rt.sessions.begin() as session:
        [one] = session.scalars(select(Case))
        assert cases.decide(session, rt, one, verdict="seen to", by="clerk")
    phone.writes("查询").hears("answer.open")
    assert opened(rt) == [("unreadable", wife.id)] * 2


def test_a_query_of_somebody_whose_record_does_not_open_goes_to_a_human(
    rt: Runtime, wu: Person, writes: Writes
) -> None:
    broken(rt, wu)
    assert writes().writes("查询").hears("answer.human").person_id == wu.id
    assert opened(rt) == [("unreadable", wu.id)]


def test_a_right_pin_is_not_lost_where_the_record_does_not_open(rt: Runtime, wu: Person, writes: Writes) -> None:
    wife = broken(rt, resident(rt, 2, WU, HERS))
    phone = writes()
    assert phone.writes(HERS).hears("answer.human").person_id == wife.id
    assert (opened(rt), evidence(rt, wife)) == ([("unreadable", wife.id)], [])
    phone.writes(PIN).hears("answer.certified")
    assert closed(rt, wu)


def test_a_code_is_not_lost_where_the_record_does_not_open(rt: Runtime, writes: Writes) -> None:
    wu = resident(rt)
    code = code_for(rt, wu)
    broken(rt, wu)
    for _ in range(2):  # used up by the first
        writes().writes(code).hears("answer.human")
    assert opened(rt) == [("unreadable", wu.id)]


class Stumbling:
    """A clock that fails a few times, as a mistake in the program would."""

    def __init__(self, clock: Clock, times: int = 1) -> None:
        self.clock, self.times = clock, times

    def __call__(self) -> datetime:
        self.times -= 1
        if self.times >= 0:
            raise ZeroDivisionError("a mistake in the program")
        return self.clock()


@pytest.mark.parametrize("number", [WU, STRANGER, "12306"], ids=["wu", "stranger", "hotline"])
def test_a_text_that_a_mistake_stops_is_kept_for_a_human(
    rt: Runtime, clock: Clock, wu: Person, caplog: pytest.LogCaptureFixture, number: str
) -> None:
    stumbling = replace(rt, now=Stumbling(clock))
    form = {"MessageSid": "SM1", "From": number, "Body": f"密码 {PIN}"}
    client = create_app(stumbling).test_client()
    signed = TextLine(rt).signature("/sms", form)
    for _ in range(2):
        assert client.post("/sms", data=form, headers=signed).status_code == 200
    with rt.sessions() as session:
        [text], answers = session.scalars(select(Text)).all(), session.scalars(select(Message.words)).all()
    whose = wu.id if number == WU else None
    assert (text.read, text.person_id) == ("unreadable", whose)
    assert answers == ([] if number == "12306" else ["answer.human"])
    assert opened(rt) == [("call_back", whose)]
    assert journalled(rt, "text handed over") == [f"text:{text.id}"]
    assert "ZeroDivisionError" in caplog.text and PIN not in caplog.text


def test_whoever_despairs_is_called_first_even_where_a_mistake_stops_their_text(
    rt: Runtime, clock: Clock, wu: Person
) -> None:
    form = {"MessageSid": "SM1", "From": WU, "Body": "不想活了"}
    client = create_app(replace(rt, now=Stumbling(clock))).test_client()
    assert client.post("/sms", data=form, headers=TextLine(rt).signature("/sms", form)).status_code == 200
    assert opened(rt) == [("urgent", wu.id)]
    with rt.sessions() as session:
        assert session.scalars(select(Message.words)).all() == ["answer.urgent_later"]
