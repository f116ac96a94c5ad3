"""Several people at one number, who differ in region, in what takes messages, in whose telephone it is; or too many."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from certification import helpers, standings
from certification.helpers import Relation
from certification.regions import Regions
from certification.runtime import Runtime
from certification.store import Evidence, Person, Phone
from sms.writers import MOST
from tests.certification.conftest import Clock, clock, queue, rt
from tests.conversations.correspondents import (
    DAUGHTER,
    HERS,
    LANDLINE,
    PIN,
    WIFE,
    WU,
    Writes,
    closed,
    evidence,
    resident,
    writes,
    wu,
)
from tests.conversations.test_by_text_otherwise import no_mobile, out
from tests.conversations.texter import Texter

__all__ = ["clock", "queue", "rt", "writes", "wu"]


def test_of_too_many_at_a_number_no_pin_says_who(rt: Runtime, writes: Writes) -> None:
    first = resident(rt, 1, pin=PIN)
    for order in range(2, MOST + 1):
        resident(rt, order)
    writes().writes("密码 000000").hears("answer.wrong")
    resident(rt, MOST + 1)
    writes().writes(PIN).hears("answer.which")
    assert evidence(rt, first) == []


def test_each_of_a_couple_has_the_rules_of_their_own_region(
    rt: Runtime, clock: Clock, wu: Person, tmp_path: Path
) -> None:
    (tmp_path / "silent.toml").write_text('name = "无短信"\nroutes = ["call", "pin", "desk"]\n', encoding="utf-8")
    mixed = replace(rt, regions=Regions.load(tmp_path))
    wife = resident(mixed, 2, pin=HERS, region="silent")
    phone = Texter(mixed, clock, WU)
    assert phone.writes(HERS).hears("answer.closed").person_id == wife.id
    assert evidence(rt, wife) == []
    phone.writes(PIN).hears("answer.certified")
    assert closed(mixed, wu)


def test_a_relatives_number_on_the_roll_is_no_channel_of_the_persons(rt: Runtime, writes: Writes) -> None:
    wu = resident(rt, relative_phone=DAUGHTER)
    writes().writes("退订").hears("answer.not_stopped")
    assert no_mobile(rt, wu)


def test_who_never_had_a_mobile_loses_none_by_a_relatives_stop(rt: Runtime, writes: Writes) -> None:
    wu = resident(rt, phone=LANDLINE, relative_phone=DAUGHTER)
    writes(DAUGHTER).writes("退订").hears("answer.stopped")
    assert (out(rt, DAUGHTER), no_mobile(rt, wu)) == (True, False)


@pytest.mark.parametrize("why", ["stopped", "faulty"])
def test_another_mobile_that_takes_nothing_is_no_channel(rt: Runtime, wu: Person, writes: Writes, why: str) -> None:
    resident(rt, 1, WIFE)
    with rt.sessions.begin() as session:
        if why == "stopped":
            standings.opt_out(session, rt, WIFE)
        else:
            standings.mark_fault(session, rt, WIFE, "21614")
    writes().writes("退订").hears("answer.not_stopped")
    assert no_mobile(rt, wu)


def test_a_telephone_that_does_not_open_stops_no_stop(
    rt: Runtime, wu: Person, writes: Writes, caplog: pytest.LogCaptureFixture
) -> None:
    with rt.sessions.begin() as session:
        session.execute(update(Phone).values(number_sealed=b"broken"))
    writes().writes("退订").hears("answer.stopped")
    assert out(rt)
    assert "cannot be read" in caplog.text
    writes().writes(PIN).hears("answer.certified")
    with rt.sessions() as session:
        [by_text] = session.scalars(select(Evidence).where(Evidence.source == "sms"))
    assert by_text.detail == {"telephone": "self"}


def test_a_helper_who_gets_no_copies_takes_no_channel_away(rt: Runtime, wu: Person, writes: Writes) -> None:
    with rt.sessions.begin() as session:
        facts = {"name": "吴女士", "phone": DAUGHTER, "relation": Relation.RELATIVE, "by": "clerk"}
        helpers.declare(session, rt, session.get_one(Person, wu.id), **facts)  # type: ignore[arg-type]
        standings.mark_fault(session, rt, WU, "30005")  # for a while, perhaps
    writes(DAUGHTER).writes("退订").hears("answer.stopped")
    assert not no_mobile(rt, wu)


def test_each_of_a_couple_is_called_and_written_to_again(rt: Runtime, wu: Person, writes: Writes) -> None:
    wife = resident(rt, 2, WU, HERS)
    writes().writes("退订").hears("answer.not_stopped")
    assert no_mobile(rt, wu) and no_mobile(rt, wife)
    writes().writes("恢复").hears("answer.started")
    assert not no_mobile(rt, wu) and not no_mobile(rt, wife)
