"""Runs released and taken back by the sweep, slice by slice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from certification.comparison import releasing, standing
from certification.runtime import Runtime
from ops import comparisons
from tests.certification.comparing import closed, compare, number, released, residents, run, signals
from tests.certification.conftest import Clock, clock, queue
from tests.certification.conftest import rt as domain
from tests.certification.suspending import journalled

__all__ = ["clock", "domain", "queue"]


@pytest.fixture
def rt(domain: Runtime) -> Runtime:
    """The runtime of the domain's tests."""
    return domain


def records(tmp_path: Path, people: int) -> Path:
    return signals(
        tmp_path / "signals.csv", [(number(one), "medical", "2026-03-02", "alive") for one in range(1, people + 1)]
    )


def test_what_was_let_go_is_released_and_what_was_taken_back_is_undone(rt: Runtime, tmp_path: Path) -> None:
    [one] = residents(rt, 1)
    found = compare(rt, records(tmp_path, 1))
    assert comparisons.go_on_with_runs(rt) == 0
    with rt.sessions.begin() as session:
        standing.let_go(session, rt, found.id, "王主管")
    assert not closed(rt, one)
    assert comparisons.go_on_with_runs(rt) == 1
    assert closed(rt, one) and run(rt, found.id).state == "released"
    with rt.sessions.begin() as session:
        standing.take_back(session, rt, found.id, "王主管", "文件有误")
    assert comparisons.go_on_with_runs(rt) == 1
    assert not closed(rt, one) and run(rt, found.id).state == "undone"
    assert comparisons.go_on_with_runs(rt) == 0
    assert len(journalled(rt, "comparison released")) == len(journalled(rt, "comparison undone")) == 1


def test_a_sweep_does_some_slices_and_the_next_goes_on(
    rt: Runtime, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releasing, "SLICE", 1)
    residents(rt, 5)
    found = compare(rt, records(tmp_path, 5))
    with rt.sessions.begin() as session:
        standing.let_go(session, rt, found.id, "王主管")

    def later() -> object:
        clock.at += timedelta(seconds=0.5)
        return clock.at

    slow, sweeps = replace(rt, now=later), 0  # type: ignore[arg-type]
    while run(rt, found.id).state == "releasing":
        comparisons.go_on_with_runs(slow)
        sweeps += 1
    assert sweeps > 1
    assert len(journalled(rt, "comparison slice releasing")) == 5


def test_a_region_that_is_gone_keeps_no_other_waiting(rt: Runtime, tmp_path: Path) -> None:
    residents(rt, 1)
    found = released(rt, records(tmp_path, 1))
    with rt.sessions.begin() as session:
        standing.take_back(session, rt, found.id, "王主管", "文件有误")
        session.get_one(type(found), found.id).region = "atlantis"
    assert comparisons.go_on_with_runs(rt) == 1
    assert run(rt, found.id).state == "undoing"
