"""What a human says of a voice that certified nobody by itself: who spoke, or that this call does not show it; once."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from certification import cases, certifying, confirmation, consent, visits
from certification.cases import CaseKind
from certification.certifying import Recorded
from certification.errors import Problem
from certification.evidence import Kind, Strength
from certification.runtime import Runtime
from certification.store import Assessment, Call, Case, Person

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


class Step(StrEnum):
    """What a human does next where a call did not show whose voice it was."""

    CALL_BACK = "call_back"
    VISIT = "visit"
    FRAUD = "fraud"  # somebody else seems to have spoken: for a supervisor; the person loses nothing by it


class NotBySameHuman(Problem):
    """Whoever suspects a fraud does not judge it, and nobody but a supervisor does."""

    def __init__(self) -> None:
        super().__init__(
            "疑似冒充的事要由另一位主管处理，提出的人不能自己下结论。",
            "A suspected fraud is judged by a supervisor, and not by whoever suspected it.",
        )


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


def go_on(session: Session, rt: Runtime, case: Case, step: Step, by: str) -> None:
    """See to what follows a call that did not show whose voice it was, once. Raises NotTakenHere."""
    person, cause = session.get_one(Person, case.person_id), f"review:{case.id}"
    if step is Step.VISIT:
        visits.ask(session, rt, person, cause=cause, by=by)
        return
    kind = CaseKind.CALL_BACK if step is Step.CALL_BACK else CaseKind.SUSPECTED_FRAUD
    told: tuple[str, ...] = ("assessment", "template", "suspicions")
    kept: dict[str, Any] = {name: case.detail[name] for name in told if name in case.detail}
    call = None if case.call_id is None else session.get(Call, case.call_id)
    detail = {**kept, "first": cases.goes_first(case), "by": by}
    cases.open_case(session, rt, kind=kind, cause=cause, person=person, call=call, detail=detail, actor=by)


def may_judge(case: Case, by: str, *, supervisor: bool) -> None:
    """Raises NotBySameHuman where somebody is not to decide a case of a suspected fraud."""
    if case.kind == CaseKind.SUSPECTED_FRAUD and (not supervisor or case.detail.get("by") == by):
        raise NotBySameHuman


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
