"""What the sweep does for the comparison: runs released or taken back from the console, by slices."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import select

from certification.errors import Problem
from certification.runtime import Runtime
from certification.store import ComparisonRun, only_read

logger = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=2)  # of the other duties, in each sweep
WORK = ("releasing", "undoing")


def go_on_with_runs(rt: Runtime) -> int:
    """Go on with each run that somebody let go or took back; how many there are.

    A command that is at the same run does no harm: each slice is done once, in the transaction that says so.
    """
    with rt.sessions() as session:
        only_read(session)
        found = session.scalars(select(ComparisonRun).where(ComparisonRun.state.in_(WORK))).all()
    if not found:
        return 0
    from certification.comparison import releasing, undoing  # their libraries are large, and most sweeps need none

    ends = rt.now() + PATIENCE
    for run in found:
        try:
            if run.state == "releasing":
                releasing.go_on(rt, run.id, run.released_by or "", enough=lambda: rt.now() >= ends)
            else:
                undoing.go_on(rt, run.id, run.undone_by or "", enough=lambda: rt.now() >= ends)
        except Problem as problem:
            logger.warning("comparison %s waits: %s", run.id, problem)
    return len(found)
