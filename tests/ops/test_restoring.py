"""Restorations that were asked for in the console and are done behind it: everybody once, whoever is killed."""

from __future__ import annotations

import signal
from dataclasses import replace
from datetime import timedelta
from multiprocessing import get_context

import pytest
from sqlalchemy import select

from certification import errands
from certification.errands import STALLED, Kind
from certification.runtime import Runtime
from certification.store import Errand, PaymentList, Person, only_read
from certification.suspension import restoring
from ops import errands as behind
from tests.certification.conftest import Clock, clock, queue
from tests.certification.conftest import rt as domain
from tests.certification.killed import mortal
from tests.certification.suspending import MAY, REGION, certify, journalled, suspend
from tests.certification.test_suspension_slices import begun, found, in_order

__all__ = ["clock", "domain", "queue"]
_FORKED = get_context("fork")
ONCE = "e" * 32


@pytest.fixture
def rt(domain: Runtime) -> Runtime:
    """The runtime of the domain's tests."""
    return domain


def ask(rt: Runtime, of: int, once: str = ONCE) -> None:
    with rt.sessions.begin() as session:
        errands.ask(session, rt, once, Kind.RESTORATION, REGION, "王主管", of=of, month=MAY.isoformat())


def errand(rt: Runtime, once: str = ONCE) -> Errand:
    with rt.sessions() as session:
        only_read(session)
        return session.get_one(Errand, once)


def parts(rt: Runtime) -> list[PaymentList]:
    with rt.sessions() as session:
        only_read(session)
        mine = select(PaymentList).where(PaymentList.kind == restoring.RESTORATION).order_by(PaymentList.part)
        return list(session.scalars(mine))


def certified(rt: Runtime, people: list[Person]) -> None:
    with rt.sessions.begin() as session:
        for person in people:
            certify(session, rt, session.get_one(Person, person.id))


def test_payment_is_restored_by_the_sweeps_thread_once(rt: Runtime, clock: Clock) -> None:
    people = in_order(rt, clock, 2)
    suspend(rt)
    certified(rt, people[:1])
    for _ in range(2):
        ask(rt, 1)
    assert (behind.work(rt), behind.work(rt)) == (1, 0)
    [part] = parts(rt)
    assert (part.errand_id, part.people, part.released_by) == (ONCE, 1, "王主管")
    there = errand(rt)
    assert (there.state, there.result, there.tries) == ("done", None, 0)
    ask(rt, 1, "f" * 32)
    assert behind.work(rt) == 1 and errand(rt, "f" * 32).state == "done"
    assert len(parts(rt)) == 1 and len(journalled(rt, "payment restored")) == 1


def test_whoever_waits_for_a_release_that_stands_still_is_restored_too(rt: Runtime, clock: Clock) -> None:
    people = in_order(rt, clock, 3)
    begun(rt, 5)
    certified(rt, people[1:])
    ask(rt, 2)
    assert behind.work(rt) == 1
    assert found(rt) == ["suspended", "restored", "restored"] and [part.people for part in parts(rt)] == [2]


def test_it_is_heard_of_while_a_release_is_finished_first(rt: Runtime, clock: Clock) -> None:
    people = in_order(rt, clock, 3)
    begun(rt, 5)
    certified(rt, people[1:])
    heard = list[list[str]]()
    restoring.go_on(rt, REGION, MAY, "王主管", alive=lambda: heard.append(found(rt)))
    assert heard == [["suspended"] * 3] and found(rt) == ["suspended", "restored", "restored"]


def test_how_far_it_is_is_noted_with_each_part(rt: Runtime, clock: Clock) -> None:
    people = in_order(rt, clock, 3)
    suspend(rt)
    certified(rt, people)
    ask(rt, 3)
    seen = list[tuple[int, int]]()

    def now() -> object:
        there = errand(rt)
        seen.append((there.done, len(parts(rt))))
        return clock.at

    behind.restore(replace(rt, now=now), errand(rt), size=1)  # type: ignore[arg-type]
    assert set(seen) == {(0, 0), (1, 1), (2, 2), (3, 3)} and errand(rt).state == "done"


def dies(rt: Runtime, url: str, moments: int) -> None:
    """Restore payment, and be killed in the middle."""
    here = mortal(rt, url, moments)
    behind.restore(here, errand(here), size=1)


@pytest.mark.parametrize("moments", [2, 5, 8, 11, 14])
def test_killed_anywhere_it_is_begun_again_and_nobody_is_restored_twice(
    rt: Runtime, clock: Clock, database_url: str, moments: int
) -> None:
    people = in_order(rt, clock, 3)
    suspend(rt)
    certified(rt, people)
    ask(rt, 3)
    with rt.sessions.begin() as session:
        assert errands.begin(session, rt, errand(rt))
    rt.sessions.kw["bind"].dispose()
    process = _FORKED.Process(target=dies, args=(rt, database_url, moments))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    before = parts(rt)
    assert (errand(rt).state, errand(rt).done) == ("asked", len(before))
    assert behind.work(rt) == 0, "it may be at it yet"
    clock.at += STALLED + timedelta(seconds=1)
    assert behind.work(rt) == 1
    made = parts(rt)
    assert [one.id for one in made[: len(before)]] == [one.id for one in before]
    assert {one.errand_id for one in made} == {ONCE} and sum(one.people or 0 for one in made) == 3
    assert errand(rt).state == "done" and len(journalled(rt, "payment restored")) == 3


def test_killed_between_parts_more_often_than_it_is_tried_it_still_ends(
    rt: Runtime, clock: Clock, database_url: str
) -> None:
    people = in_order(rt, clock, 4)
    suspend(rt)
    certified(rt, people)
    ask(rt, 4)
    for made in range(errands.TRIES):
        with rt.sessions.begin() as session:
            assert errands.begin(session, rt, errand(rt))
        moments = 0
        while len(parts(rt)) <= made:
            moments += 1
            rt.sessions.kw["bind"].dispose()
            process = _FORKED.Process(target=dies, args=(rt, database_url, moments))
            process.start()
            process.join()
        assert (errand(rt).state, len(parts(rt))) == ("asked", made + 1)
        clock.at += STALLED + timedelta(seconds=1)
    assert behind.work(rt) == 1
    assert errand(rt).state == "done" and sum(one.people or 0 for one in parts(rt)) == 4


def test_asked_for_too_late_it_says_so(rt: Runtime, clock: Clock) -> None:
    people = in_order(rt, clock, 1)
    suspend(rt)
    certified(rt, people)
    ask(rt, 1)
    clock.forward(days=60)
    assert behind.work(rt) == 1
    there = errand(rt)
    assert there.state == "refused" and there.zh is not None and "只能从本月或下月起" in there.zh
    assert parts(rt) == [] and found(rt) == ["suspended"]
