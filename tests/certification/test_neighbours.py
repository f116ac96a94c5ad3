"""Who is near a person: at the same telephone, a helper, or calling from where they did; their names hidden."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy.orm import Session

from certification import cases, certifying, helpers, neighbours, people
from certification.cases import CaseKind
from certification.evidence import Kind, Strength
from certification.helpers import Relation
from certification.neighbours import MOST, Neighbours
from certification.runtime import Runtime
from certification.store import Call, Person
from tests.certification import sealed
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number

OWN, ANOTHER = "13888000001", "13888000009"  # of `wu`, and of somebody else


def add(session: Session, rt: Runtime, n: int, *, region: str = "kunming", **more: str) -> Person:
    born = date(1940, 1, 1) + timedelta(days=n)
    number = resident_number("530102", born.year, born.month, born.day)
    return people.add(session, rt, id_number=number, name=f"郑第{n}", region=region, **more)


def near(rt: Runtime, wu: Person, call: Call | None = None, *alike: str) -> Neighbours:
    with rt.sessions() as session:
        return neighbours.of(session, rt, session.get_one(Person, wu.id), call, alike)


def test_whoever_is_reached_at_the_same_telephone_is_a_neighbour(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        wife = add(session, rt, 1, region="qingdao", phone=OWN).id
        add(session, rt, 2, phone=ANOTHER)
    [one] = near(rt, wu).some
    assert (one.id, one.region, one.name) == (wife, "qingdao", "郑**")
    assert (one.shares, one.helps, one.called, one.alike, one.certified_at) == (True, False, 0, False, None)


def test_helping_makes_neighbours_both_ways(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        helped, helper = add(session, rt, 1, phone=ANOTHER), add(session, rt, 2, phone="13888000008")
        facts = {"relation": Relation.NEIGHBOUR, "by": "clerk"}
        helpers.declare(session, rt, helped, name="吴先生", phone=OWN, **facts)  # type: ignore[arg-type]
        me = session.get_one(Person, wu.id)
        helpers.declare(session, rt, me, name="郑", phone="13888000008", **facts)  # type: ignore[arg-type]
    found = {one.id: one for one in near(rt, wu).some}
    assert (found[helped.id].helps, found[helped.id].shares) == (True, False)
    assert (found[helper.id].helps, found[helper.id].shares) == (False, True)


def test_calls_for_others_from_the_number_of_this_call_are_counted(rt: Runtime, wu: Person, clock: Clock) -> None:
    with rt.sessions.begin() as session:
        other, late = add(session, rt, 1, phone=ANOTHER), add(session, rt, 2, phone="13888000008")
        sealed.call(session, rt, late, "+8613700000000")
    clock.forward(days=400)
    with rt.sessions.begin() as session:
        for who in (other, other, wu):
            call = sealed.call(session, rt, session.get_one(Person, who.id), "+8613700000000")
        sealed.call(session, rt, session.get_one(Person, late.id), "+8613700000001")
    [one] = near(rt, wu, call).some
    assert (one.id, one.called, one.shares) == (other.id, 2, False)
    assert near(rt, wu).some == []


def test_an_office_telephone_makes_nobody_a_neighbour(rt: Runtime, wu: Person) -> None:
    office = rt.regions["kunming"].operator.number
    with rt.sessions.begin() as session:
        other = add(session, rt, 1, phone=ANOTHER)
        for who in (other, wu):
            call = sealed.call(session, rt, session.get_one(Person, who.id), office)
    assert near(rt, wu, call).some == []


def test_whose_voice_was_alike_comes_first_with_their_last_sign_of_life(rt: Runtime, wu: Person, clock: Clock) -> None:
    with rt.sessions.begin() as session:
        twin, named = add(session, rt, 1, phone=ANOTHER), add(session, rt, 2, phone="13888000008")
        add(session, rt, 3, phone=OWN)
        detail = {"other": twin.id}
        me = session.get_one(Person, wu.id)
        cases.open_case(session, rt, kind=CaseKind.ENROLLED_TWICE, cause="t", person=me, detail=detail)
        seen = {"kind": Kind.DESK, "strength": Strength.OFFICIAL, "source": "clerk", "actor": "clerk"}
        certifying.record(session, rt, twin, ref="1", observed_at=clock(), **seen)  # type: ignore[arg-type]
    gone = "0" * 32
    found = near(rt, wu, None, named.id, gone).some
    assert {one.id for one in found[:2]} == {twin.id, named.id} and len(found) == 3
    assert [one.alike for one in found] == [True, True, False]
    assert {one.id: one.certified_at for one in found}[twin.id] == clock()


def test_a_telephone_of_a_whole_street_shows_some_and_says_so(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        for n in range(MOST + 2):
            add(session, rt, n, phone=OWN)
    found = near(rt, wu)
    assert (len(found.some), found.more) == (MOST, True)
