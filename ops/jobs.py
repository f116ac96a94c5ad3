"""The jobs of the worker: the only place that joins a voice to a person. Each is safe twice."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from certification import cases, certifying, consent, journal, limits, templates
from certification.cases import CaseKind
from certification.evidence import Kind, Strength
from certification.store import Assessment, Call, Person, Recording, VoiceTemplate
from ops.voices import Agreement, Bench, Enrolment, Weighed, heard
from voiceprint import challenge
from voiceprint.scoring import TemplateOfAnotherEncoder

logger = logging.getLogger(__name__)

_bench: Bench | None = None


def use(bench: Bench) -> None:
    """Hand the loaded models to the jobs of this process; the worker does so once, before it works."""
    global _bench  # noqa: PLW0603 - RQ calls jobs by name with JSON, so the bench must lie where they find it
    _bench = bench


def assess(assessment_id: str) -> None:
    """Weigh a voice and write down what came of it, once, however often and by whomever this is run."""
    if _bench is None:
        raise RuntimeError("no bench: ops.jobs.use() comes before the first job")
    material = _gather(_bench, assessment_id)
    if material is None:
        return
    verdict = _judge(_bench, material)
    with _bench.rt.sessions.begin() as session:
        if _claim(session, _bench, material.assessment, verdict):
            _conclude(session, _bench, material, verdict)


@dataclass(frozen=True, slots=True)
class _Material:
    assessment: Assessment
    person: Person
    template: VoiceTemplate | None
    audio: list[bytes]  # mu-law, a turn each
    words_right: bool
    max_fmr: float


@dataclass(frozen=True, slots=True)
class _Verdict:
    outcome: str
    weighed: Weighed | None = None
    enrolment: Enrolment | None = None
    problem: str | None = None

    @property
    def detail(self) -> dict[str, object]:
        """The numbers for the operator and the journal."""
        if self.weighed is not None:
            weighed = self.weighed
            return {
                "score": round(weighed.score, 4),
                "llr": round(weighed.llr, 3),
                "threshold": round(weighed.threshold, 3),
                "reasons": [str(reason) for reason in weighed.reasons],
            }
        if self.enrolment is not None:
            enrolment = self.enrolment
            lowest = None if enrolment.lowest is None else round(enrolment.lowest, 4)
            return {"agreement": lowest, "reasons": [str(reason) for reason in enrolment.reasons]}
        return {"problem": self.problem}


def _gather(bench: Bench, assessment_id: str) -> _Material | None:
    with bench.rt.sessions() as session:
        assessment = session.get(Assessment, assessment_id)
        if assessment is None or assessment.state == "done":
            return None
        person = session.get_one(Person, assessment.person_id)
        recordings = [session.get_one(Recording, identifier) for identifier in assessment.recordings]
        return _Material(
            assessment,
            person,
            templates.current(session, person),
            [bench.rt.keys.open(recording.sealed, f"recordings:{recording.id}") for recording in recordings],
            all(recording.asked == recording.heard for recording in recordings) and bool(recordings),
            bench.rt.regions[person.region].voice.max_fmr,
        )


def _judge(bench: Bench, material: _Material) -> _Verdict:
    if material.assessment.purpose == "enrol":
        enrolment = bench.weigh_enrolment([heard([turn]) for turn in material.audio])
        return _Verdict(enrolment.agreement.value, enrolment=enrolment)
    if material.template is None:
        return _Verdict("human", problem="no_template")
    try:
        weighed = bench.weigh(material.template, heard(material.audio), material.max_fmr)
    except TemplateOfAnotherEncoder as error:
        return _Verdict("human", problem=str(error))
    outcome = challenge.judge(material.words_right, weighed.llr, weighed.threshold, weighed.reasons)
    names = {challenge.Outcome.CERTIFY: "certified", challenge.Outcome.HUMAN: "human", challenge.Outcome.AGAIN: "again"}
    return _Verdict(names[outcome], weighed=weighed)


def _claim(session: Session, bench: Bench, assessment: Assessment, verdict: _Verdict) -> bool:
    """Set the verdict unless somebody already did: a killed worker's job runs twice, and counts once."""
    result = session.execute(
        update(Assessment)
        .where(Assessment.id == assessment.id, Assessment.state == "pending")
        .values(state="done", outcome=verdict.outcome, detail=verdict.detail, done_at=bench.rt.now())
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def _conclude(session: Session, bench: Bench, material: _Material, verdict: _Verdict) -> None:
    person = session.get_one(Person, material.person.id)
    assessment = session.get_one(Assessment, material.assessment.id)
    journal.write(
        session,
        bench.rt.now(),
        actor="worker",
        action="voice weighed",
        subject=f"person:{person.id}",
        assessment=assessment.id,
        purpose=assessment.purpose,
        outcome=verdict.outcome,
        **verdict.detail,
    )
    match verdict.outcome:
        case "certified":
            recorded = certifying.record(
                session,
                bench.rt,
                person,
                kind=Kind.VOICE,
                strength=Strength.LIVE,
                source="call",
                ref=assessment.id,
                observed_at=assessment.asked_at,
                detail=verdict.detail,
                actor="worker",
            )
            if not recorded.closed:
                assessment.outcome = "recorded"
        case "human":
            if verdict.weighed is not None:  # a missing template is our fault, not a failed attempt
                limits.failed(session, bench.rt, person, reason="voice_doubt", ref=assessment.id)
            _open_case(session, bench, person, assessment, CaseKind.VOICE_DOUBT, verdict)
        case Agreement.ENROLLED.value:
            _keep_template(session, bench, person, assessment, verdict)
        case Agreement.DIFFER.value:
            _open_case(session, bench, person, assessment, CaseKind.ENROLMENT_DIFFERS, verdict)
        case _:
            logger.info("assessment %s: audio too poor to say", assessment.id)


def _keep_template(session: Session, bench: Bench, person: Person, assessment: Assessment, verdict: _Verdict) -> None:
    if not consent.given(session, person):  # withdrawn between the call and the job: nothing is kept
        assessment.outcome = Agreement.DIFFER.value
        _open_case(session, bench, person, assessment, CaseKind.ENROLMENT_DIFFERS, verdict)
        return
    assert verdict.enrolment is not None and verdict.enrolment.template is not None
    bench.keep(session, person, verdict.enrolment.template, f"call {assessment.call_id}")


def _open_case(
    session: Session, bench: Bench, person: Person, assessment: Assessment, kind: CaseKind, verdict: _Verdict
) -> None:
    cases.open_case(
        session,
        bench.rt,
        kind=kind,
        cause=f"{kind}:{assessment.id}",
        person=person,
        call=session.get_one(Call, assessment.call_id),
        detail={**verdict.detail, "assessment": assessment.id, "recordings": assessment.recordings},
        actor="worker",
    )
