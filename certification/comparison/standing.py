"""A run as it stands: found, and asked to be released or taken back, which is then done by slices.

Nothing large is imported here: the web process looks in, too.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from certification import bereavement, journal
from certification.comparison.folders import subject
from certification.comparison.rules import Outcome
from certification.errors import Problem
from certification.regions import Region
from certification.runtime import Runtime
from certification.store import ComparisonResult, ComparisonRun

SOURCE = "comparison"
CHANGED = "changed"  # people of whom the run would say something else on the day of the release
UNDONE = "undone"


class RunUnknown(Problem):
    """There is no such run."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"没有编号为 {text[:40]} 的比对，用 stillhere compare list 查看。",
            f"There is no comparison {text[:40]!r}; see `stillhere compare list`.",
        )


class RunNotReady(Problem):
    """What is asked does not fit where the run is."""

    def __init__(self, state: str) -> None:
        super().__init__(
            f"这次比对现在是“{state}”，不能这样做；用 stillhere compare show 查看，撤销过的用 compare run 重新比对。",
            f"This comparison is {state!r}, so this cannot be done; see `stillhere compare show`, and after an undoing"
            " run it again (`compare run`).",
        )


class RegionGone(Problem):
    """There is no file any more for the region of a run."""

    def __init__(self, code: str) -> None:
        super().__init__(
            f"找不到这次比对的地区文件 {code}.toml，这一次没有改动；请把它放回 STILLHERE_REGIONS 文件夹后再执行。",
            f"The region of this comparison has no file {code}.toml any more; nothing was changed now. Put the file "
            "back into the folder STILLHERE_REGIONS and call this again.",
        )


def find(session: Session, text: str, *, to_change: bool = False) -> ComparisonRun:
    """A run by its identifier or the beginning of it. Raises RunUnknown."""
    wanted = select(ComparisonRun).where(ComparisonRun.id.startswith(text.strip().lower(), autoescape=True))
    wanted = wanted.with_for_update() if to_change else wanted
    found = session.scalars(wanted.execution_options(populate_existing=True).limit(2)).all()
    if len(found) != 1 or not text.strip():
        raise RunUnknown(text)
    return found[0]


def rules_of(rt: Runtime, run: ComparisonRun) -> Region:
    """The region of a run; never the default in its place, whose years may count otherwise. Raises RegionGone."""
    region = next((one for one in rt.regions if one.code == run.region), None)
    if region is None:
        raise RegionGone(run.region)
    return region


def let_go(session: Session, rt: Runtime, run_id: str, by: str) -> ComparisonRun:
    """Say that a run is to be released; releasing.go_on() does so. Again, it changes nothing.

    Raises RunUnknown, RunNotReady, RegionGone.
    """
    run = find(session, run_id, to_change=True)
    if run.state in ("ready", "releasing"):
        rules_of(rt, run)
    if run.state == "ready":
        run.state, run.released_by, run.released_at = "releasing", by, rt.now()
        journal.write(session, rt.now(), by, "comparison release begun", subject(run.id), **run.counts)
        run.counts = {**run.counts, CHANGED: 0}
    elif run.state not in ("releasing", "released"):
        raise RunNotReady(run.state)
    return run


def take_back(session: Session, rt: Runtime, run_id: str, by: str, why: str) -> ComparisonRun:
    """Say that a run is to be taken back, whether or not it was released; undoing.go_on() does so. Again, no change.

    Raises RunUnknown, RunNotReady, RegionGone.
    """
    run = find(session, run_id, to_change=True)
    if run.state != UNDONE:
        rules_of(rt, run)
    if run.state in ("running", "ready", "releasing", "released"):
        run.state, run.undone_by, run.undone_at, run.why = "undoing", by, rt.now(), why
        run.inputs = f"{run.id} {UNDONE}"  # the same files may be compared again
        journal.write(session, rt.now(), by, "comparison undo begun", subject(run.id), why=why)
    elif run.state not in ("undoing", UNDONE):
        raise RunNotReady(run.state)
    return run


def cause(row: Row[Any] | ComparisonResult) -> str:
    """The cause of the case that a death or a contradiction opens."""
    if row.outcome == Outcome.DEATH:
        return bereavement.reported_as(SOURCE, death(row))
    return bereavement.contradicted_by(row.person_id, contradiction(row))


def death(row: Row[Any] | ComparisonResult) -> str:
    return f"{row.person_id}:{row.died_on}"


def contradiction(row: Row[Any] | ComparisonResult) -> str:
    """The death on record; where a human found it, the sign of life after that."""
    return str(row.died_on if row.died_as else row.seen_on)
