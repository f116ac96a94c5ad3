"""One telephone that acts for many who never named it: a case about the telephone, once, and nobody is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from certification import certifying, forgetting, helpers, people, pins, seals, sharing
from certification.helpers import Relation
from certification.regions import Regions
from certification.runtime import Runtime
from certification.store import Call, Case, JournalEntry, Person, new_id
from ops import ended, schedule
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.sealed import ringed
from tests.certification.together import at_once
from tests.ivr.line.telephone import Telephone, line

THEIRS, OFFICE = "+8613700000007", "+8687112333"
ON_THE_WAY: dict[str, object] = {"step": "pin", "dialect": "mandarin", "known": {"ready": {"result": "challenge"}}}


@pytest.fixture
def client(rt: Runtime) -> FlaskClient:
    """The line's routes."""
    return line(rt).test_client()


@pytest.fixture
def town(rt: Runtime) -> list[str]:
    """Five people of Kunming without a telephone."""
    with rt.sessions.begin() as session:
        return [
            people.add(session, rt, id_number=number(one), name=f"吴{one}", region="kunming").id for one in range(5)
        ]


def number(one: int) -> str:
    return resident_number("530102", 1950 + one, 5, 15)


def calls(rt: Runtime, person: str | None, e164: str | None = THEIRS, state: dict[str, object] = ON_THE_WAY) -> str:
    """A call that ended in which this person was named; seen to."""
    identifier, now = new_id(), rt.now()
    with rt.sessions.begin() as session:
        session.add(
            Call(
                id=identifier,
                sid=f"CA{identifier}",
                from_sealed=e164 and rt.keys.seal(e164.encode(), seals.caller(identifier)),
                from_index=e164 and rt.keys.index(e164, seals.CALLING),
                person_id=person,
                state=state,
                outcome="informed",
                started_at=now,
                touched_at=now,
                ended_at=now,
            )
        )
    schedule.see_to_ended_calls(rt)
    return identifier


def found(rt: Runtime) -> list[Case]:
    with rt.sessions() as session:
        return list(session.scalars(select(Case).where(Case.kind == "shared_line").order_by(Case.opened_at)))


def test_the_third_undeclared_person_opens_one_case(rt: Runtime, town: list[str], clock: Clock) -> None:
    for person in (town[0], town[0], town[1]):
        calls(rt, person)
    assert found(rt) == []
    last = calls(rt, town[2])
    [case] = found(rt)
    assert (case.person_id, case.call_id, case.state) == (None, last, "open")
    assert case.detail == {"people": 3, "days": 90, "region": "kunming"}
    with rt.sessions() as session:
        behind = sharing.undeclared(session, rt, session.get_one(Call, last), ended.TRIED, 90)
        assert {one.id for one in behind} == set(town[:3])
        entry = session.scalars(select(JournalEntry).where(JournalEntry.subject == f"case:{case.id}")).one()
        assert (entry.actor, entry.action) == ("schedule", "case opened")
        index = session.get_one(Call, last).from_index
        assert index is not None and index not in case.cause + entry.detail, "nothing of the number is kept there"
    clock.forward(days=89)
    calls(rt, town[3])
    assert len(found(rt)) == 1, "once for the number and its days"
    clock.forward(days=2)
    for person in town[:2]:
        calls(rt, person)
    assert len(found(rt)) == 2, "and again when it goes on"


def test_nobody_is_refused_by_it(rt: Runtime, town: list[str], client: FlaskClient) -> None:
    with rt.sessions.begin() as session:
        for person in town:
            pins.set_pin(session, rt, session.get_one(Person, person), "295038", "clerk")
    for one in range(5):
        phone = Telephone(rt, client, number=THEIRS, sid=f"CA{one}").dial()
        if one == 0:
            phone.press("1")  # Mandarin; remembered for the number
        phone.presses_while_listened_to("1").press(number(one).replace("X", "*")).press("295038")
        assert {"result.pin_recorded", "result.pin_certified"} & set(phone.heard), phone.everything
        phone.hangs_up()
        schedule.see_to_ended_calls(rt)
    assert [case.detail["people"] for case in found(rt)] == [3]


@pytest.mark.parametrize("why", ["own", "relative", "helper"])
def test_who_named_the_telephone_is_not_counted(rt: Runtime, town: list[str], why: str) -> None:
    for one, person_id in enumerate(town):
        with rt.sessions.begin() as session:
            person = session.get_one(Person, person_id)
            fields = {"id_number": number(one), "name": f"吴{one}", "region": "kunming"}
            match why:
                case "own":
                    people.add(session, rt, **fields, phone="13700000007")
                case "relative":
                    people.add(session, rt, **fields, relative_phone="13700000007")
                case "helper":
                    relation = Relation.CARER
                    helpers.declare(session, rt, person, name="护工", phone=THEIRS, relation=relation, by="clerk")
        calls(rt, person_id)
    assert found(rt) == []


def test_a_helper_takes_nothing_over(rt: Runtime, town: list[str], client: FlaskClient) -> None:
    """From their telephone the line asks for as much as from a stranger's, and knows nobody."""
    heard = []
    for sid, e164 in (("CA1", "+8613700000008"), ("CA2", THEIRS)):
        with rt.sessions.begin() as session:
            relation, person = Relation.RELATIVE, session.get_one(Person, town[0])
            helpers.declare(session, rt, person, name="女儿", phone=THEIRS, relation=relation, by="clerk")
        phone = Telephone(rt, client, number=e164, sid=sid).dial().press("1").presses_while_listened_to("1")
        heard.append(phone.heard)
        phone.press(number(0)[-4:].replace("X", "*"))
        with rt.sessions() as session:
            assert session.scalars(select(Call.person_id).where(Call.sid == sid)).one() is None
    assert heard[0] == heard[1]
    assert heard[0][-1] == "who.full"


def test_a_helper_who_ended_is_counted(rt: Runtime, town: list[str]) -> None:
    for person_id in town[:3]:
        with rt.sessions.begin() as session:
            person, relation = session.get_one(Person, person_id), Relation.CARER
            one = helpers.declare(session, rt, person, name="护工", phone=THEIRS, relation=relation, by="clerk")
            helpers.end(session, rt, person, one, "clerk")
        calls(rt, person_id)
    assert len(found(rt)) == 1


@pytest.mark.parametrize("why", ["only asked", "withheld", "nobody", "office", "long ago"])
def test_what_opens_no_case(rt: Runtime, town: list[str], clock: Clock, tmp_path: Path, why: str) -> None:
    asked: dict[str, object] = {"step": "goodbye", "dialect": "mandarin", "known": {"next_date": {"result": "known"}}}
    for person in town:
        match why:
            case "only asked":
                calls(rt, person, state=asked)
            case "withheld":
                calls(rt, person, e164=None)
            case "nobody":
                calls(rt, None)
            case "office":
                calls(rt, person, e164=rt.regions["kunming"].operator.number)
            case "long ago":
                calls(rt, person)
                clock.forward(days=46)
    assert found(rt) == []


def test_a_region_may_say_when(rt: Runtime, town: list[str], tmp_path: Path) -> None:
    (tmp_path / "kunming.toml").write_text('name = "昆明"\n[household]\nundeclared = 2\n', encoding="utf-8")
    here = replace(rt, regions=Regions.load(tmp_path))
    calls(here, town[0])
    assert found(rt) == []
    calls(here, town[1])
    assert [case.detail["people"] for case in found(rt)] == [2]


def test_calls_under_an_older_key_count_too(rt: Runtime, town: list[str]) -> None:
    calls(rt, town[0])
    newer = ringed(rt, "newer")
    calls(newer, town[1])
    calls(newer, town[2])
    assert len(found(rt)) == 1
    calls(ringed(newer, "newest"), town[3])
    assert len(found(rt)) == 1


def test_a_number_that_does_not_open_keeps_nobody_waiting(rt: Runtime, town: list[str]) -> None:
    for person in town[:2]:
        calls(rt, person)
    broken = calls(rt, town[2], state={"step": "menu", "dialect": "mandarin", "known": {}})
    with rt.sessions.begin() as session:
        call = session.get_one(Call, broken)
        call.from_sealed, call.seen_to_at, call.state = b"nothing", None, ON_THE_WAY
    assert schedule.see_to_ended_calls(rt) == 1
    assert found(rt) == []


def test_two_sweeps_open_one_case(rt: Runtime, town: list[str]) -> None:
    last = [calls(rt, person) for person in town[:3]][-1]
    with rt.sessions.begin() as session:
        [case] = session.scalars(select(Case))
        session.delete(case)

    def see_to() -> str | None:
        with rt.sessions.begin() as session:
            case = sharing.see_to(session, rt, session.get_one(Call, last), ended.TRIED)
            return case.id if case else None

    assert len(set(at_once(3, see_to)) - {None}) == 1
    assert len(found(rt)) == 1


def test_a_dropped_caller_is_still_called_back(rt: Runtime, town: list[str], clock: Clock) -> None:
    """The case about the telephone is no human for the caller."""
    for person in town[:2]:
        calls(rt, person)
    cut_off = calls(rt, town[2], state={**ON_THE_WAY, "step": "challenge"})
    with rt.sessions.begin() as session:
        session.delete(session.scalars(select(Case)).one())
        call = session.get_one(Call, cut_off)
        call.seen_to_at, call.outcome = None, "dropped"
    clock.forward(minutes=11)
    schedule.see_to_ended_calls(rt)
    with rt.sessions() as session:
        assert sorted(session.scalars(select(Case.kind))) == ["dropped", "shared_line"]
        assert not certifying.status(session, rt, session.get_one(Person, town[2])).closed


def test_of_an_erased_caller_the_case_keeps_nothing(rt: Runtime, town: list[str]) -> None:
    for person in town[:3]:
        calls(rt, person)
    with rt.sessions.begin() as session:
        forgetting.person(session, rt, town[2], "clerk")
    assert found(rt) == []
    with rt.sessions() as session:
        assert session.scalars(select(Call.outcome).where(Call.from_index.is_(None))).all() == ["informed"]
