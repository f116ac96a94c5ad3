"""A reported death stops reminders at once and suspends nobody; a human answers it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from certification import bereavement, certifying, forgetting
from certification.bereavement import Verdict
from certification.cases import CaseKind
from certification.runtime import Runtime
from certification.store import Case, Person
from tests.certification.conftest import Clock
from tests.certification.suspending import journalled, pensioner


def report(rt: Runtime, wu: Person, source: str = "sms", ref: str = "1") -> None:
    with rt.sessions.begin() as session:
        bereavement.report(session, rt, wu, source=source, ref=ref, by="line")


def answer(rt: Runtime, wu: Person, verdict: Verdict) -> int:
    with rt.sessions.begin() as session:
        return bereavement.answer(session, rt, wu, verdict, "clerk")


def stands(rt: Runtime, wu: Person) -> tuple[bool, bool]:
    """Whether reminders are stopped, and whether the person counts as deceased."""
    with rt.sessions() as session:
        return bereavement.reminders_stopped(session, wu.id), bereavement.deceased(session, wu.id)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_reminders_stop_at_once_until_a_human_has_answered(rt: Runtime, wu: Person, verdict: Verdict) -> None:
    assert stands(rt, wu) == (False, False)
    report(rt, wu)
    report(rt, wu)
    report(rt, wu, "relative", "2")
    assert stands(rt, wu) == (True, False)
    with rt.sessions() as session:
        opened = session.scalars(select(Case).order_by(Case.cause)).all()
        assert [(case.kind, case.detail) for case in opened] == [
            (CaseKind.DEATH_REPORTED, {"source": source}) for source in ("relative", "sms")
        ]
        assert not certifying.status(session, rt, wu).closed
    assert answer(rt, wu, verdict) == 2
    assert answer(rt, wu, verdict) == 0
    dead = verdict is Verdict.DEAD
    assert stands(rt, wu) == (dead, dead)
    assert len(journalled(rt, "person closed as deceased" if dead else "person found alive")) == 1


def test_who_was_taken_for_dead_comes_back_to_life(rt: Runtime, wu: Person, clock: Clock) -> None:
    report(rt, wu)
    answer(rt, wu, Verdict.DEAD)
    clock.forward(days=1)
    report(rt, wu, "sign of life", "call")
    assert stands(rt, wu) == (True, True)
    answer(rt, wu, Verdict.ALIVE)
    assert stands(rt, wu) == (False, False)
    clock.forward(days=1)
    report(rt, wu, "hospital", "3")
    assert stands(rt, wu) == (True, False)
    answer(rt, wu, Verdict.DEAD)
    assert stands(rt, wu) == (True, True)


def test_that_somebody_else_lives_brings_nobody_back(rt: Runtime, wu: Person, clock: Clock) -> None:
    with rt.sessions.begin() as session:
        li = pensioner(session, rt, 1951, "李女士")
    report(rt, wu)
    report(rt, li, ref="2")
    answer(rt, wu, Verdict.DEAD)
    clock.forward(days=1)
    answer(rt, li, Verdict.ALIVE)
    assert (stands(rt, wu), stands(rt, li)) == ((True, True), (False, False))


def test_of_an_erased_person_no_report_is_left(rt: Runtime, wu: Person) -> None:
    report(rt, wu)
    with rt.sessions.begin() as session:
        proof = forgetting.person(session, rt, wu.id, "clerk")
    assert proof is not None and proof.rows["cases"] == 1
