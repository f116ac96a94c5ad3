"""What a comparison that was killed left lying: the sweep clears it after a day, an erasure at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from certification.comparison import folders, runs
from certification.runtime import Runtime
from certification.settings import Settings
from certification.store import JournalEntry
from ops import schedule
from tests.certification.comparing import compare, number, outcomes, residents, signals
from tests.ops.test_commands import NUMBER, settings, stillhere, town

__all__ = ["settings", "town"]
KEPT = {folders.REJECTED, "lock"}


class Killed(Exception):
    """The process was killed here."""


def left(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()} - KEPT


def aged(rt: Runtime, folder: Path, **by: float) -> None:
    """Let everything in a folder have been lying for so long."""
    at = (rt.now() - timedelta(**by)).timestamp()
    for one in folder.iterdir():
        os.utime(one, (at, at))


@pytest.fixture
def killed(rt: Runtime, tmp_path: Path) -> Path:
    """The folder of a run that was killed while it stored; its file was not UTF-8."""
    residents(rt, 3)
    path = signals(tmp_path / "signals.csv", [(number(order), "medical", "2026-03-02", "就诊") for order in (1, 2)])
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))

    def tell(what: str, total: int | None = None) -> Callable[[int], object]:
        def done(_part: int) -> None:
            if what.startswith("存储"):
                raise Killed

        return done

    with pytest.raises(Killed):
        runs.run(rt, rt.regions["qingdao"], [path], "clerk", tell)
    [folder] = (tmp_path / folders.FOLDER).iterdir()
    assert {"roll.parquet", "results.arrow"} < left(folder) and list(folder.glob("*.utf8"))
    return folder


def test_what_lies_for_a_day_is_cleared_and_the_run_computes_again(rt: Runtime, killed: Path, tmp_path: Path) -> None:
    before = left(killed)
    aged(rt, killed, hours=23)
    assert schedule.clear_comparisons(rt) == 0 and left(killed) == before
    aged(rt, killed, hours=25)
    with folders.alone(rt, killed.name):
        assert schedule.clear_comparisons(rt) == 0 and left(killed) == before, "its process is at work"
    assert schedule.clear_comparisons in schedule.DUTIES
    assert schedule.clear_comparisons(rt) == 1 and left(killed) == set()
    assert (killed / folders.REJECTED).exists(), "which says nothing of anybody"
    assert schedule.clear_comparisons(rt) == 0
    with rt.sessions() as session:
        cleared = select(JournalEntry).where(JournalEntry.action == "comparison leftovers cleared")
        entry = session.scalars(cleared).one()
    assert (entry.actor, entry.subject) == ("schedule", f"comparison run:{killed.name}")
    run = compare(rt, tmp_path / "signals.csv")
    assert (run.id, run.state) == (killed.name, "ready")
    assert sorted(outcomes(rt, run.id).values()) == ["certified", "certified", "unresolved"]


def test_people_erase_clears_what_was_left(town: dict[str, str]) -> None:
    lying, busy = (Path(town["STILLHERE_DATA"]) / folders.FOLDER / one for one in ("lying", "busy"))
    for folder in (lying, busy):
        folder.mkdir(parents=True)
        (folder / "roll.parquet").write_bytes(b"indexes")
    rt = Runtime.of(Settings.read(town), lambda _job, _identifier: None)
    with folders.alone(rt, busy.name):
        erased = stillhere(town, "people", "erase", NUMBER, "--by", "李")
    assert erased.exit_code == 0 and lying.name in erased.output
    assert (left(lying), left(busy)) == (set(), {"roll.parquet"})
    with rt.sessions() as session:
        cleared = select(JournalEntry.actor, JournalEntry.subject).where(JournalEntry.action.contains("leftovers"))
        assert session.execute(cleared).all() == [("李", "comparison run:lying")]
    rt.sessions.kw["bind"].dispose()
