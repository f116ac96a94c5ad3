"""One voice that speaks for many people and is none of theirs: a case about the voice, beside what happens anyhow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, update

from certification import cases, consent, erasure, forgetting, helpers, people, seals, templates
from certification.cases import CaseKind
from certification.confirmation import CONFIRMED
from certification.helpers import Relation
from certification.regions import Regions
from certification.runtime import Runtime
from certification.store import Assessment, Case, JournalEntry, Person, Phone, new_id
from ops import unmatched
from tests.certification.conftest import Clock
from tests.certification.sealed import count, holds
from tests.certification.together import at_once
from tests.ops.unmatched import Line, Vector, calls, found, named, number, phone_of, town
from voiceprint.comparing import Comparer
from voiceprint.encoder import Embedding
from voiceprint.metrics import Floats

__all__ = ["calls", "town"]


def test_the_third_person_opens_one_case_that_names_all_and_later_calls_are_added(
    rt: Runtime, calls: Line, town: list[str]
) -> None:
    voice = calls.somebody()
    first, _, _ = [calls.seen_to(person, calls.again(voice)) for person in (town[0], town[0], town[1])]
    calls.seen_to(town[2], calls.somebody())
    assert found(rt) == [], "two people, and somebody else for a third"
    third = calls.seen_to(town[2], calls.again(voice))
    [case] = found(rt)
    assert (case.cause, case.person_id, case.call_id, case.state) == (f"shared_voice:{first}", None, None, "open")
    assert case.detail == {"people": 3, "days": 90, "region": "kunming"}
    assert named(rt, case) == set(town[:3])
    for _ in range(2):
        unmatched.see_to(calls.bench, third)
    last = calls.seen_to(town[3], calls.again(voice))
    [case] = found(rt)
    assert named(rt, case) == set(town[:4])
    with rt.sessions() as session:
        about = select(JournalEntry).where(JournalEntry.subject == f"case:{case.id}").order_by(JournalEntry.seq)
        entries = session.scalars(about).all()
        assert [one.action for one in entries] == ["case opened", *["call added to case"] * 5]
        assert {one.actor for one in entries} == {"worker"} and last in entries[-1].detail
        assert session.scalars(select(Case.id).where(Case.kind != "shared_voice")).all() == [], "and nothing else"
        assert not [one for one in town if one in "".join(entry.detail for entry in entries)]
    assert holds(rt)


@pytest.mark.parametrize("how", ["one telephone", "helps", "one helper", "ended", "office", "unreadable"])
def test_who_declared_each_other_counts_as_one(rt: Runtime, calls: Line, town: list[str], how: str) -> None:
    office = rt.regions["kunming"].operator.number
    with rt.sessions.begin() as session:
        first, second = (session.get_one(Person, one) for one in town[:2])
        clerk: dict[str, Any] = {"relation": Relation.CARER, "by": "clerk"}
        match how:
            case "one telephone":
                people.add(session, rt, id_number=number(0), name="吴0", region="kunming", phone=phone_of(1))
            case "helps":
                helpers.declare(session, rt, first, name="吴1", phone=phone_of(1), **clerk)
            case "one helper" | "ended":
                made = [
                    helpers.declare(session, rt, one, name="护工", phone="13700000007", **clerk)
                    for one in (first, second)
                ]
                if how == "ended":
                    helpers.end(session, rt, first, made[0], "clerk")
            case "office":
                for one in range(2):
                    fields = {"id_number": number(one), "name": f"吴{one}", "region": "kunming"}
                    people.add(session, rt, **fields, relative_phone=office)
                assert len(people.people_at(session, rt.keys, office)) == 2
            case "unreadable":
                people.add(session, rt, id_number=number(0), name="吴0", region="kunming", phone=phone_of(1))
                session.execute(update(Phone).where(Phone.person_id == first.id).values(number_sealed=b"broken"))
    voice = calls.somebody()
    for person in town[:3]:
        calls.seen_to(person, calls.again(voice))
    assert len(found(rt)) == (how in {"ended", "office", "unreadable"})
    calls.seen_to(town[3], calls.again(voice))
    assert len(found(rt)) == 1


def confirm(rt: Runtime, person: str, identifier: str) -> None:
    """A human says that it was the person."""
    with rt.sessions.begin() as session:
        kind, whose = CaseKind.VOICE_DOUBT, session.get_one(Person, person)
        case = cases.open_case(session, rt, kind=kind, cause=f"{kind}:{identifier}", person=whose)
        cases.decide(session, rt, case, verdict=CONFIRMED, by="operator")


def withdraw(rt: Runtime, person: str) -> None:
    with rt.sessions.begin() as session:
        whose = session.get_one(Person, person)
        consent.record(session, rt, whose, text="同意", how="desk", by="clerk")
        session.flush()
        consent.withdraw(session, rt, whose, by="clerk")


@pytest.mark.parametrize("why", ["elsewhere", "long ago", "known", "withdrawn", "damaged", "no voice", "other encoder"])
def test_what_is_not_compared(
    rt: Runtime, calls: Line, town: list[str], clock: Clock, caplog: pytest.LogCaptureFixture, why: str
) -> None:
    voice = calls.somebody()
    calls.seen_to(town[0], calls.again(voice))
    other = calls.hears(town[1], calls.again(voice), encoder="another" if why == "other encoder" else None)
    row = update(Assessment).where(Assessment.id == other)
    match why:
        case "elsewhere":
            with rt.sessions.begin() as session:
                session.get_one(Person, town[1]).region = "default"
        case "long ago":
            clock.forward(days=91)
        case "known":
            confirm(rt, town[1], other)
        case "withdrawn":
            withdraw(rt, town[1])
        case "damaged" | "no voice":
            content = b"x" if why == "damaged" else rt.keys.seal(b"{}", seals.unmatched(other, town[1]))
            with rt.sessions.begin() as session:
                session.execute(row.values(voice_sealed=content))
    calls.seen_to(town[2], calls.again(voice))
    assert found(rt) == []
    assert (f"the voice of assessment {other} cannot be read" in caplog.text) == (why in {"damaged", "no voice"})
    for person in town[3:]:
        calls.seen_to(person, calls.again(voice))
    [case] = found(rt)
    assert town[1] not in named(rt, case)


def test_a_region_may_say_of_how_many(rt: Runtime, calls: Line, town: list[str], tmp_path: Path) -> None:
    (tmp_path / "kunming.toml").write_text('name = "昆明"\n[household]\nundeclared = 2\n', encoding="utf-8")
    here = replace(rt, regions=Regions.load(tmp_path))
    there = replace(calls, bench=replace(calls.bench, rt=here))
    voice = calls.somebody()
    for person in town[:2]:
        there.seen_to(person, calls.again(voice))
    assert [case.detail["people"] for case in found(rt)] == [2]


def test_what_a_human_has_looked_at_is_not_asked_again(rt: Runtime, calls: Line, town: list[str]) -> None:
    voice = calls.somebody()
    made = [calls.seen_to(person, calls.again(voice)) for person in town[:3]]
    [case] = found(rt)
    with rt.sessions.begin() as session:
        cases.decide(session, rt, session.get_one(Case, case.id), verdict="known", by="operator")
    unmatched.see_to(calls.bench, made[-1])
    for person in town[3:5]:
        calls.seen_to(person, calls.again(voice))
    assert len(found(rt)) == 1, "two new people"
    calls.seen_to(town[5], calls.again(voice))
    [_, again] = found(rt)
    assert named(rt, again) == set(town[3:])


def test_calls_weighed_at_the_same_moment_open_one_case(rt: Runtime, calls: Line, town: list[str]) -> None:
    voice = calls.somebody()
    waiting = iter([calls.hears(person, calls.again(voice)) for person in town[:4]])
    at_once(4, lambda: unmatched.see_to(calls.bench, next(waiting)))
    [case] = found(rt)
    assert named(rt, case) == set(town[:4])
    assert holds(rt)


@dataclass(frozen=True, slots=True)
class Watched(Comparer):
    """A comparer that notes how many voices it compared at a time."""

    at_a_time: list[int] = field(default_factory=list)

    def alike(self, voices: Vector, voice: Embedding) -> Floats:
        self.at_a_time.append(len(voices))
        return Comparer.alike(self, voices, voice)


def statements_of(rt: Runtime, act: Callable[[], object]) -> list[str]:
    """The statements about assessments that an act sends to the database."""
    engine, seen = rt.sessions.kw["bind"], list[str]()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return [one for one in seen if "FROM assessments" in one]


def test_hundreds_of_voices_are_one_query_and_one_product_of_the_newest(
    rt: Runtime, calls: Line, town: list[str]
) -> None:
    voice, comparer = calls.somebody(), calls.bench.comparer
    for person in town[1:3]:
        calls.hears(person, calls.again(voice))
    for one in range(templates.MOST + 100):
        calls.hears(town[3 + one % 3], calls.somebody())
    watched = Watched(comparer.encoder, comparer.cohort, comparer.calibration)
    mine = calls.hears(town[0], calls.again(voice))
    bench = replace(calls.bench, comparer=watched)

    def alike() -> list[str]:
        with rt.sessions() as session:
            return unmatched.alike(session, bench, session.get_one(Assessment, mine))

    asked = statements_of(rt, lambda: unmatched.see_to(bench, mine))
    assert (len(asked), watched.at_a_time) == (2, [templates.MOST]), "its own row, and all the others"
    assert alike() == [] and found(rt) == [], "so many others have called since"
    again = [calls.hears(person, calls.again(voice)) for person in town[1:3]]
    assert sorted(alike()) == sorted(again)


@pytest.mark.parametrize("how", ["outdated", "withdrawn", "erased"])
def test_a_voice_is_kept_no_longer_than_the_recording(
    rt: Runtime, calls: Line, town: list[str], clock: Clock, how: str
) -> None:
    voice = calls.somebody()
    first, *_ = [calls.seen_to(person, calls.again(voice)) for person in town[:3]]
    [case] = found(rt)
    with rt.sessions.begin() as session:
        match how:
            case "outdated":
                clock.forward(days=90)
                assert erasure.outdated_recordings(session, rt, "schedule") == 3
            case "withdrawn":
                pass
            case "erased":
                proof = forgetting.person(session, rt, town[0], "clerk")
                assert proof is not None and set(proof.left.values()) == {0}
                assert list(proof.erased["assessments.voice_sealed"]) == [first]
    if how == "withdrawn":
        withdraw(rt, town[0])
    assert count(rt, Assessment, Assessment.voice_sealed.is_not(None)) == (0 if how == "outdated" else 2)
    assert named(rt, case) == set(town[how == "erased" : 3])
    assert unmatched.see_to(calls.bench, first) is None
    for person in town[how == "erased" : 3]:
        assert len(found(rt)) == 1
        with rt.sessions.begin() as session:
            forgetting.person(session, rt, person, "clerk")
    assert found(rt) == [], "of nobody, nothing stays"


def test_where_the_recording_is_gone_no_voice_is_kept(rt: Runtime, calls: Line, town: list[str]) -> None:
    mine = calls.hears(town[0], calls.somebody())
    with rt.sessions.begin() as session:
        made = session.get_one(Assessment, mine)
        made.voice_sealed, made.recordings = None, [new_id()]
        unmatched.keep(session, rt, made, Embedding(calls.somebody(), "a"))
        assert made.voice_sealed is None
