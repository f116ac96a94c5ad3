"""What a human says of a voice that certified nobody by itself: who spoke, or that this call does not show it; once."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy.orm import Session

from certification import cases, certifying, confirmation, consent
from certification.cases import CaseKind
from certification.certifying import Recorded
from certification.errors import Problem
from certification.evidence import Kind, Strength
from certification.runtime import Runtime
from certification.store import Assessment, Case, Person

KINDS = (
    CaseKind.VOICE_DOUBT.value,
    CaseKind.UNCONFIRMED.value,
    CaseKind.LIMIT_REACHED.value,
    CaseKind.NO_TEMPLATE.value,
)
"""Cases of a call in which somebody spoke to be certified, and a human was to see to it."""
SOURCE = "review"
"""The source of evidence that a human's verdict put on record."""
CERTIFY = "certify"  # the purpose of an assessment that is to certify
WEIGHED = "llr"  # what the detail of an assessment holds whose voice was held against a template


class Verdict(StrEnum):
    """What a human found."""

    CONFIRMED = confirmation.CONFIRMED  # it was the person who spoke
    UNSURE = "unsure"  # this call does not show it; another way will


class NoVoiceCase(Problem):
    """The case is not one of a voice, or there is none of this number."""

    def __init__(self, case_id: str) -> None:
        super().__init__(
            f"案件 {case_id[:40]} 不是来电认证的声音案件。请用 stillhere cases list 查看。",
            f"Case {case_id[:40]} is not about the voice of a call that was to certify: see `stillhere cases list`.",
        )


class DecidedAlready(Problem):
    """Somebody has decided the case before."""

    def __init__(self, case: Case) -> None:
        super().__init__(
            f"案件 {case.id} 已由 {case.taken_by} 办结，结论 {case.verdict}，不能再改。",
            f"Case {case.id} was decided by {case.taken_by} before ({case.verdict}), which stands.",
        )


class NoVoiceToConfirm(Problem):
    """No voice of the call may be held to be the person's: none was weighed, or they agree to it no more."""

    def __init__(self, case_id: str) -> None:
        super().__init__(
            f"案件 {case_id} 没有可确认的声音，或者本人已撤回同意。请用 --verdict unsure 办结，再用别的办法认证。",
            f"Case {case_id} has no voice to confirm, or the person agrees to it no more: decide it with"
            " --verdict unsure, and certify by another route.",
        )


def decide(session: Session, rt: Runtime, case_id: str, verdict: Verdict, by: str) -> Recorded | None:
    """Decide a case of a voice, once. Confirmed, the call certifies as if the machine had been sure; else nothing does.

    The evidence, where it was confirmed. Nobody is refused and nothing is counted against anybody. Raises NoVoiceCase,
    DecidedAlready, NoVoiceToConfirm; and NothingToConfirm where the template that it fitted is not in use any more.
    """
    case = _find(session, case_id)
    if case.decided_at is not None:
        raise DecidedAlready(case)
    spoke = _spoke(session, case) if verdict is Verdict.CONFIRMED else None
    if spoke is not None and case.kind == CaseKind.UNCONFIRMED:
        confirmation.confirm_by_case(session, rt, case.id, by)
    elif not cases.decide(session, rt, case, verdict=verdict.value, by=by):
        raise DecidedAlready(session.get_one(Case, case.id, populate_existing=True))
    return None if spoke is None else _record(session, rt, case, spoke, by)


def _find(session: Session, case_id: str) -> Case:
    case = session.get(Case, case_id)
    if case is None or case.person_id is None or case.kind not in KINDS:
        raise NoVoiceCase(case_id)
    return case


def _spoke(session: Session, case: Case) -> Assessment:
    """The voice of the case: weighed, to certify, and of somebody who still agrees to that. Raises NoVoiceToConfirm."""
    assessment = session.get(Assessment, str(case.detail.get("assessment", "")))
    mine = assessment is not None and (assessment.person_id, assessment.purpose) == (case.person_id, CERTIFY)
    if (
        assessment is None
        or not mine
        or WEIGHED not in assessment.detail
        or not consent.given(session, session.get_one(Person, case.person_id))
    ):
        raise NoVoiceToConfirm(case.id)
    return assessment


def _record(session: Session, rt: Runtime, case: Case, spoke: Assessment, by: str) -> Recorded:
    return certifying.record(
        session,
        rt,
        session.get_one(Person, spoke.person_id),
        kind=Kind.VOICE,
        strength=Strength.LIVE,
        source=SOURCE,
        ref=spoke.id,
        observed_at=spoke.asked_at,
        detail={"case": case.id},
        actor=by,
    )
