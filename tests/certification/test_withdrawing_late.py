"""Whoever is late because a sign of life was taken back: nobody is on a list by it before they had time to come."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from certification import certifying, withdrawing
from certification.contacts import Channel, Outcome
from certification.runtime import Runtime
from certification.store import Evidence, Person
from certification.suspension import lists, releasing
from certification.suspension.checks import LEAST_AGAIN, Block, before_signing
from certification.suspension.histories import histories
from certification.suspension.histories import overdue as late
from certification.suspension.releasing import Released
from tests.certification.conftest import Clock
from tests.certification.suspending import MAY, OVER, REGION, certify, overdue, sign, states, supervisor, suspend, tried
from tests.certification.test_suspension_lists import PROPOSED, proposed

FAR = st.integers(0, 90)


def mistaken(rt: Runtime, clock: Clock) -> tuple[Person, str]:
    """Somebody who was reached on two channels, and certified by mistake before their period was over."""
    person = overdue(rt, clock)
    clock.at = OVER - timedelta(days=20)
    with rt.sessions.begin() as session:
        certify(session, rt, session.get_one(Person, person.id))
    clock.at = OVER
    with rt.sessions() as session:
        return person, session.scalars(select(Evidence.id)).one()


def take_back(rt: Runtime, evidence: str) -> None:
    with rt.sessions.begin() as session:
        assert withdrawing.withdraw(session, rt, evidence, by="主管", why="点错了", supervisor=True) is not None


def held(rt: Runtime, person: Person) -> set[Block] | None:
    """What keeps somebody from being suspended, signatures apart; None where nobody asks."""
    with rt.sessions() as session:
        found = histories(session, rt, REGION, late(session, REGION, certifying.day_of(rt.now())))
        return next((set(before_signing(one.history)) for one in found if one.person_id == person.id), None)


def reach(rt: Runtime, person: Person) -> None:
    with rt.sessions.begin() as session:
        one = session.get_one(Person, person.id)
        tried(session, rt, one, Channel.SMS, outcome=Outcome.DELIVERED)
        tried(session, rt, one, Channel.CALL)


def test_nobody_is_proposed_by_it_before_they_had_the_usual_time(rt: Runtime, clock: Clock) -> None:
    person, evidence = mistaken(rt, clock)
    assert proposed(rt) == {}
    take_back(rt, evidence)
    assert proposed(rt) == {person.id: ("held", (Block.ASKED_AGAIN, Block.TOO_FEW_CHANNELS))}
    clock.forward(days=1)
    reach(rt, person)
    assert proposed(rt) == {person.id: ("held", (Block.ASKED_AGAIN,))}
    usual = sum(climb.wait_days for climb in rt.regions[REGION].ladder.rungs)
    clock.forward(days=usual - 1)
    assert held(rt, person) == {Block.ASKED_AGAIN}
    clock.forward(days=1)
    assert held(rt, person) == set(), "then they are late as anybody is"


def test_whoever_stands_on_a_signed_list_drops_out_of_it(rt: Runtime, clock: Clock) -> None:
    person = overdue(rt, clock)
    with rt.sessions.begin() as session:
        lists.propose(session, rt, REGION, MAY, "clerk")
        assert sign(session, rt, *(supervisor(session, rt, f"主管{n}") for n in range(2))) == [1, 2]
        assert states(session) == {person.id: PROPOSED}
    with rt.sessions.begin() as session:
        certify(session, rt, session.get_one(Person, person.id))
        evidence = session.scalars(select(Evidence.id)).one()
    take_back(rt, evidence)
    clock.forward(days=1)
    reach(rt, person)
    released = releasing.release(rt, REGION, MAY, "clerk")
    assert isinstance(released, Released) and (released.dropped, released.file.people) == (1, 0)
    with rt.sessions() as session:
        assert states(session) == {person.id: ("dropped", (Block.ASKED_AGAIN,))}


def test_who_was_suspended_before_stays_as_they_were(rt: Runtime, clock: Clock) -> None:
    person = overdue(rt, clock)
    suspend(rt)
    with rt.sessions.begin() as session:
        certify(session, rt, session.get_one(Person, person.id))
        evidence = session.scalars(select(Evidence.id)).one()
    take_back(rt, evidence)
    with rt.sessions() as session:
        assert states(session) == {person.id: ("suspended", ())}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(before=FAR, reached=st.none() | FAR, asked=FAR, put_back=st.booleans())
@example(before=0, reached=0, asked=36, put_back=True)
def test_no_day_and_no_order_suspends_them_early(
    rt: Runtime, clock: Clock, before: int, reached: int | None, asked: int, put_back: bool
) -> None:
    clock.at = OVER
    with rt.sessions.begin() as session:
        for one in session.scalars(select(Person)):
            session.delete(one)
    person, evidence = mistaken(rt, clock)
    clock.forward(days=before)
    take_back(rt, evidence)
    if put_back:
        with rt.sessions.begin() as session:
            assert withdrawing.put_back(session, rt, evidence, by="主管", why="没有点错")
        assert held(rt, person) is None
        take_back(rt, evidence)
    taken = rt.now()
    if reached is not None and reached <= asked:
        clock.forward(days=reached)
        reach(rt, person)
    clock.at = taken + timedelta(days=asked)
    suspendable = held(rt, person) == set()
    assert suspendable == (asked > 35 and reached is not None and reached <= asked), "the ladder's days, and two ways"
    assert not suspendable or rt.now() - taken > LEAST_AGAIN
