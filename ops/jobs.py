"""The jobs of the worker: the only place that joins a voice to a person; and reports. Each is safe twice."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from certification import seals
from certification.errands import JOB
from certification.reports import making
from certification.runtime import Runtime
from certification.store import Assessment, Person, Recording, only_read
from ops import seeding, sittings, twins, unmatched
from ops.concluding import Overtaken, conclude
from ops.judging import gather, judge
from ops.voices import Bench
from voiceprint import audio, quality
from voiceprint.quality import Use

logger = logging.getLogger(__name__)

TRIES = 3
ROUNDS = 3  # of one job: enough for three calls at once, and more are seldom let in (certification.limits)
IN_HAND = timedelta(minutes=3)  # longer than the queue lets a job run

_bench: Bench | None = None


def use(bench: Bench) -> None:
    """Hand the loaded models to the jobs of this process; the worker does so once, before it works."""
    global _bench  # noqa: PLW0603 - RQ calls jobs by name with JSON, so the bench must lie where they find it
    _bench = bench


def assess(assessment_id: str) -> None:
    """Weigh a voice and write down what came of it, once, however often and by whomever this is run.

    What other calls of the person's overtook ROUNDS times stays pending, and the sweep asks for it again. A voice that
    did not match is then held against others, also where a worker was killed before it came to that.
    """
    if _bench is None:
        raise RuntimeError("no bench: ops.jobs.use() comes before the first job")
    with _bench.rt.sessions.begin() as session:
        begun = _begin(session, _bench.rt, assessment_id)
    for _ in range(ROUNDS if begun else 0):
        try:
            _weigh(_bench, assessment_id)
        except Overtaken:
            logger.info("assessment %s: another call was weighed meanwhile, it is weighed again", assessment_id)
        else:
            break
    unmatched.see_to(_bench, assessment_id)


def listen(recording_id: str) -> None:
    """Listen to a sample from the desk's microphone as if a telephone carried it: is it good enough to enrol with?"""
    if _bench is None:
        raise RuntimeError("no bench: ops.jobs.use() comes before the first job")
    with _bench.rt.sessions() as session:
        only_read(session)
        sealed = session.get(Recording, recording_id)
        if sealed is None:  # another was recorded instead, or the person was erased
            return
        opened = _bench.rt.keys.open(sealed.sealed, seals.recording(sealed.id, sealed.call_id))
    carried = audio.telephone(audio.decode_mulaw(opened))
    reasons = [str(one) for one in quality.reasons(quality.measure(carried), Use.ENROLMENT)]
    with _bench.rt.sessions.begin() as session:
        sittings.listened(session, _bench.rt, recording_id, audio.encode_mulaw(carried), reasons)


def make_report(report_id: str) -> None:
    """Count the next slice of a report; the rest comes after what waits in the queue, so that no voice waits for it."""
    if _bench is None:
        raise RuntimeError("no bench: ops.jobs.use() comes before the first job")
    if making.go_on(_bench.rt, report_id, making.SHORT):
        _bench.rt.enqueue(making.JOB, report_id)


def do_errand(errand_id: str) -> None:
    """Put the next known case in; the rest comes after what waits in the queue, so that no voice waits for it."""
    if _bench is None:
        raise RuntimeError("no bench: ops.jobs.use() comes before the first job")
    if seeding.seed(_bench.rt, errand_id):
        _bench.rt.enqueue(JOB, errand_id)


def _weigh(bench: Bench, assessment_id: str) -> None:
    rt = bench.rt
    with rt.sessions() as session:
        only_read(session)
        assessment = session.get(Assessment, assessment_id)
        if assessment is None:  # the person was erased meanwhile
            return
        material = gather(session, rt, assessment)
    verdict = judge(bench, material)
    if verdict.enrolment is not None and verdict.enrolment.template is not None:
        with rt.sessions() as session:
            person = session.get_one(Person, assessment.person_id)
            verdict = replace(verdict, twins=twins.seek(session, bench, person, verdict.enrolment.template))
    with rt.sessions.begin() as session:
        conclude(session, rt, assessment, verdict)


def _begin(session: Session, rt: Runtime, assessment_id: str) -> bool:
    """Note when this was begun, as each time before: the sweep gives up on what only ever begins. False: it is done."""
    assessment = session.get(Assessment, assessment_id)
    if assessment is None:
        return False
    begun = [*assessment.detail.get("begun", ()), rt.now().isoformat()]
    pending = update(Assessment).where(Assessment.id == assessment_id, Assessment.state == "pending")
    return session.scalar(pending.values(detail={"begun": begun}).returning(Assessment.id)) is not None


def tried_enough(detail: Mapping[str, Any]) -> bool:
    """Whether an assessment with this detail was begun as often as it is worth, if it was asked for long ago."""
    return len(detail.get("begun", ())) >= TRIES


def in_hand(detail: Mapping[str, Any], now: datetime) -> bool:
    """Whether a worker may be weighing an assessment with this detail right now."""
    return bool(detail.get("begun")) and datetime.fromisoformat(detail["begun"][-1]) > now - IN_HAND
