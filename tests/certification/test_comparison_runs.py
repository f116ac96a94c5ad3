"""A comparison from its files to what stands on record: once, whoever is killed, and taken back when it was wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from certification import bereavement, certifying, journal
from certification.bereavement import Verdict
from certification.comparison import folders, releasing, runs, standing, undoing
from certification.comparison.gathering import RegisterMissing
from certification.comparison.runs import NothingCompared
from certification.comparison.signals import SignalsUnreadable
from certification.comparison.standing import RunNotReady, RunUnknown
from certification.evidence import Kind, Strength
from certification.journal import Verified
from certification.keys import KeyRing
from certification.runtime import Runtime
from certification.store import Case, Climb, ComparisonRun, Evidence, JournalEntry, Period, Person
from tests.certification.comparing import closed, compare, number, outcomes, released, residents, run, signals
from tests.certification.conftest import Clock

ALIVE = "alive"


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
    undoing.undo(rt, first.id, "supervisor", "wrong file")
    assert run(rt, first.id).state == "undone"
    again = compare(rt, path)
    assert again.id != first.id and again.state == "ready"
    with pytest.raises(RunNotReady, match="undone"):
        releasing.release(rt, first.id, "supervisor")


@pytest.mark.parametrize("changed", [{"alive": ("体检",)}, {"dead": ("体检",)}], ids=["alive", "dead"])
def test_the_same_files_by_other_rules_of_events_are_another_run(
    rt: Runtime, path: Path, changed: dict[str, tuple[str, ...]]
) -> None:
    [one] = residents(rt, 1)
    signals(path, [(number(1), "medical", "2026-03-02", "体检")])
    first = compare(rt, path)
    assert (outcomes(rt, first.id), first.counts["rejected"]) == ({one: "unresolved"}, 1)
    region = rt.regions["qingdao"]
    assert region.comparison is not None
    told = region.model_copy(update={"comparison": region.comparison.model_copy(update=changed)})
    again = run(rt, runs.run(rt, told, [path], "clerk"))
    assert again.id != first.id and again.counts["rejected"] == 0, "what the new rules say is looked for anew"


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
        undoing.undo(rt, found.id, "supervisor", "half of the file was missing")
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


def test_undoing_takes_back_what_the_run_began_and_nothing_else(rt: Runtime, path: Path, tmp_path: Path) -> None:
    one, two = residents(rt, 2)
    rows = [(number(2), "civil_registry", "2026-03-03", "death")]
    first = released(rt, signals(path, rows))
    never = compare(rt, signals(tmp_path / "never.csv", [*rows, (number(3), "medical", "2026-03-02", ALIVE)]))
    undoing.undo(rt, never.id, "supervisor", "why")
    with rt.sessions() as session:
        assert [climb.person_id for climb in session.scalars(select(Climb))] == [one], "which the first run began"
    second = released(rt, signals(tmp_path / "second.csv", [*rows, (number(4), "medical", "2026-03-02", ALIVE)]))
    with rt.sessions() as session:
        assert [climb.person_id for climb in session.scalars(select(Climb))] == [one]
        assert [case.state for case in session.scalars(select(Case))] == ["open"]
    undoing.undo(rt, first.id, "supervisor", "why")
    with rt.sessions() as session:
        [case] = session.scalars(select(Case)).all()
        assert (case.state, case.detail["run"], case.person_id) == ("open", second.id, two), (
            "the other run says so, too"
        )
    undoing.undo(rt, second.id, "supervisor", "why")
    with rt.sessions() as session:
        assert [case.verdict for case in session.scalars(select(Case))] == ["undone"]


def test_a_stronger_sign_is_kept_beside_the_one_that_certifies(rt: Runtime, path: Path, clock: Clock) -> None:
    [one] = residents(rt, 1)
    rows = [(number(1), "medical", "2026-02-20", ALIVE), (number(1), "bank_card", "2026-03-04", ALIVE)]
    found = released(rt, signals(path, rows))
    assert closed(rt, one)
    with rt.sessions() as session:
        kept = session.scalars(select(Evidence).order_by(Evidence.observed_at)).all()
        assert [(evidence.source, evidence.strength) for evidence in kept] == [
            ("comparison: medical", Strength.LIVE),
            ("comparison: bank_card", Strength.POSSESSION),
        ]
    undoing.undo(rt, found.id, "supervisor", "why")
    with rt.sessions() as session:
        assert all(evidence.withdrawn_at for evidence in session.scalars(select(Evidence)))


def test_a_register_without_its_file_is_refused(rt: Runtime, path: Path) -> None:
    residents(rt, 1, "guangzhou")
    signals(path, [(number(1), "medical", "2026-03-02", ALIVE)])
    with pytest.raises(RegisterMissing, match="household_register"):
        compare(rt, path, "guangzhou")
    [folder] = (rt.settings.data / folders.FOLDER).iterdir()
    assert [one.name for one in folder.iterdir()] == ["lock"], "nothing of the roll is left lying"


def test_a_file_of_something_else_begins_no_run(rt: Runtime, path: Path) -> None:
    path.write_text("姓名\n", encoding="utf-8")
    with pytest.raises(SignalsUnreadable):
        compare(rt, path)
    with rt.sessions() as session:
        assert session.scalars(select(ComparisonRun)).all() == []


def test_a_file_given_twice_is_one_file(rt: Runtime, path: Path, tmp_path: Path) -> None:
    residents(rt, 1)
    signals(path, [(number(1), "medical", "2026-03-02", ALIVE)])
    again = tmp_path / "again.csv"
    again.write_bytes(path.read_bytes())
    first = runs.run(rt, rt.regions["qingdao"], [path, again], "clerk")
    assert runs.run(rt, rt.regions["qingdao"], [path], "clerk") == first


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
        assert standing.find(session, found.id[:8]).id == found.id
        for text in ("", "%", "zzz"):
            with pytest.raises(RunUnknown):
                standing.find(session, text)
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
