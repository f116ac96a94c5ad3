"""Taken off a list and put back, lifted and suspended again: who may, what is signed anew, who is paid again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification.errors import Problem
from certification.reasons import ReasonMissing, ReasonPersonal
from certification.runtime import Runtime
from certification.staff import Proven, Role
from certification.store import PaymentList, Person, Suspension
from certification.suspension import lifting, lists, releasing, restoring, taking
from certification.suspension.checks import Block
from certification.suspension.lists import ChangedIt, ListReleased, NotASupervisor, NotNextMonth, OfAnotherRegion
from certification.suspension.releasing import NotSigned, Released
from certification.suspension.taking import NotOnList
from tests.certification.conftest import Clock
from tests.certification.suspending import (
    MAY,
    REGION,
    certify,
    journalled,
    overdue,
    restore,
    sign,
    states,
    supervisor,
    suspend,
)

JUNE = date(2026, 6, 1)


def propose(rt: Runtime) -> PaymentList:
    with rt.sessions.begin() as session:
        return lists.propose(session, rt, REGION, MAY, "clerk")


def turn(rt: Runtime, deed: Callable[..., None], listed: PaymentList, person: Person, why: str = "家属来函") -> None:
    with rt.sessions.begin() as session:
        deed(session, rt, listed, session.get_one(Person, person.id), "王主管", why)


def test_who_is_taken_off_stays_off_and_the_list_is_signed_anew(rt: Runtime, clock: Clock) -> None:
    one, other = overdue(rt, clock), overdue(rt, clock, 1951)
    listed = propose(rt)
    with rt.sessions.begin() as session:
        two = [supervisor(session, rt, name) for name in ("王主管", "李主管")]
        assert sign(session, rt, *two) == [1, 2]
    turn(rt, taking.take_off, listed, one)
    with rt.sessions.begin() as session:
        assert lists.signatories(session, lists.find(session, REGION, MAY)) == {}
    assert isinstance(releasing.release(rt, REGION, MAY, "clerk"), NotSigned)
    propose(rt)
    with rt.sessions.begin() as session:
        assert states(session) == {one.id: ("held", (Block.TAKEN_OFF,)), other.id: ("proposed", ())}
        assert sign(session, rt, two[1], supervisor(session, rt, "陈主管")) == [1, 2]
    assert isinstance(releasing.release(rt, REGION, MAY, "clerk"), Released)
    with rt.sessions() as session:
        assert states(session) == {one.id: ("held", (Block.TAKEN_OFF,)), other.id: ("suspended", ())}
    [said] = journalled(rt, "taken off the list")
    assert json.loads(said)["why"] == "家属来函" and json.loads(said)["list"] == listed.id


def test_who_is_put_back_is_proposed_and_what_was_signed_before_holds_no_more(rt: Runtime, clock: Clock) -> None:
    one = overdue(rt, clock)
    listed = propose(rt)
    with rt.sessions.begin() as session:
        assert sign(session, rt, supervisor(session, rt, "王主管")) == [1]
    turn(rt, taking.take_off, listed, one)
    turn(rt, taking.put_back, listed, one)
    with rt.sessions() as session:
        assert states(session) == {one.id: ("proposed", ())}
        assert lists.signatories(session, lists.find(session, REGION, MAY)) == {}


@pytest.mark.parametrize("deed", [taking.take_off, taking.put_back], ids=["taken off", "put back"])
def test_who_changed_a_list_last_does_not_sign_what_came_of_it(
    rt: Runtime, clock: Clock, deed: Callable[..., None]
) -> None:
    one, _ = overdue(rt, clock), overdue(rt, clock, 1951)
    listed = propose(rt)
    if deed is taking.put_back:
        with rt.sessions.begin() as session:
            taking.take_off(session, rt, listed, one, "陈主管", "家属来函")
    turn(rt, deed, listed, one)
    with rt.sessions.begin() as session:
        wang, chen, li = (supervisor(session, rt, name) for name in ("王主管", "陈主管", "李主管"))
        refused, *signed = sign(session, rt, wang, chen, li)
    assert isinstance(refused, ChangedIt) and signed == [1, 2]
    assert [json.loads(said)["why"] for said in journalled(rt, "signature refused")] == ["ChangedIt"]


def test_a_list_proposed_anew_with_others_on_it_is_nobodys_change(rt: Runtime, clock: Clock) -> None:
    one, other = overdue(rt, clock), overdue(rt, clock, 1951)
    overdue(rt, clock, 1952)
    turn(rt, taking.take_off, propose(rt), one)
    with rt.sessions.begin() as session:
        certify(session, rt, session.get_one(Person, other.id))
    propose(rt)
    with rt.sessions.begin() as session:
        assert sign(session, rt, supervisor(session, rt, "王主管")) == [1]


def test_who_is_held_by_something_else_too_is_put_back_and_still_held(rt: Runtime, clock: Clock) -> None:
    one = overdue(rt, clock)
    listed = propose(rt)
    turn(rt, taking.take_off, listed, one)
    with rt.sessions.begin() as session:
        entry = session.scalars(select(Suspension)).one()
        entry.blocks = [*entry.blocks, Block.OPEN_CASE.value]
    turn(rt, taking.put_back, listed, one)
    with rt.sessions() as session:
        assert states(session) == {one.id: ("held", (Block.OPEN_CASE,))}


def test_what_cannot_be_taken_off(rt: Runtime, clock: Clock) -> None:
    one, other = overdue(rt, clock), overdue(rt, clock, 1951, name="李女士")
    with rt.sessions.begin() as session:
        certify(session, rt, other)
    listed = propose(rt)
    for deed, person, why, error in (
        (taking.take_off, other, "x", NotOnList),
        (taking.put_back, one, "x", NotOnList),
        (taking.take_off, one, "  ", ReasonMissing),
        (taking.take_off, one, "吴先生病了", ReasonPersonal),
        (taking.take_off, one, "电话 13888800000", ReasonPersonal),
    ):
        with pytest.raises(error):
            turn(rt, deed, listed, person, why)
    clock.forward(days=40)
    with pytest.raises(NotNextMonth):
        turn(rt, taking.take_off, listed, one)


def test_nobody_is_taken_off_what_was_released(rt: Runtime, clock: Clock) -> None:
    one = overdue(rt, clock)
    suspend(rt)
    with rt.sessions() as session:
        listed = lists.find(session, REGION, MAY, to_change=False)
    with pytest.raises(ListReleased):
        turn(rt, taking.take_off, listed, one)


def lift(
    rt: Runtime,
    deed: Callable[[Session, Runtime, str, Proven, str], None] = lifting.lift,
    role: Role = Role.SUPERVISOR,
    region: str | None = None,
) -> Problem | None:
    try:
        with rt.sessions.begin() as session:
            one = session.scalars(select(Suspension.id)).one()
            deed(session, rt, one, Proven("x", "王主管", role, region), "文书有误")
    except Problem as problem:
        return problem
    return None


def test_a_lifted_suspension_is_paid_again_with_what_was_not_paid(rt: Runtime, clock: Clock) -> None:
    one = overdue(rt, clock)
    suspend(rt)
    clock.forward(days=40)
    assert lift(rt) is None
    with rt.sessions.begin() as session:
        assert states(session) == {one.id: ("lifted", ())}
        assert restoring.waiting(session) == {REGION: 1}
    [file] = restore(rt, JUNE)
    assert file.content.decode().splitlines()[1].endswith(",2026-05,2026-05,1")
    with rt.sessions() as session:
        assert states(session) == {one.id: ("restored", ())}
        assert restoring.waiting(session) == {}
    assert isinstance(lift(rt, lifting.take_back), NotOnList)
    assert len(journalled(rt, "suspension lifted")) == 1


def test_a_lifting_is_taken_back_until_payment_is_made_again(rt: Runtime, clock: Clock) -> None:
    one = overdue(rt, clock)
    suspend(rt)
    assert lift(rt) is None
    assert isinstance(lift(rt), NotOnList)
    assert lift(rt, lifting.take_back) is None
    with rt.sessions.begin() as session:
        assert states(session) == {one.id: ("suspended", ())}
    assert restore(rt) == []


def test_who_is_not_paid_again_yet_is_on_no_new_list(rt: Runtime, clock: Clock) -> None:
    overdue(rt, clock)
    suspend(rt)
    assert lift(rt) is None
    clock.forward(days=30)
    with rt.sessions.begin() as session:
        listed = lists.propose(session, rt, REGION, JUNE, "clerk")
        assert lists.lines(session, listed) == []


@pytest.mark.parametrize(
    ("role", "region", "error"),
    [(Role.CLERK, None, NotASupervisor), (Role.SUPERVISOR, "qingdao", OfAnotherRegion)],
    ids=["a clerk", "of another region"],
)
def test_only_a_supervisor_of_the_region_lifts(
    rt: Runtime, clock: Clock, role: Role, region: str | None, error: type[Problem]
) -> None:
    one = overdue(rt, clock)
    suspend(rt)
    assert isinstance(lift(rt, role=role, region=region), error)
    assert lift(rt, region=REGION) is None
    with rt.sessions() as session:
        assert states(session) == {one.id: ("lifted", ())}
