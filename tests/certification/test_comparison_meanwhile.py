"""What changes between a run and its release: backing withdrawn, a human's answer; the release knows of it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from certification import bereavement, certifying
from certification.bereavement import Verdict
from certification.comparison import releasing, undoing
from certification.comparison.runs import subject
from certification.evidence import Kind, Strength
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.store import Case, Climb, Evidence, JournalEntry, Person
from tests.certification.comparing import closed, compare, number, outcomes, released, residents, run, signals
from tests.certification.conftest import Clock

ALIVE = "alive"
DEATH = (number(1), "civil_registry", "2026-02-27", "death")
LIFE = (number(1), "medical", "2026-03-02", ALIVE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the signals lie."""
    return tmp_path / "signals.csv"


def answer(rt: Runtime, person: str, verdict: Verdict, ref: str = "1") -> None:
    """A relative says at the desk that somebody died, and a human answers."""
    with rt.sessions.begin() as session:
        known = session.get_one(Person, person)
        bereavement.report(session, rt, known, source="desk", ref=ref, by="clerk")
        bereavement.answer(session, rt, known, verdict, "operator")


def backed(rt: Runtime, person: str) -> None:
    """A paper of March comes in late."""
    with rt.sessions.begin() as session:
        known, day = session.get_one(Person, person), datetime(2026, 3, 10, 9, tzinfo=SHANGHAI)
        paper = {"kind": Kind.PAPER, "strength": Strength.LIVE, "source": "paper", "ref": "1", "actor": "clerk"}
        certifying.record(session, rt, known, observed_at=day, **paper)  # type: ignore[arg-type]


def changed(rt: Runtime, run_id: str) -> list[object]:
    """What the run, its slice and the end of its release say of how many changed."""
    actions = ("comparison slice releasing", "comparison released")
    with rt.sessions() as session:
        details = [
            session.scalars(
                select(JournalEntry.detail).where(
                    JournalEntry.action == action, JournalEntry.subject == subject(run_id)
                )
            ).one()
            for action in actions
        ]
    return [run(rt, run_id).counts["changed"], *(json.loads(detail)["changed"] for detail in details)]


def test_a_sign_whose_backing_was_withdrawn_goes_on_record_and_closes_nothing(
    rt: Runtime, path: Path, clock: Clock
) -> None:
    one, two, three = residents(rt, 3)
    march = released(rt, signals(path, [(number(order), "medical", "2026-03-02", ALIVE) for order in (1, 2)]))
    clock.forward(days=30)
    residents(rt, 3)
    weak = [(number(order), "bank_card", "2026-04-05", ALIVE) for order in (1, 2)]
    april = compare(rt, signals(path, [*weak, (number(3), "medical", "2026-04-05", ALIVE)]))
    assert set(outcomes(rt, april.id).values()) == {"certified"}
    undoing.undo(rt, march.id, "supervisor", "half a file")
    backed(rt, two)
    releasing.release(rt, april.id, "supervisor")
    assert [closed(rt, person) for person in (one, two, three)] == [False, True, True]
    assert changed(rt, april.id) == [1, 1, 1]
    with rt.sessions() as session:
        theirs = select(Evidence.source).where(Evidence.person_id == one, Evidence.withdrawn_at.is_(None))
        assert session.scalars(theirs).all() == ["comparison: bank_card"]


def test_a_stronger_sign_of_the_same_files_still_backs(rt: Runtime, path: Path, clock: Clock) -> None:
    [one] = residents(rt, 1)
    march = released(rt, signals(path, [(number(1), "medical", "2026-03-02", ALIVE)]))
    clock.forward(days=30)
    residents(rt, 1)
    rows = [(number(1), "medical", "2026-03-20", ALIVE), (number(1), "bank_card", "2026-04-05", ALIVE)]
    april = compare(rt, signals(path, rows))
    undoing.undo(rt, march.id, "supervisor", "half a file")
    releasing.release(rt, april.id, "supervisor")
    assert closed(rt, one) and changed(rt, april.id) == [0, 0, 0]


@pytest.mark.parametrize("rows", [[DEATH], [DEATH, LIFE]], ids=["death", "contradiction"])
def test_whom_a_human_found_alive_since_is_not_asked_about(
    rt: Runtime, path: Path, rows: list[tuple[str, str, str, str]]
) -> None:
    [one] = residents(rt, 1)
    found = compare(rt, signals(path, rows))
    answer(rt, one, Verdict.ALIVE)
    releasing.release(rt, found.id, "supervisor")
    with rt.sessions() as session:
        assert [case.cause for case in session.scalars(select(Case))] == ["death_reported:desk:1"]
        assert not bereavement.reminders_stopped(session, one)
    assert changed(rt, found.id) == [1, 1, 1]


def test_a_death_after_the_answer_is_asked_about(rt: Runtime, path: Path, clock: Clock) -> None:
    [one] = residents(rt, 1)
    answer(rt, one, Verdict.ALIVE)
    clock.forward(days=2)
    day = rt.now().date().isoformat()
    found = released(rt, signals(path, [(number(1), "civil_registry", day, "death")]))
    with rt.sessions() as session:
        assert len(session.scalars(select(Case)).all()) == 2
        assert bereavement.reminders_stopped(session, one)
    assert changed(rt, found.id) == [0, 0, 0]


def test_of_whom_a_human_found_dead_since_nothing_is_taken_for_life(rt: Runtime, path: Path) -> None:
    one, two, three = residents(rt, 3)
    rows = [LIFE, (number(2), "bank_card", "2026-03-02", ALIVE)]
    found = compare(rt, signals(path, rows))
    assert outcomes(rt, found.id) == {one: "certified", two: "unresolved", three: "unresolved"}
    for person in (one, two, three):
        answer(rt, person, Verdict.DEAD, person)
    releasing.release(rt, found.id, "supervisor")
    assert not any(closed(rt, person) for person in (one, two, three))
    with rt.sessions() as session:
        assert session.scalars(select(Evidence)).all() == []
        assert session.scalars(select(Climb)).all() == []
        assert all(bereavement.deceased(session, person) for person in (one, two, three))
    assert changed(rt, found.id) == [3, 3, 3]


def test_a_sign_of_life_after_the_answer_stays_a_question(rt: Runtime, path: Path, clock: Clock) -> None:
    [one] = residents(rt, 1)
    answer(rt, one, Verdict.DEAD)
    clock.forward(days=2)
    day = rt.now().date().isoformat()
    found = released(rt, signals(path, [(number(1), "medical", day, ALIVE)]))
    assert outcomes(rt, found.id) == {one: "contradiction"}
    with rt.sessions() as session:
        kinds = sorted(case.kind for case in session.scalars(select(Case)))
    assert kinds == ["contradiction", "death_reported"]
    assert changed(rt, found.id) == [0, 0, 0]


def test_whoever_moved_to_another_region_since_is_passed_over(rt: Runtime, path: Path) -> None:
    one, two, three, four = residents(rt, 4)
    medical = [(number(order), "medical", "2026-03-02", ALIVE) for order in (1, 2)]
    run_id = compare(rt, signals(path, [*medical, (number(3), "civil_registry", "2026-03-03", "death")])).id
    with rt.sessions.begin() as session:
        for mover in (one, three, four):
            session.get_one(Person, mover).region = "kunming"
    releasing.release(rt, run_id, "supervisor")
    assert [closed(rt, person) for person in (one, two)] == [False, True]
    with rt.sessions() as session:
        assert [row.person_id for row in session.scalars(select(Evidence))] == [two]
        assert not session.scalars(select(Case)).all() and not session.scalars(select(Climb)).all()
