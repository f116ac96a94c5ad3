"""Certifying by text, in whole conversations: a PIN, the code of a reminder, what is answered and on record then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from certification import (
    certifying,
    helpers,
    pins,
    replycodes,
)
from certification.evidence import Kind, Strength
from certification.helpers import Relation
from certification.regions import Regions
from certification.runtime import Runtime
from certification.store import Evidence, Person
from tests.certification.conftest import Clock, clock, queue, rt
from tests.conversations.correspondents import (
    DAUGHTER,
    HERS,
    PIN,
    STRANGER,
    WIFE,
    WU,
    Writes,
    closed,
    code_for,
    evidence,
    opened,
    put_on_record,
    resident,
    writes,
    wu,
)
from tests.conversations.texter import Texter

__all__ = ["clock", "queue", "rt", "writes", "wu"]


def test_a_pin_certifies_and_its_answer_has_the_receipt(rt: Runtime, wu: Person, writes: Writes) -> None:
    answer = writes().writes(f"密码 {PIN}").hears("answer.certified")
    assert evidence(rt, wu) == [(Kind.PIN, Strength.POSSESSION)]
    with rt.sessions() as session:
        status = certifying.status(session, rt, session.get_one(Person, wu.id))
    assert status.closed
    assert (answer.facts["receipt"], answer.facts["next_due"]) == (status.receipt, status.next_due.isoformat())
    assert (answer.facts["region"], answer.facts["dialect"]) == ("kunming", "mandarin")
    assert (answer.person_id, answer.priority) == (wu.id, 0)


def test_a_pin_alone_is_recorded_where_the_region_needs_more(rt: Runtime, writes: Writes) -> None:
    li = resident(rt, pin=PIN, region="changsha")
    phone = writes()
    phone.writes(PIN).hears("answer.recorded")
    phone.writes(PIN).hears("answer.recorded")
    assert not closed(rt, li)
    assert opened(rt) == [("needs_more", li.id)]  # one for the period


def test_a_region_that_does_not_certify_by_text_says_so_and_counts_nothing(
    rt: Runtime, clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "silent.toml").write_text('name = "无短信"\nroutes = ["call", "pin", "desk"]\n', encoding="utf-8")
    silent = replace(rt, regions=Regions.load(tmp_path))
    li = resident(silent, pin=PIN, region="silent")
    for typed in (*["111112"] * 6, PIN):
        Texter(silent, clock, WU).writes(typed).hears("answer.closed")
    with rt.sessions.begin() as session:
        assert pins.check(session, rt, session.get_one(Person, li.id), "111112") == pins.Wrong(4)


def test_wrong_pins_lock_line_and_text_together(rt: Runtime, wu: Person, writes: Writes, clock: Clock) -> None:
    phone = writes()
    with rt.sessions.begin() as session:  # one on the line
        assert pins.check(session, rt, session.get_one(Person, wu.id), "000000") == pins.Wrong(4)
    assert [phone.writes("密码000000").hears("answer.wrong").facts["left"] for _ in range(3)] == [3, 2, 1]
    answer = phone.writes("000000").hears("answer.locked")
    until = (clock.at + pins.FIRST_LOCK).isoformat()
    assert answer.facts["until"] == until
    assert phone.writes(PIN).hears("answer.locked").facts["until"] == until
    with rt.sessions.begin() as session:
        assert isinstance(pins.check(session, rt, session.get_one(Person, wu.id), PIN), pins.Locked)
    clock.forward(hours=1)
    phone.writes(PIN).hears("answer.certified")


def test_on_a_couples_telephone_the_pin_says_who(rt: Runtime, wu: Person, writes: Writes) -> None:
    wife = resident(rt, 2, WU, HERS)
    phone = writes()
    assert phone.writes("123457").hears("answer.wrong").facts["left"] == 4
    phone.writes(HERS).hears("answer.certified")
    assert (closed(rt, wu), closed(rt, wife)) == (False, True)
    assert phone.writes("123457").hears("answer.wrong").facts["left"] == 3  # his first wrong one still counts
    phone.writes(PIN).hears("answer.certified")
    assert evidence(rt, wu) == evidence(rt, wife) == [(Kind.PIN, Strength.POSSESSION)]


def test_a_couple_with_one_pin_is_asked_who_it_is(rt: Runtime, wu: Person, writes: Writes) -> None:
    wife = resident(rt, 2, WU, PIN)
    for _ in range(6):
        writes().writes(PIN).hears("answer.which")  # and nobody is locked
    assert evidence(rt, wu) == evidence(rt, wife) == []


@pytest.mark.parametrize("on_roll", [True, False], ids=["relative on the roll", "declared helper"])
def test_a_daughter_sends_the_pin_from_her_own_telephone(rt: Runtime, writes: Writes, on_roll: bool) -> None:
    wu = resident(rt, pin=PIN, relative_phone=DAUGHTER if on_roll else "")
    if not on_roll:
        writes(DAUGHTER).writes(PIN).hears("answer.unknown")
        with rt.sessions.begin() as session:
            one = session.get_one(Person, wu.id)
            facts = {"name": "吴女士", "phone": DAUGHTER, "relation": Relation.RELATIVE, "by": "clerk"}
            helpers.declare(session, rt, one, **facts)  # type: ignore[arg-type]
    phone = writes(DAUGHTER)
    if not on_roll:  # she helps, and gets no copies: where he stands is not told her
        phone.writes("查询").hears("answer.unknown")
    phone.writes(PIN).hears("answer.certified")
    assert closed(rt, wu)
    with rt.sessions() as session:
        [by_text] = session.scalars(select(Evidence).where(Evidence.source == "sms"))
    assert by_text.detail == {"telephone": "relative" if on_roll else "helper"}


def test_strangers_guess_in_vain_and_are_soon_not_answered(rt: Runtime, wu: Person, writes: Writes) -> None:
    phone = writes(STRANGER)
    for _ in range(5):
        phone.writes(PIN).hears("answer.unknown")
    phone.writes(PIN).hears_nothing()
    phone.writes("查询").hears("answer.unknown")
    assert evidence(rt, wu) == []
    assert writes().writes("000000").hears("answer.wrong").facts["left"] == 4  # none of it was counted for him


def test_a_late_reply_of_somebody_who_was_certified_meanwhile(rt: Runtime, wu: Person, writes: Writes) -> None:
    with rt.sessions.begin() as session:
        put_on_record(session, rt, session.get_one(Person, wu.id), "desk")
        due = certifying.status(session, rt, session.get_one(Person, wu.id)).next_due
    assert writes().writes(PIN).hears("answer.already").facts["next_due"] == due.isoformat()


def test_a_text_that_the_carrier_brings_again_is_answered_once(rt: Runtime, wu: Person, writes: Writes) -> None:
    phone = writes().writes(PIN)
    assert not phone.is_brought_again(PIN)
    phone.hears("answer.certified")
    assert evidence(rt, wu) == [(Kind.PIN, Strength.POSSESSION)]


def test_a_one_time_code_counts_once_and_only_from_its_number(rt: Runtime, writes: Writes) -> None:
    wu, wife = resident(rt), resident(rt, 2, WIFE)
    code = code_for(rt, wu)
    writes(WIFE).writes(code).hears("answer.no_pin")
    writes(STRANGER).writes(code).hears("answer.unknown")
    phone = writes()
    assert phone.writes("000000" if code != "000000" else "000001").hears("answer.code_wrong").facts["left"] == 4
    phone.writes(f"回复 {code}").hears("answer.certified")
    assert evidence(rt, wu) == [(Kind.CODE, Strength.POSSESSION)]
    phone.writes(code).hears("answer.already")
    assert evidence(rt, wu) == [(Kind.CODE, Strength.POSSESSION)]
    assert evidence(rt, wife) == []


def test_a_code_that_is_too_old_is_said_to_be_so(rt: Runtime, writes: Writes, clock: Clock) -> None:
    wu = resident(rt)
    code = code_for(rt, wu)
    clock.at += replycodes.VALID
    writes().writes(code).hears("answer.code_over")
    assert evidence(rt, wu) == []


def test_a_code_is_no_wrong_pin_and_a_pin_no_wrong_code(rt: Runtime, wu: Person, writes: Writes) -> None:
    wife = resident(rt, 2)
    code = code_for(rt, wife)
    for _ in range(6):
        writes().writes(PIN)
    writes().writes(code).hears("answer.certified")
    assert closed(rt, wife)
    assert writes().writes("000000").hears("answer.wrong").facts["left"] == 4
