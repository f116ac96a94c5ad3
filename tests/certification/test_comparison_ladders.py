"""A ladder on which two comparisons rest goes on when one of them is undone, and is the other's from then on."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from certification.comparison import undoing
from certification.comparison.runs import subject
from certification.runtime import Runtime
from certification.store import Climb
from tests.certification.comparing import compare, number, released, residents, signals
from tests.certification.conftest import Clock


def climbs(rt: Runtime) -> dict[str, str | None]:
    """Who is on the ladder, and what put them on it."""
    with rt.sessions() as session:
        return {climb.person_id: climb.cause for climb in session.scalars(select(Climb))}


def files(folder: Path, *sets: list[int]) -> list[Path]:
    """Files in each of which so many of the residents are alive."""
    return [
        signals(folder / f"{place}.csv", [(number(order), "medical", "2026-03-02", "alive") for order in some])
        for place, some in enumerate(sets)
    ]


def test_it_is_handed_to_the_run_that_said_so_too(rt: Runtime, tmp_path: Path) -> None:
    one, two, three = residents(rt, 3)
    of_nobody, of_two, of_three = files(tmp_path, [], [2], [3])
    first = released(rt, of_nobody)
    second = released(rt, of_two)
    compare(rt, of_three)  # not released: it does not count
    assert climbs(rt) == dict.fromkeys((one, two, three), subject(first.id))
    with rt.sessions() as session:
        before = {climb.person_id: climb.id for climb in session.scalars(select(Climb))}
    undoing.undo(rt, first.id, "supervisor", "why")
    assert climbs(rt) == {one: subject(second.id), three: subject(second.id)}
    with rt.sessions() as session:
        after = session.scalars(select(Climb)).all()
        assert [(before[climb.person_id], climb.stopped_at) for climb in after] == [(climb.id, None) for climb in after]
    undoing.undo(rt, second.id, "supervisor", "why")
    assert climbs(rt) == {}


def test_of_another_period_it_is_not_handed_over(rt: Runtime, tmp_path: Path, clock: Clock) -> None:
    [one] = residents(rt, 1)
    march, april = files(tmp_path, [], [9])
    released(rt, march)
    clock.forward(days=30)
    residents(rt, 1)
    later = released(rt, april)
    with rt.sessions() as session:
        assert len(session.scalars(select(Climb)).all()) == 2
    undoing.undo(rt, later.id, "supervisor", "why")
    with rt.sessions() as session:
        [left] = session.scalars(select(Climb)).all()
        assert (left.person_id, left.cause == subject(later.id)) == (one, False)


def test_a_ladder_that_ended_is_taken_back(rt: Runtime, tmp_path: Path) -> None:
    residents(rt, 1)
    some, more = files(tmp_path, [], [9])
    first, _ = released(rt, some), released(rt, more)
    with rt.sessions.begin() as session:
        [climb] = session.scalars(select(Climb)).all()
        climb.stopped_at, climb.why = rt.now(), "certified"
    undoing.undo(rt, first.id, "supervisor", "why")
    assert climbs(rt) == {}, "so that the sweep may begin another"
