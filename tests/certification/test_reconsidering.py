"""Once a region asks for less, a human has its open periods looked at again: what suffices closes them, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from certification import bereavement, certifying, people, reconsidering, withdrawing
from certification.bereavement import Verdict
from certification.evidence import Kind, Strength
from certification.periods import Interval
from certification.reconsidering import Reconsidered
from certification.regions import Regions
from certification.runtime import Runtime
from certification.store import Evidence, Period, Person
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.suspending import journalled
from tests.certification.test_withdrawing import WEI, WHY, closed, recorded, take_back
from tests.certification.together import at_once


@pytest.fixture
def easier(rt: Runtime) -> Runtime:
    """The same service, where Kunming takes a PIN for enough."""
    rules = rt.regions["kunming"].evidence.model_copy(update={"needs": Strength.POSSESSION})
    kunming = rt.regions["kunming"].model_copy(update={"evidence": rules})
    return replace(rt, regions=Regions({"kunming": kunming, "nanjing": rt.regions["nanjing"]}, "kunming"))


def somebody(rt: Runtime, year: int, region: str = "kunming") -> Person:
    with rt.sessions.begin() as session:
        number = resident_number("530102", year, 5, 15)
        person = people.add(session, rt, id_number=number, name="某", region=region)
        certifying.current_period(session, rt, person)
        return person


def pin(rt: Runtime, person: Person) -> str:
    evidence = recorded(rt, person, Kind.PIN, strength=Strength.POSSESSION)
    assert not closed(rt, person)
    return evidence


def test_what_suffices_closes_the_period_by_that_and_of_whoever_gave_nothing_none(
    rt: Runtime, easier: Runtime, wu: Person
) -> None:
    silent, evidence = somebody(rt, 1951), pin(rt, wu)
    far = somebody(rt, 1952, "nanjing")
    pin(rt, far)
    assert reconsidering.close(rt, "kunming", WEI) == Reconsidered(2), "by the rules as they were, nothing suffices"
    assert reconsidering.close(easier, "kunming", WEI) == Reconsidered(2, 1)
    assert closed(rt, wu) and not closed(rt, silent) and not closed(rt, far)
    with rt.sessions() as session:
        assert session.scalars(select(Period.closed_by).where(Period.person_id == wu.id)).one() == evidence
    assert reconsidering.close(easier, "kunming", WEI) == Reconsidered(1), "once"
    [entry] = journalled(rt, "period closed")
    assert evidence in entry and len(journalled(rt, "periods reconsidered")) == 3


@pytest.mark.parametrize("size", [1, 2, 5])
def test_by_slices_everybody_is_looked_at_once(rt: Runtime, easier: Runtime, size: int) -> None:
    several, told = [somebody(rt, 1950 + one) for one in range(5)], list[int]()
    for one in several[::2]:
        pin(rt, one)
    assert reconsidering.close(easier, "kunming", WEI, told.append, size) == Reconsidered(5, 3)
    assert sum(told) == 5 and max(told) <= size
    assert [closed(rt, one) for one in several] == [True, False, True, False, True]


def test_stopped_in_between_it_goes_on(rt: Runtime, easier: Runtime) -> None:
    several = [somebody(rt, 1950 + one) for one in range(3)]
    for one in several:
        pin(rt, one)

    def killed(_looked_at: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reconsidering.close(easier, "kunming", WEI, killed, 1)
    assert sum(closed(rt, one) for one in several) == 1 and journalled(rt, "periods reconsidered") == []
    assert reconsidering.close(easier, "kunming", WEI) == Reconsidered(2, 2)


def test_two_at_once_close_each_period_once(rt: Runtime, easier: Runtime) -> None:
    for one in range(4):
        pin(rt, somebody(rt, 1950 + one))
    done = at_once(2, lambda: reconsidering.close(easier, "kunming", WEI, size=2).closed)
    assert sum(done) == 4 and len(journalled(rt, "period closed")) == 4


def test_nothing_counts_that_was_taken_back_or_is_of_another_period(
    rt: Runtime, easier: Runtime, wu: Person, clock: Clock
) -> None:
    zheng = somebody(rt, 1951)
    pin(rt, zheng)
    with rt.sessions.begin() as session:
        withdrawing.withdraw(session, rt, pin(rt, wu), by=WEI, why=WHY, supervisor=True)
    with rt.sessions() as session:
        due = certifying.status(session, rt, session.get_one(Person, zheng.id)).due
    clock.forward(days=(due - certifying.day_of(rt.now())).days + 1)
    with rt.sessions.begin() as session:
        for one in (wu, zheng):
            certifying.current_period(session, rt, session.get_one(Person, one.id))
    assert reconsidering.close(easier, "kunming", WEI) == Reconsidered(2)
    assert not closed(rt, wu) and not closed(rt, zheng)


def test_what_is_taken_back_at_the_same_moment_certifies_nobody(rt: Runtime, easier: Runtime) -> None:
    def race(evidence: str) -> None:
        turn = iter((True, False))

        def deed() -> None:
            if next(turn):
                reconsidering.close(easier, "kunming", WEI)
            else:
                take_back(rt, evidence)

        at_once(2, deed)

    several = [somebody(rt, 1950 + one) for one in range(6)]
    for one in several:
        race(pin(rt, one))
    assert not any(closed(rt, one) for one in several)


def test_a_comparison_that_is_undone_at_the_same_moment_certifies_nobody(
    rt: Runtime, easier: Runtime, wu: Person, database_url: str
) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("one writer at a time")
    evidence = pin(rt, wu)
    waits = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with ThreadPoolExecutor(1) as pool:
        with rt.sessions.begin() as undoing:  # as comparison.undoing does: the evidence, then what it closed
            undoing.execute(update(Evidence).where(Evidence.id == evidence).values(withdrawn_at=rt.now()))
            found = pool.submit(reconsidering.close, easier, "kunming", WEI)
            while not found.done():
                with rt.sessions() as looking:
                    if looking.scalar(waits):
                        break
            opened = update(Period).where(Period.closed_by == evidence)
            undoing.execute(opened.values(closed_at=None, closed_by=None))
        assert found.result() == Reconsidered(1)
    assert not closed(rt, wu)


def test_nobody_is_certified_who_was_found_to_have_died(rt: Runtime, easier: Runtime, wu: Person) -> None:
    pin(rt, wu)
    with rt.sessions.begin() as session:
        person = session.get_one(Person, wu.id)
        bereavement.report(session, rt, person, source="sms", ref="1", by="line")
        bereavement.answer(session, rt, person, Verdict.DEAD, WEI)
    assert reconsidering.close(easier, "kunming", WEI) == Reconsidered()
    assert not closed(rt, wu)


def test_a_year_counts_from_the_last_success(rt: Runtime, easier: Runtime, wu: Person, clock: Clock) -> None:
    pin(rt, wu)
    clock.forward(days=20)
    last = pin(rt, wu)
    kunming = easier.regions["kunming"].model_copy(update={"interval": Interval.YEAR_FROM_SUCCESS})
    yearly = replace(easier, regions=Regions({"kunming": kunming}, "kunming"))
    with rt.sessions.begin() as session:
        long = certifying.day_of(rt.now()) + timedelta(days=300)
        session.execute(update(Period).values(due=long))
    assert reconsidering.close(yearly, "kunming", WEI) == Reconsidered(1, 1)
    with rt.sessions() as session:
        assert session.scalars(select(Period.closed_by)).one() == last
        assert len(session.scalars(select(Evidence)).all()) == 2
