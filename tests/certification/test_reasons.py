"""Reasons that the journal keeps for good hold nobody's name and no number."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from certification import erasure, forgetting, reasons
from certification.reasons import ReasonPersonal
from certification.runtime import Runtime
from certification.store import JournalEntry, Person


@pytest.mark.parametrize(
    "reason",
    ["13888000001", "电话 138-8800 0001 不要了", "530102195005150018", "１３８８８００００００１"],
    ids=["mobile", "grouped", "identity", "full width"],
)
def test_a_reason_holds_no_number(reason: str) -> None:
    with pytest.raises(ReasonPersonal, match=r"永久留在日志里.*write no name"):
        reasons.impersonal(reason)


@pytest.mark.parametrize(
    "reason",
    ["2026-11-27 书面申请", "2026-11-27 2026-11-28", "第 123456 号文", " 迁出 "],
    ids=["day", "days", "letter", "why"],
)
def test_a_day_or_a_short_number_may_be_in_it(reason: str) -> None:
    assert reasons.impersonal(reason) == reason.strip()


def test_the_reason_of_an_erasure_names_nobody_and_is_kept_with_the_proof(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session, pytest.raises(ReasonPersonal):
        forgetting.person(session, rt, wu.id, "clerk", "吴先生去世")
    with rt.sessions.begin() as session:
        assert forgetting.person(session, rt, wu.id, "clerk", "本人去世") is not None
    with rt.sessions() as session:
        [proof] = erasure.entered(session, wu.id)
        entry = session.scalars(select(JournalEntry).where(JournalEntry.action == erasure.PERSON)).one()
    assert proof.facts["why"] == json.loads(entry.detail)["why"] == "本人去世"
