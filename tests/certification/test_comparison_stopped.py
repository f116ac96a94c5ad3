"""A comparison that is stopped, or that two are at: it goes on, and comes to the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import delete, func, select

from certification import certifying, forgetting, people
from certification.comparison import releasing, runs, undoing
from certification.comparison.folders import RunElsewhere
from certification.periods import Interval, Span
from certification.runtime import Runtime
from certification.store import Climb, ComparisonResult, ComparisonRun, Evidence, Period, Person
from tests.certification.comparing import closed, compare, number, outcomes, released, residents, run, signals
from tests.certification.conftest import Clock
from tests.certification.test_opening import asking, periods

ALIVE = "alive"
QUARTER = Span(date(2026, 1, 1), date(2026, 3, 31))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the signals lie."""
    return tmp_path / "signals.csv"


class Killed(Exception):
    """The process was killed here."""


class Killer:
    """Kills the process once so many parts of the work are done."""

    def __init__(self, parts: int) -> None:
        self.left = parts
        self.begun: list[tuple[str, int | None]] = []

    def __call__(self, what: str, total: int | None = None) -> Callable[[int], object]:
        """Begin a stretch of work."""
        self.begun.append((what, total))
        return self.done

    def done(self, _part: int) -> None:
        """Count a part."""
        self.left -= 1
        if self.left == 0:
            raise Killed


@pytest.mark.parametrize("parts", range(1, 11))
def test_killed_at_any_point_it_goes_on_and_comes_to_the_same(
    rt: Runtime, path: Path, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    monkeypatch.setattr(runs, "SLICE", 2)
    monkeypatch.setattr(releasing, "SLICE", 2)
    persons = residents(rt, 6)
    signals(path, [(number(order), "medical", "2026-03-02", ALIVE) for order in (1, 2, 3, 5)])
    with pytest.raises(Killed):
        runs.run(rt, rt.regions["qingdao"], [path], "clerk", killer := Killer(parts))
        assert parts > 9, "reading 1, roll 1, comparing 4, storing 3"
        raise Killed
    assert killer.left == 0 or parts == 10
    found = compare(rt, path)
    for _ in range(4):
        with suppress(Killed):
            releasing.release(rt, found.id, "supervisor", Killer(1 + parts % 2))
    releasing.release(rt, found.id, "supervisor")
    assert run(rt, found.id).state == "released"
    assert [closed(rt, one) for one in persons] == [True, True, True, False, True, False]
    with rt.sessions() as session:
        assert len(session.scalars(select(Evidence)).all()) == 4
        assert len(session.scalars(select(Climb)).all()) == 2
        assert session.scalars(select(func.count()).select_from(ComparisonResult)).one() == 6
        assert session.scalars(select(func.count()).select_from(ComparisonRun)).one() == 1
    for _ in range(4):
        with suppress(Killed):
            undoing.undo(rt, found.id, "supervisor", "why", Killer(1 + parts % 2))
    undoing.undo(rt, found.id, "supervisor", "why")
    assert not any(closed(rt, one) for one in persons)


class Stuck(Random):
    """Draws the same at first."""

    stuck = True

    def randbytes(self, n: int) -> bytes:
        if not self.stuck:
            return super().randbytes(n)
        self.stuck = False
        return bytes(n)


def test_a_receipt_that_is_taken_is_drawn_again(rt: Runtime, path: Path) -> None:
    persons = residents(rt, 3)
    stuck = replace(rt, random=Stuck(1))
    released(stuck, signals(path, [(number(order), "medical", "2026-03-02", ALIVE) for order in (1, 2, 3)]))
    assert all(closed(rt, one) for one in persons)
    with rt.sessions() as session:
        assert len(set(session.scalars(select(Evidence.receipt)))) == 3


def test_two_at_the_same_run_do_not_mix(rt: Runtime, path: Path) -> None:
    residents(rt, 2)
    signals(path, [(number(1), "medical", "2026-03-02", ALIVE)])

    def tell(what: str, total: int | None = None) -> Callable[[int], object]:
        if what.startswith("比对"):
            with pytest.raises(RunElsewhere, match="另一个进程"):
                runs.run(rt, rt.regions["qingdao"], [path], "other")
        return lambda _: None

    runs.run(rt, rt.regions["qingdao"], [path], "clerk", tell)


def test_a_process_that_comes_late_wipes_nothing(rt: Runtime, path: Path, tmp_path: Path) -> None:
    [one] = residents(rt, 1)
    signals(path, [(number(1), "medical", "2026-03-02", ALIVE)])
    elsewhere = replace(rt, settings=replace(rt.settings, data=tmp_path / "elsewhere"))
    done: list[ComparisonRun] = []

    def tell(what: str, total: int | None = None) -> Callable[[int], object]:
        if what.startswith("比对") and not done:
            done.append(released(rt, path))
        return lambda _: None

    identifier = runs.run(elsewhere, rt.regions["qingdao"], [path], "other", tell)
    assert outcomes(rt, identifier) == {one: "certified"} and run(rt, identifier).state == "released"
    assert not list((tmp_path / "elsewhere").rglob("*.parquet")), "nothing of the roll is left lying"


def test_a_run_that_another_process_took_over_stores_no_more(rt: Runtime, path: Path, tmp_path: Path) -> None:
    residents(rt, 3)
    signals(path, [(number(1), "medical", "2026-03-02", ALIVE)])
    elsewhere = replace(rt, settings=replace(rt.settings, data=tmp_path / "elsewhere"))
    done: list[ComparisonRun] = []

    def tell(what: str, total: int | None = None) -> Callable[[int], object]:
        if what.startswith("存储") and not done:
            done.append(compare(elsewhere, path))
        return lambda _: None

    with pytest.raises(RunElsewhere):
        runs.run(rt, rt.regions["qingdao"], [path], "clerk", tell)
    assert len(outcomes(rt, done[0].id)) == 3 and run(rt, done[0].id).state == "ready"


def test_whoever_is_erased_meanwhile_is_left_out(rt: Runtime, path: Path) -> None:
    one, two = residents(rt, 2)
    found = compare(rt, signals(path, [(number(order), "medical", "2026-03-02", ALIVE) for order in (1, 2)]))
    with rt.sessions.begin() as session:
        proof = forgetting.person(session, rt, one, "clerk")
        assert proof is not None and proof.rows["comparison_results"] == 1
    releasing.release(rt, found.id, "supervisor")
    assert outcomes(rt, found.id) == {two: "certified"} and closed(rt, two)


def test_gone_on_with_after_midnight_it_is_about_the_day_it_was_begun(rt: Runtime, path: Path, clock: Clock) -> None:
    rt = asking(rt, Interval.QUARTER)
    early = _killed_on_the_last_day(rt, path, clock)
    late = _come(rt, 2)
    assert outcomes(rt, compare(rt, path).id) == {early: "certified"}
    assert (periods(rt, early), periods(rt, late)) == ([QUARTER], []), "who came afterwards could only be late"


def test_that_everybody_has_the_next_period_already_is_not_enough(rt: Runtime, path: Path, clock: Clock) -> None:
    rt = asking(rt, Interval.QUARTER)
    early = _killed_on_the_last_day(rt, path, clock)
    with rt.sessions.begin() as session:
        certifying.current_period(session, rt, session.get_one(Person, early))
    assert outcomes(rt, compare(rt, path).id) == {early: "certified"}
    assert QUARTER in periods(rt, early)


def _killed_on_the_last_day(rt: Runtime, path: Path, clock: Clock) -> str:
    """A run is begun and killed half an hour before a quarter ends; it is half past midnight then. Who it is about."""
    clock.at = datetime.fromisoformat("2026-01-05T10:00:00+08:00")
    early = _come(rt, 1)
    clock.at = datetime.fromisoformat("2026-03-31T23:30:00+08:00")
    signals(path, [(number(order), "medical", "2026-03-02", ALIVE) for order in (1, 2)])

    def tell(what: str, total: int | None = None) -> Callable[[int], object]:
        if what.startswith("周期"):
            raise Killed
        return lambda _: None

    with pytest.raises(Killed):
        runs.run(rt, rt.regions["qingdao"], [path], "clerk", tell)
    clock.forward(hours=1)
    return early


def _come(rt: Runtime, order: int) -> str:
    """Somebody comes on the roll, and no period of theirs is on record."""
    with rt.sessions.begin() as session:
        found = people.add(
            session, rt, id_number=number(order), name="吴", region="qingdao", phone=f"1380000000{order}"
        )
        session.execute(delete(Period).where(Period.person_id == found.id))
        return found.id
