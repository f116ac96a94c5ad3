"""A release by slices: killed anywhere it goes on, and what holds somebody by then keeps them out of the file."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from datetime import timedelta
from multiprocessing import get_context

import pytest
from sqlalchemy import select

from certification import bereavement, cases, journal, outages, staff
from certification.cases import CaseKind
from certification.errors import Problem
from certification.runtime import Runtime
from certification.store import Case, PaymentList, Person, Suspension
from certification.suspension import lifting, lists, releasing, taking
from certification.suspension.checks import Block
from certification.suspension.lists import ListReleasing, NotNextMonth
from certification.suspension.releasing import NobodyMaySuspend, NotSigned, Released
from ops import releases
from tests.certification.conftest import Clock
from tests.certification.killed import mortal
from tests.certification.suspending import (
    MAY,
    REGION,
    certify,
    journalled,
    overdue,
    restore,
    ruled,
    sign,
    states,
    supervisor,
)
from tests.certification.together import at_once

_FORKED = get_context("fork")


def signed(rt: Runtime) -> str:
    """A list that two supervisors have signed; its identifier."""
    with rt.sessions.begin() as session:
        identifier = lists.propose(session, rt, REGION, MAY, "clerk").id
        assert sign(session, rt, supervisor(session, rt, "李"), supervisor(session, rt, "王")) == [1, 2]
    return identifier


def begun(rt: Runtime, slices: int) -> str:
    """A signed list whose release was asked for, with so many slices of one person done; its identifier."""
    identifier = signed(rt)
    with rt.sessions.begin() as session:
        assert isinstance(releasing.ask(session, rt, REGION, MAY, "陈主管"), PaymentList)
    for _ in range(slices):
        assert one_slice(rt, identifier) is None
    return identifier


def one_slice(rt: Runtime, identifier: str) -> Problem | None:
    return releasing.go_on(rt, identifier, 1, lambda: True)


def listed(rt: Runtime, identifier: str) -> PaymentList:
    with rt.sessions() as session:
        return session.get_one(PaymentList, identifier)


def found(rt: Runtime) -> list[str]:
    """The states of everybody, in the order of the list."""
    with rt.sessions() as session:
        return [state for _, (state, _) in sorted(states(session).items())]


def in_order(rt: Runtime, clock: Clock, people: int) -> list[Person]:
    """People whose period is over, in the order of the list."""
    return sorted((overdue(rt, clock, 1950 + n) for n in range(people)), key=lambda one: one.id)


def test_nobody_is_suspended_and_no_file_is_there_until_everybody_was_checked(rt: Runtime, clock: Clock) -> None:
    in_order(rt, clock, 3)
    identifier, came = begun(rt, 0), []
    for _ in range(8):
        now = listed(rt, identifier)
        came.append((found(rt), now.releasing, now.released_at is not None, now.sha256 is not None))
        one_slice(rt, identifier)
    c, p, s = "cleared", "proposed", "suspended"
    assert came == [
        ([p, p, p], "checking", False, False),
        ([c, p, p], "checking", False, False),
        ([c, c, p], "checking", False, False),
        ([c, c, c], "checking", False, False),
        ([c, c, c], "suspending", True, True),
        ([s, c, c], "suspending", True, True),
        ([s, s, c], "suspending", True, True),
        ([s, s, s], "suspending", True, True),
    ]
    assert listed(rt, identifier).releasing is None
    assert [json.loads(one)["from"] for one in journalled(rt, "payment suspended")] == ["2026-05"] * 3
    [facts] = map(json.loads, journalled(rt, "suspensions released"))
    assert facts["people"] == 3 and facts["signed_by"] == ["李", "王"]


def test_asked_for_again_it_changes_nothing(rt: Runtime, clock: Clock) -> None:
    in_order(rt, clock, 2)
    identifier = begun(rt, 1)
    with rt.sessions.begin() as session:
        releasing.ask(session, rt, REGION, MAY, "another")
    assert listed(rt, identifier).released_by == "陈主管" and found(rt) == ["cleared", "proposed"]
    assert len(journalled(rt, "release begun")) == 1


@pytest.mark.parametrize("slices", range(3))
def test_who_certifies_meanwhile_is_not_in_the_file(rt: Runtime, clock: Clock, slices: int) -> None:
    first, second = in_order(rt, clock, 2)
    identifier = begun(rt, slices)
    with rt.sessions.begin() as session:
        certify(session, rt, session.get_one(Person, first.id))
    assert restore(rt) == [], "nobody is paid again who was not suspended"
    assert releasing.go_on(rt, identifier) is None
    with rt.sessions() as session:
        assert states(session) == {first.id: ("dropped", (Block.CERTIFIED,)), second.id: ("suspended", ())}
        kept = session.scalars(select(Suspension.payee_sealed).where(Suspension.person_id == first.id)).one()
    assert kept is None and listed(rt, identifier).people == 1
    assert len(journalled(rt, "suspension dropped")) == len(journalled(rt, "payment suspended")) == 1


def a_case(rt: Runtime, person: Person) -> None:
    with rt.sessions.begin() as session:
        cases.open_case(session, rt, kind=CaseKind.CALL_BACK, cause="x", person=person)


def a_death(rt: Runtime, person: Person) -> None:
    with rt.sessions.begin() as session:
        bereavement.report(session, rt, person, source="sms", ref="1", by="line")
        bereavement.answer(session, rt, person, bereavement.Verdict.DEAD, "clerk")


def a_move(rt: Runtime, person: Person) -> None:
    with rt.sessions.begin() as session:
        session.get_one(Person, person.id).region = "default"


def an_outage(rt: Runtime, _: Person) -> None:
    with rt.sessions.begin() as session:
        begun = outages.begin(session, rt, "线路中断", "admin", rt.now() - timedelta(days=20))
        outages.end(session, rt, begun, "admin")


@pytest.mark.parametrize(
    ("what", "block"),
    [
        (a_case, Block.OPEN_CASE),
        (a_death, Block.DEATH_REPORTED),
        (a_move, Block.MOVED),
        (an_outage, Block.NOT_OVER),
    ],
)
def test_what_came_after_the_check_counts_when_the_file_is_made(
    rt: Runtime, clock: Clock, what: Callable[[Runtime, Person], None], block: Block
) -> None:
    [one] = in_order(rt, clock, 1)
    identifier = begun(rt, 1)
    assert found(rt) == ["cleared"]
    what(rt, one)
    assert releasing.go_on(rt, identifier) is None
    with rt.sessions() as session:
        assert states(session)[one.id] == ("dropped", (block,))
    assert listed(rt, identifier).people == 0


def test_an_outage_is_waited_for(rt: Runtime, clock: Clock) -> None:
    in_order(rt, clock, 2)
    identifier = begun(rt, 1)
    with rt.sessions.begin() as session:
        outage = outages.begin(session, rt, "线路中断", "admin")
    assert isinstance(releasing.go_on(rt, identifier), NobodyMaySuspend)
    assert found(rt) == ["cleared", "proposed"] and releases.go_on_with_lists(rt) == 1
    with rt.sessions.begin() as session:
        outages.end(session, rt, outage, "admin")
    assert releasing.go_on(rt, identifier) is None and found(rt) == ["suspended"] * 2


def closes_an_account(rt: Runtime, _: Clock) -> Runtime:
    with rt.sessions.begin() as session:
        staff.close(session, rt, "李", "cli")
    return rt


def switches_off(rt: Runtime, _: Clock) -> Runtime:
    return ruled(rt, False, 2)


def lets_the_month_pass(rt: Runtime, clock: Clock) -> Runtime:
    clock.forward(days=30)
    return rt


@pytest.mark.parametrize(
    ("what", "why"),
    [(closes_an_account, NotSigned), (switches_off, NobodyMaySuspend), (lets_the_month_pass, NotNextMonth)],
)
@pytest.mark.parametrize("slices", [1, 2])
def test_what_ends_the_right_to_release_calls_it_off(
    rt: Runtime, clock: Clock, what: Callable[[Runtime, Clock], Runtime], why: type[Problem], slices: int
) -> None:
    in_order(rt, clock, 2)
    identifier = begun(rt, slices)
    assert isinstance(releasing.go_on(what(rt, clock), identifier), why)
    now = listed(rt, identifier)
    assert found(rt) == ["proposed"] * 2
    assert (now.releasing, now.released_at, now.released_by, now.sha256) == (None, None, None, None)
    with rt.sessions() as session:
        assert session.scalars(select(Suspension.payee_sealed)).all() == [None, None]
    assert [json.loads(one)["why"] for one in journalled(rt, "release called off")] == [why.__name__]
    assert journalled(rt, "payment suspended") == []


def test_a_release_called_off_is_signed_by_another_and_done(rt: Runtime, clock: Clock) -> None:
    in_order(rt, clock, 2)
    identifier = begun(rt, 1)
    closes_an_account(rt, clock)
    assert isinstance(releasing.go_on(rt, identifier), NotSigned)
    with rt.sessions.begin() as session:
        assert sign(session, rt, supervisor(session, rt, "周")) == [2]
    released = releasing.release(rt, REGION, MAY, "clerk")
    assert isinstance(released, Released) and released.file.people == 2


def test_what_is_being_released_is_not_changed_meanwhile(rt: Runtime, clock: Clock) -> None:
    one, _ = in_order(rt, clock, 2)
    identifier = begun(rt, 1)
    with rt.sessions.begin() as session:
        now = session.get_one(PaymentList, identifier)
        [refused] = sign(session, rt, supervisor(session, rt, "周"))
        assert isinstance(refused, ListReleasing)
        with pytest.raises(ListReleasing):
            lists.propose(session, rt, REGION, MAY, "clerk")
        with pytest.raises(ListReleasing):
            taking.take_off(session, rt, now, one, "周", "家属来函")
        entry = session.scalars(select(Suspension).where(Suspension.person_id == one.id)).one()
        with pytest.raises(taking.NotOnList):
            lifting.lift(session, rt, entry.id, supervisor(session, rt, "吴"), "家属来函")


def test_somebody_erased_meanwhile_calls_nothing_off(rt: Runtime, clock: Clock) -> None:
    one, other = in_order(rt, clock, 2)
    identifier = begun(rt, 1)
    with rt.sessions.begin() as session:
        session.delete(session.get_one(Person, one.id))
    assert releasing.go_on(rt, identifier) is None
    with rt.sessions() as session:
        assert states(session) == {other.id: ("suspended", ())}


def test_several_at_it_at_once_do_each_slice_once(rt: Runtime, clock: Clock) -> None:
    in_order(rt, clock, 6)
    identifier = begun(rt, 0)
    at_once(4, lambda: releasing.go_on(rt, identifier, 1))
    assert found(rt) == ["suspended"] * 6
    assert len(journalled(rt, "payment suspended")) == 6 and len(journalled(rt, "suspensions released")) == 1
    with rt.sessions() as session:
        assert isinstance(journal.verify(session), journal.Verified)


def dies(rt: Runtime, url: str, identifier: str, moments: int) -> None:
    """Go on with a release, and be killed in the middle."""
    releasing.go_on(mortal(rt, url, moments), identifier, 1)


@pytest.mark.parametrize("moments", [1, 4, 7, 10, 13, 15])
def test_killed_anywhere_it_goes_on_and_comes_to_the_same(
    rt: Runtime, clock: Clock, database_url: str, moments: int
) -> None:
    one, *_ = in_order(rt, clock, 4)
    identifier = begun(rt, 0)
    rt.sessions.kw["bind"].dispose()
    process = _FORKED.Process(target=dies, args=(rt, database_url, identifier, moments))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    out = listed(rt, identifier).released_at is not None
    with rt.sessions.begin() as session:
        certify(session, rt, session.get_one(Person, one.id))
    released = releasing.release(rt, REGION, MAY, "clerk")
    assert isinstance(released, Released)
    assert released.file.people == (4 if out else 3)
    assert found(rt) == ["suspended" if out else "dropped", *["suspended"] * 3]
    assert len(journalled(rt, "payment suspended")) == released.file.people
    assert len(journalled(rt, "suspensions released")) == 1
    with rt.sessions() as session:
        assert isinstance(journal.verify(session), journal.Verified)


def test_whose_record_does_not_open_drops_out_and_is_a_humans_case(rt: Runtime, clock: Clock) -> None:
    first, second = in_order(rt, clock, 2)
    with rt.sessions.begin() as session:
        session.get_one(Person, first.id).name_sealed = b"x" * 60
    identifier = begun(rt, 0)
    releases.go_on_with_lists(rt)
    with rt.sessions() as session:
        assert states(session) == {first.id: ("dropped", (Block.OPEN_CASE,)), second.id: ("suspended", ())}
    assert listed(rt, identifier).people == 1
    with rt.sessions() as session:
        case = session.scalars(select(Case).where(Case.kind == CaseKind.UNREADABLE.value)).one()
        assert case.person_id == first.id
