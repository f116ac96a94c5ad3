"""What follows from a verdict, written down once: evidence, a template, its confirmation, a failed attempt, a case."""

from __future__ import annotations

import logging
from dataclasses import replace

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from certification import cases, certifying, confirmation, consent, journal, limits
from certification.cases import CaseKind
from certification.evidence import Kind, Strength
from certification.runtime import Runtime
from certification.store import Assessment, Call, Person
from ops import known, sittings, twins, unmatched, voices
from ops.judging import LIMIT, NOT_IN_USE, Verdict
from ops.voices import Agreement

logger = logging.getLogger(__name__)


class Overtaken(Exception):
    """Another call of the person's was weighed meanwhile; it may be this one's replay, so this is weighed again."""


def conclude(session: Session, rt: Runtime, assessment: Assessment, verdict: Verdict, actor: str = "worker") -> bool:
    """Give an assessment its verdict, unless somebody already did: a killed worker's job runs twice, and counts once.

    True when it was given here. Raises Overtaken, and then the transaction must be rolled back.
    """
    pending = update(Assessment).where(Assessment.id == assessment.id, Assessment.state == "pending")
    if session.scalar(pending.values(state="done", done_at=rt.now()).returning(Assessment.id)) is None:
        return False
    assessment = session.get_one(Assessment, assessment.id, populate_existing=True)
    person = _held(session, assessment.person_id)
    if verdict.against is not None and known.newer(session, assessment, verdict.against):
        raise Overtaken
    verdict = _allowed(session, rt, person, assessment, verdict)
    assessment.outcome, assessment.detail = verdict.outcome, verdict.detail
    _follow(session, rt, person, assessment, verdict, actor)
    if verdict.remembered is not None and consent.given(session, person):
        known.keep(session, rt, assessment, verdict.remembered)
    if verdict.unmatched is not None and consent.given(session, person):
        unmatched.keep(session, rt, assessment, verdict.unmatched)
    journal.write(
        session,
        rt.now(),
        actor=actor,
        action="voice weighed" if verdict.weighed or verdict.enrolment else "voice not weighed",
        subject=f"person:{person.id}",
        assessment=assessment.id,
        purpose=assessment.purpose,
        outcome=assessment.outcome,
        **verdict.detail,
    )
    return True


def _held(session: Session, person_id: str) -> Person:
    """The person, for this transaction alone: one verdict after another, each knowing the failures before it."""
    held = select(Person).where(Person.id == person_id).with_for_update(key_share=True)
    return session.scalars(held).one()


def _allowed(session: Session, rt: Runtime, person: Person, assessment: Assessment, verdict: Verdict) -> Verdict:
    """The verdict; a human's turn where the voice failed too often since the call was let in, as in calls at once."""
    if verdict.outcome != "certified":
        return verdict
    period = certifying.current_period(session, rt, person, assessment.asked_at)
    if limits.within(session, rt, person, period):
        return verdict
    return replace(verdict, outcome="human", problem=LIMIT, kind=CaseKind.LIMIT_REACHED)


def _follow(
    session: Session, rt: Runtime, person: Person, assessment: Assessment, verdict: Verdict, actor: str
) -> None:
    match verdict.outcome:
        case "certified":
            recorded = certifying.record(
                session,
                rt,
                person,
                kind=Kind.VOICE,
                strength=Strength.LIVE,
                source="call",
                ref=assessment.id,
                observed_at=assessment.asked_at,
                detail=verdict.detail,
                actor=actor,
            )
            if not recorded.closed:
                assessment.outcome = "recorded"
            if verdict.weighed is not None and verdict.weighed.refreshed is not None and consent.given(session, person):
                voices.refresh(session, rt, person, verdict.weighed.refreshed, assessment.id)
        case "human":
            if verdict.problem is None:  # our fault, or the limit's: no failed attempt
                limits.failed(session, rt, person, reason="voice_doubt", ref=assessment.id)
            _open_case(session, rt, person, assessment, verdict, actor)
        case Agreement.ENROLLED.value:
            _enrolled(session, rt, person, assessment, verdict, actor)
        case confirmation.CONFIRMED:
            assert verdict.template is not None
            rests_on = f"assessment {assessment.id}"
            stands = consent.given(session, person) and confirmation.confirm(
                session, rt, person, verdict.template, by=actor, rests_on=rests_on
            )
            if not stands:  # the desk has made another one meanwhile, or the person has taken their consent back
                assessment.outcome = Agreement.DIFFER.value
                _open_case(session, rt, person, assessment, replace(verdict, problem=NOT_IN_USE), actor)
        case Agreement.DIFFER.value:
            _open_case(session, rt, person, assessment, verdict, actor)
        case _:
            logger.info("assessment %s: audio too poor to say", assessment.id)


def _enrolled(
    session: Session, rt: Runtime, person: Person, assessment: Assessment, verdict: Verdict, actor: str
) -> None:
    """Keep the template of an enrolment. One by telephone is confirmed by being that, unless under a suspicion.

    One from the desk's microphone waits until a call from the person's own phone, or a human, confirms it.
    """
    if not consent.given(session, person):  # withdrawn between the call and the job: nothing is kept
        assessment.outcome = Agreement.DIFFER.value
        _open_case(session, rt, person, assessment, verdict, actor)
        return
    assert verdict.enrolment is not None and verdict.enrolment.template is not None
    doubted = any(one not in rt.settings.only_noted for one in verdict.enrolment.found)
    at_the_desk = sittings.is_one(session.get_one(Call, assessment.call_id))
    confirmed_at, source = None if doubted or at_the_desk else rt.now(), f"call {assessment.call_id}"
    kept = voices.keep(session, rt, person, verdict.enrolment.template, source, confirmed_at=confirmed_at)
    twins.report(session, rt, person, kept.id, verdict.twins, actor)


def _open_case(
    session: Session, rt: Runtime, person: Person, assessment: Assessment, verdict: Verdict, actor: str
) -> None:
    cases.open_case(
        session,
        rt,
        kind=verdict.kind,
        cause=f"{verdict.kind}:{assessment.id}",
        person=person,
        call=session.get_one(Call, assessment.call_id),
        detail={**verdict.detail, "assessment": assessment.id, "recordings": assessment.recordings},
        actor=actor,
    )
