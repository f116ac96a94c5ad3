"""A region whose file is gone after its comparison: nothing is released or undone by the rules of another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from certification.comparison import releasing, undoing
from certification.comparison.standing import RegionGone
from certification.regions import Regions
from certification.runtime import Runtime
from certification.store import JournalEntry
from tests.certification.comparing import closed, compare, number, released, residents, run, signals


def without(rt: Runtime, code: str) -> Runtime:
    """The same service without this region's file."""
    left = {region.code: region for region in rt.regions if region.code != code}
    return replace(rt, regions=Regions(left, rt.regions.default.code))


def entries(rt: Runtime) -> int:
    with rt.sessions() as session:
        return len(session.scalars(select(JournalEntry.seq)).all())


def test_nothing_is_released_or_undone_until_the_file_is_back(rt: Runtime, tmp_path: Path) -> None:
    [one] = residents(rt, 1)
    found = compare(rt, signals(tmp_path / "signals.csv", [(number(1), "medical", "2026-03-02", "alive")]))
    gone, before = without(rt, "qingdao"), entries(rt)
    with pytest.raises(RegionGone, match=r"qingdao\.toml.*放回.*no file qingdao\.toml"):
        releasing.release(gone, found.id, "supervisor")
    assert (run(rt, found.id).state, entries(rt), closed(rt, one)) == ("ready", before, False)
    releasing.release(rt, found.id, "supervisor")
    before = entries(rt)
    with pytest.raises(RegionGone):
        undoing.undo(gone, found.id, "supervisor", "why")
    assert (run(rt, found.id).state, entries(rt), closed(rt, one)) == ("released", before, True)
    undoing.undo(rt, found.id, "supervisor", "why")
    assert not closed(rt, one)


def test_what_is_done_already_needs_no_region(rt: Runtime, tmp_path: Path) -> None:
    residents(rt, 1)
    found = released(rt, signals(tmp_path / "signals.csv", []))
    gone = without(rt, "qingdao")
    releasing.release(gone, found.id, "supervisor")
    undoing.undo(rt, found.id, "supervisor", "why")
    undoing.undo(gone, found.id, "supervisor", "why")
    assert run(rt, found.id).state == "undone"
