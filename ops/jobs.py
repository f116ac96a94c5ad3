"""The jobs of the worker: the only place that joins a voice to a person. Each is safe twice."""

from __future__ import annotations

from sqlalchemy import update

from certification.store import Assessment
from ops.concluding import conclude
from ops.judging import gather, judge
from ops.voices import Bench

_bench: Bench | None = None


def use(bench: Bench) -> None:
    """Hand the loaded models to the jobs of this process; the worker does so once, before it works."""
    global _bench  # noqa: PLW0603 - RQ calls jobs by name with JSON, so the bench must lie where they find it
    _bench = bench


def assess(assessment_id: str) -> None:
    """Weigh a voice and write down what came of it, once, however often and by whomever this is run."""
    if _bench is None:
        raise RuntimeError("no bench: ops.jobs.use() comes before the first job")
    rt = _bench.rt
    pending = update(Assessment).where(Assessment.id == assessment_id, Assessment.state == "pending")
    begun = pending.values(detail={"begun": rt.now().isoformat()})  # the sweep gives up on what only ever begins
    with rt.sessions.begin() as session:
        if session.scalar(begun.returning(Assessment.id)) is None:
            return
        assessment = session.get_one(Assessment, assessment_id, populate_existing=True)
        material = gather(session, rt, assessment)
    verdict = judge(_bench, material)
    with rt.sessions.begin() as session:
        conclude(session, rt, assessment, verdict)
