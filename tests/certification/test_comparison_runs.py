"""A comparison from its files to what stands on record: once, whoever is killed, and taken back when it was wrong."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import func, select

from certification import bereavement, certifying, forgetting, journal
from certification.bereavement import Verdict
from certification.comparison import releasing, runs
from certification.comparison.releasing import RunNotReady
from certification.comparison.runs import NothingCompared, RunElsewhere, RunUnknown
from certification.evidence import Kind, Strength
from certification.journal import Verified
from certification.keys import KeyRing
from certification.runtime import Runtime
from certification.store import Case, Climb, ComparisonResult, ComparisonRun, Evidence, JournalEntry, Period, Person
from tests.certification.comparing import closed, compare, number, outcomes, released, residents, run, signals
from tests.certification.conftest import Clock

ALIVE = "alive"


class Killed(Exception):
    """The process was killed here."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the signals lie."""
    return tmp_path / "signals.csv"


def test_nothing_counts_before_the_release_and_everything_once_after(rt: Runtime, path: Path) -> None:
    one, two, three, four, five = residents(rt, 5)
    signals(
        path,
        [
            (number(1), "medical", "2026-03-02", ALIVE),
            (number(2), "bank_card", "2026-03-02", ALIVE),
            (number(3), "medical", "2026-02-20", ALIVE),
            (number(4), "medical", "2026-03-01", ALIVE),
            (number(4), "civil_registry", "2026-02-27", "death"),
            (number(5), "civil_registry", "2026-03-03", "cremation"),
            (number(99), "medical", "2026-03-02", ALIVE),
        ],
    )
    found = compare(rt, path)
    expected = {one: "certified", two: "unresolved", three: "unresolved", four: "contradiction", five: "death"}
    assert outcomes(rt, found.id) == expected
    assert found.state == "ready"
    counts = {"certified": 1, "unresolved": 2, "contradiction": 1, "death": 1}
    reading = {"people": 5, "numbers": 6, "strangers": 1, "rejected": 0, "engine": "duckdb"}
    assert found.counts == counts | reading
    with rt.sessions() as session:
        assert session.scalars(select(Evidence)).all() == []
        assert session.scalars(select(Case)).all() == []
    for _ in range(2):
        releasing.release(rt, found.id, "supervisor")
    assert [closed(rt, person) for person in (one, two, three, four, five)] == [True, False, False, False, False]
    with rt.sessions() as session:
        evidence = {row.person_id: row for row in session.scalars(select(Evidence))}
        assert set(evidence) == {one, two, three}
        assert (evidence[one].kind, evidence[one].strength, evidence[one].source) == (
            "record",
            Strength.LIVE,
            "comparison: medical",
        )
        assert certifying.day_of(evidence[one].observed_at) == date(2026, 3, 2)
        assert len(evidence[one].receipt) == 14
        kinds = {case.person_id: case.kind for case in session.scalars(select(Case))}
        assert kinds == {four: "contradiction", five: "death_reported"}
        assert {climb.person_id for climb in session.scalars(select(Climb))} == {two, three}
        assert isinstance(journal.verify(session), Verified)
        assert bereavement.reminders_stopped(session, four) and bereavement.reminders_stopped(session, five)


def test_the_same_files_are_compared_once_until_that_is_undone(rt: Runtime, path: Path) -> None:
    residents(rt, 1)
    signals(path, [(number(1), "medical", "2026-03-02", ALIVE)])
    first = compare(rt, path)
    assert compare(rt, path).id == first.id
    releasing.undo(rt, first.id, "supervisor", "wrong file")
    assert run(rt, first.id).state == "undone"
    again = compare(rt, path)
    assert again.id != first.id and again.state == "ready"
    with pytest.raises(RunNotReady, match="undone"):
        releasing.release(rt, first.id, "supervisor")


def test_what_counts_while_stronger_is_recent(rt: Runtime, path: Path, clock: Clock) -> None:
    one, two = residents(rt, 2)
    released(rt, signals(path, [(number(1), "medical", "2026-03-02", ALIVE)]))
    clock.forward(days=30)
    residents(rt, 2)
    rows = [(number(order), "bank_card", "2026-04-05", ALIVE) for order in (1, 2)]
    april = released(rt, signals(path, rows))
    assert outcomes(rt, april.id) == {one: "certified", two: "unresolved"}
    assert closed(rt, one) and not closed(rt, two)


def test_who_certified_otherwise_is_no_residue(rt: Runtime, path: Path) -> None:
    [one] = residents(rt, 1)
    desk(rt, one)
    found = released(rt, signals(path, [(number(1), "bank_card", "2026-03-04", ALIVE)]))
    assert outcomes(rt, found.id) == {one: "already"}
    with rt.sessions() as session:
        assert session.scalars(select(Climb)).all() == []
        assert len(session.scalars(select(Evidence)).all()) == 2


def desk(rt: Runtime, person_id: str) -> None:
    with rt.sessions.begin() as session:
        person, at = session.get_one(Person, person_id), rt.now()
        certifying.record(
            session,
            rt,
            person,
            kind=Kind.DESK,
            strength=Strength.OFFICIAL,
            source="desk",
            ref="1",
            observed_at=at,
            actor="c",
        )


def test_only_who_is_in_the_household_register_is_judged_by_it(rt: Runtime, path: Path) -> None:
    one, two, three = residents(rt, 3, "guangzhou")
    rows = [
        (number(1), "household_register", "2026-03-05", "registered"),
        (number(3), "household_register", "2026-03-05", "register_cancelled"),
    ]
    found = released(rt, signals(path, rows), "guangzhou")
    assert outcomes(rt, found.id) == {one: "certified", two: "elsewhere", three: "death"}
    with rt.sessions() as session:
        assert session.scalars(select(Climb)).all() == []


def test_a_region_without_rules_for_it_compares_nothing(rt: Runtime, path: Path) -> None:
    signals(path, [])
    with pytest.raises(NothingCompared, match="昆明"):
        runs.run(rt, rt.regions["kunming"], [path], "clerk")


def test_what_a_human_found_is_not_asked_again(rt: Runtime, path: Path, clock: Clock) -> None:
    one, two = residents(rt, 2)
    rows = [(number(order), "civil_registry", "2026-02-27", "death") for order in (1, 2)]
    released(rt, signals(path, rows))
    with rt.sessions.begin() as session:
        bereavement.answer(session, rt, session.get_one(Person, one), Verdict.ALIVE, "operator")
        bereavement.answer(session, rt, session.get_one(Person, two), Verdict.DEAD, "operator")
    clock.forward(days=30)
    residents(rt, 2)
    rows += [(number(1), "medical", "2026-04-02", ALIVE)]
    april = released(rt, signals(path, rows))
    assert outcomes(rt, april.id) == {one: "certified", two: "death"}
    with rt.sessions() as session:
        assert session.scalars(select(func.count()).select_from(Case)).one() == 2


def test_a_sign_of_life_after_a_human_found_the_death_is_a_question(rt: Runtime, path: Path, clock: Clock) -> None:
    [one] = residents(rt, 1)
    rows = [(number(1), "civil_registry", "2026-02-27", "death")]
    released(rt, signals(path, rows))
    with rt.sessions.begin() as session:
        bereavement.answer(session, rt, session.get_one(Person, one), Verdict.DEAD, "operator")
    clock.forward(days=30)
    residents(rt, 1)
    rows += [(number(1), "medical", "2026-04-02", ALIVE)]
    found = released(rt, signals(path, rows))
    assert outcomes(rt, found.id) == {one: "contradiction"}
    desk(rt, one)
    with rt.sessions() as session:
        kinds = [case.kind for case in session.scalars(select(Case).order_by(Case.opened_at, Case.kind))]
        assert kinds == ["death_reported", "contradiction", "contradiction"]


def test_a_run_that_was_released_is_taken_back(rt: Runtime, path: Path) -> None:
    one, two, three, four = residents(rt, 4)
    rows = [
        (number(1), "medical", "2026-03-02", ALIVE),
        (number(2), "medical", "2026-03-02", ALIVE),
        (number(4), "civil_registry", "2026-03-03", "death"),
    ]
    found = released(rt, signals(path, rows))
    desk(rt, two)
    assert closed(rt, one) and closed(rt, two)
    for _ in range(2):
        releasing.undo(rt, found.id, "supervisor", "half of the file was missing")
    assert not closed(rt, one) and closed(rt, two)
    with rt.sessions() as session:
        by_record = session.scalars(select(Evidence).where(Evidence.kind == "record")).all()
        assert len(by_record) == 2 and all(one.withdrawn_at for one in by_record)
        assert session.scalars(select(Climb)).all() == []
        assert [(case.verdict, case.person_id) for case in session.scalars(select(Case))] == [("undone", four)]
    again = released(rt, path)
    assert closed(rt, one)
    with rt.sessions() as session:
        assert {climb.person_id for climb in session.scalars(select(Climb))} == {three}
        assert session.scalars(select(func.count()).select_from(Case)).one() == 2
    assert again.state == "released"


class Killer:
    """Kills the process once so many parts of the work are done."""

    def __init__(self, parts: int) -> None:
        self.left = parts
        self.begun: list[tuple[str, int | None]] = []

    def __call__(self, what: str, total: int | None = None) -> Callable[[int], object]:
        """Begin a stretch of work."""
        self.begun.append((what, total))
        return self.done

    def done(self, _part: int) -> None:
        """Count a part."""
        self.left -= 1
        if self.left == 0:
            raise Killed


@pytest.mark.parametrize("parts", range(1, 11))
def test_killed_at_any_point_it_goes_on_and_comes_to_the_same(
    rt: Runtime, path: Path, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    monkeypatch.setattr(runs, "SLICE", 2)
    monkeypatch.setattr(releasing, "SLICE", 2)
    persons = residents(rt, 6)
    signals(path, [(number(order), "medical", "2026-03-02", ALIVE) for order in (1, 2, 3, 5)])
    with pytest.raises(Killed):
        runs.run(rt, rt.regions["qingdao"], [path], "clerk", killer := Killer(parts))
        assert parts > 9, "reading 1, roll 1, comparing 4, storing 3"
        raise Killed
    assert killer.left == 0 or parts == 10
    found = compare(rt, path)
    for _ in range(4):
        with suppress(Killed):
            releasing.release(rt, found.id, "supervisor", Killer(1 + parts % 2))
    releasing.release(rt, found.id, "supervisor")
    assert run(rt, found.id).state == "released"
    assert [closed(rt, one) for one in persons] == [True, True, True, False, True, False]
    with rt.sessions() as session:
        assert len(session.scalars(select(Evidence)).all()) == 4
        assert len(session.scalars(select(Climb)).all()) == 2
        assert session.scalars(select(func.count()).select_from(ComparisonResult)).one() == 6
        assert session.scalars(select(func.count()).select_from(ComparisonRun)).one() == 1
    for _ in range(4):
        with suppress(Killed):
            releasing.undo(rt, found.id, "supervisor", "why", Killer(1 + parts % 2))
    releasing.undo(rt, found.id, "supervisor", "why")
    assert not any(closed(rt, one) for one in persons)


class Stuck(Random):
    """Draws the same at first."""

    stuck = True

    def randbytes(self, n: int) -> bytes:
        if not self.stuck:
            return super().randbytes(n)
        self.stuck = False
        return bytes(n)


def test_a_receipt_that_is_taken_is_drawn_again(rt: Runtime, path: Path) -> None:
    persons = residents(rt, 3)
    stuck = replace(rt, random=Stuck(1))
    released(stuck, signals(path, [(number(order), "medical", "2026-03-02", ALIVE) for order in (1, 2, 3)]))
    assert all(closed(rt, one) for one in persons)
    with rt.sessions() as session:
        assert len(set(session.scalars(select(Evidence.receipt)))) == 3


def test_two_at_the_same_run_do_not_mix(rt: Runtime, path: Path) -> None:
    residents(rt, 2)
    signals(path, [(number(1), "medical", "2026-03-02", ALIVE)])

    def tell(what: str, total: int | None = None) -> Callable[[int], object]:
        if what.startswith("比对"):
            with pytest.raises(RunElsewhere, match="另一个进程"):
                runs.run(rt, rt.regions["qingdao"], [path], "other")
        return lambda _: None

    runs.run(rt, rt.regions["qingdao"], [path], "clerk", tell)


def test_whoever_is_erased_meanwhile_is_left_out(rt: Runtime, path: Path) -> None:
    one, two = residents(rt, 2)
    found = compare(rt, signals(path, [(number(order), "medical", "2026-03-02", ALIVE) for order in (1, 2)]))
    with rt.sessions.begin() as session:
        proof = forgetting.person(session, rt, one, "clerk")
        assert proof is not None and proof.rows["comparison_results"] == 1
    releasing.release(rt, found.id, "supervisor")
    assert outcomes(rt, found.id) == {two: "certified"} and closed(rt, two)


def test_rows_older_than_the_newest_key_are_found(rt: Runtime, path: Path) -> None:
    [one] = residents(rt, 1)
    text = KeyRing.generate_text("newer")
    newer = replace(rt, keys=KeyRing.from_text(f"{text},{rt.settings.keys}"))
    found = compare(newer, signals(path, [(number(1), "medical", "2026-03-02", ALIVE)]))
    assert outcomes(rt, found.id) == {one: "certified"}
    assert (found.counts["numbers"], found.counts["strangers"]) == (1, 0)


def test_a_run_is_found_by_the_beginning_of_its_name(rt: Runtime, path: Path) -> None:
    residents(rt, 1)
    found = compare(rt, signals(path, []))
    with rt.sessions() as session:
        assert runs.find(session, found.id[:8]).id == found.id
        for text in ("", "%", "zzz"):
            with pytest.raises(RunUnknown):
                runs.find(session, text)
    with rt.sessions() as session:
        actions = set(session.scalars(select(JournalEntry.action)))
        assert {"comparison begun", "comparison ready"} <= actions


def test_a_period_that_is_far_from_its_end_begins_no_ladder(rt: Runtime, path: Path, clock: Clock) -> None:
    [one] = residents(rt, 1)
    with rt.sessions.begin() as session:
        [period] = session.scalars(select(Period)).all()
        period.due += timedelta(days=20)
    found = released(rt, signals(path, []))
    assert outcomes(rt, found.id) == {one: "unresolved"}
    with rt.sessions() as session:
        assert session.scalars(select(Climb)).all() == []
