"""What a human says of a voice that certified nobody by itself: who spoke, or that this call does not show it; once."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import (
    cases,
    certifying,
    confirmation,
    consent,
    judgements,
    knowncases,
    reasons,
    secondlooks,
    visits,
)
from certification.cases import CaseKind, DecidedAlready
from certification.certifying import Recorded
from certification.errors import Problem
from certification.evidence import Kind, Strength
from certification.judgements import Part
from certification.reasons import ReasonMissing
from certification.runtime import Runtime
from certification.store import Assessment, Call, Case, Judgement, Period, Person

KINDS = (
    CaseKind.VOICE_DOUBT.value,
    CaseKind.UNCONFIRMED.value,
    CaseKind.LIMIT_REACHED.value,
    CaseKind.NO_TEMPLATE.value,
)
"""Cases of a call in which somebody spoke to be certified, and a human was to see to it."""
SUPERVISED = (CaseKind.SUSPECTED_FRAUD.value, CaseKind.DISAGREED.value)
"""What a supervisor alone decides, who had no part in it."""
AT_ONCE = 200
SOURCE = "review"
"""The source of evidence that a human's verdict put on record."""
CERTIFY = "certify"  # the purpose of an assessment that is to certify
WEIGHED = "llr"  # what the detail of an assessment holds whose voice was held against a template


class Verdict(StrEnum):
    """What a human found."""

    CONFIRMED = confirmation.CONFIRMED  # it was the person who spoke
    UNSURE = judgements.UNSURE  # this call does not show it; another way will


class Step(StrEnum):
    """What a human does next where a call did not show whose voice it was."""

    CALL_BACK = "call_back"
    INVITE = "invite"  # to the desk, with their card; they are told so, and why is for the desk alone
    VISIT = "visit"
    FRAUD = judgements.FRAUD  # somebody else seems to have spoken: a second human hears it, and nothing happens before


NEEDS_REASON = (Step.INVITE, Step.FRAUD)


class NotBySameHuman(Problem):
    """Whoever heard a recording before does not judge what came of that, and nobody but a supervisor does."""

    def __init__(self) -> None:
        super().__init__(
            "疑似冒充或两人意见不同的事，要由另一位主管处理，听过的人不能自己下结论。",
            "A suspected fraud, or what two did not agree on, is judged by a supervisor who is none of those two.",
        )


class NoVoiceCase(Problem):
    """The case is not one of a voice, or there is none of this number."""

    def __init__(self, case_id: str) -> None:
        super().__init__(
            f"案件 {case_id[:40]} 不是来电认证的声音案件。请用 stillhere cases list 查看。",
            f"Case {case_id[:40]} is not about the voice of a call that was to certify: see `stillhere cases list`.",
        )


class NoVoiceToConfirm(Problem):
    """No voice of the call may be held to be the person's: none was weighed, or they agree to it no more."""

    def __init__(self, case_id: str) -> None:
        super().__init__(
            f"案件 {case_id} 没有可确认的声音，或者本人已撤回同意。请用 --verdict unsure 办结，再用别的办法认证。",
            f"Case {case_id} has no voice to confirm, or the person agrees to it no more: decide it with"
            " --verdict unsure, and certify by another route.",
        )


def of_a_voice(session: Session, case: Case) -> bool:
    """Whether a case is decided by what a human hears: a real one, a second look, or one whose answer is known."""
    if case.kind == CaseKind.SECOND_LOOK:
        return True
    return case.kind in KINDS and (case.person_id is not None or knowncases.of(session, case.id) is not None)


def decide(
    session: Session,
    rt: Runtime,
    case_id: str,
    verdict: Verdict,
    by: str,
    *,
    step: Step | None = None,
    reason: str | None = None,
) -> Recorded | None:
    """Decide a case of a voice, once. Confirmed, the call certifies as if the machine had been sure; else nothing does.

    The evidence, where it was confirmed. Nobody is refused and nothing is counted against anybody. `step`: what is done
    next where it was not. From a second look nothing follows for the person, and from a known case nothing at all.
    Raises NoVoiceCase, DecidedAlready, NoVoiceToConfirm, ReasonMissing, ReasonPersonal, NotTakenHere, NotTheSecond; and
    NothingToConfirm where the template that it fitted is not in use any more.
    """
    case = _find(session, case_id)
    why = _why(session, rt, case, step, reason)
    if case.decided_at is not None:
        raise DecidedAlready(case)
    said, then = verdict.value, None if step is None else step.value
    if (known := knowncases.of(session, case_id)) is not None:
        knowncases.judge(session, rt, case, known, verdict=said, step=then, by=by)
        return None
    if case.kind == CaseKind.SECOND_LOOK:
        secondlooks.judge(session, rt, case, verdict=said, step=then, reason=why, by=by)
        return None
    spoke = _spoke(session, case) if verdict is Verdict.CONFIRMED else None
    if spoke is not None and case.kind == CaseKind.UNCONFIRMED:
        confirmation.confirm_by_case(session, rt, case.id, by)
    elif not cases.decide(session, rt, case, verdict=verdict.value, by=by):
        raise DecidedAlready(session.get_one(Case, case.id, populate_existing=True))
    sampled = secondlooks.drawn(session, rt, case) if "assessment" in case.detail else None
    first = judgements.note(session, rt, case, Part.FIRST, by=by, verdict=said, step=then, reason=why, sampled=sampled)
    secondlooks.see_to(session, rt, case, first)
    if step not in (None, Step.FRAUD):
        go_on(session, rt, case, step, by, why)
    return None if spoke is None else _record(session, rt, case, spoke, by)


def go_on(session: Session, rt: Runtime, case: Case, step: Step, by: str, why: str | None = None) -> None:
    """See to what follows a call that did not show whose voice it was, once. Raises NotTakenHere.

    A visit, or a case: whoever has one open is on no list of suspensions.
    """
    person, cause = session.get_one(Person, case.person_id), secondlooks.FOLLOWS + case.id
    if step is Step.VISIT:
        visits.ask(session, rt, person, cause=cause, by=by)
        return
    kind = CaseKind.CALL_BACK if step is Step.CALL_BACK else CaseKind.INVITED
    told: tuple[str, ...] = ("assessment", "template", "suspicions")
    kept: dict[str, Any] = {name: case.detail[name] for name in told if name in case.detail}
    call = None if case.call_id is None else session.get(Call, case.call_id)
    detail = {**kept, "first": cases.goes_first(case), "by": by}
    if step is Step.INVITE:
        detail |= {"why": why, "period": certifying.current_period(session, rt, person).id}
    cases.open_case(session, rt, kind=kind, cause=cause, person=person, call=call, detail=detail, actor=by)


def invited(session: Session, case: Case) -> bool:
    """Whether a case was decided with an invitation to the desk."""
    one = session.get(Judgement, case.id)
    return one is not None and one.step == Step.INVITE


def close_invitations(session: Session, rt: Runtime) -> int:
    """Close the invitations of people who are certified meanwhile, by whatever route; how many."""
    period = Case.detail["period"].as_string()
    over = select(Case).join(Period, Period.id == period).where(Period.closed_at.is_not(None))
    waiting = over.where(Case.kind == CaseKind.INVITED.value, Case.decided_at.is_(None)).limit(AT_ONCE)
    found = session.scalars(waiting).all()
    return sum(cases.decide(session, rt, one, verdict="certified", by="schedule") for one in found)


def may_judge(case: Case, by: str, *, supervisor: bool) -> None:
    """Raises NotBySameHuman where somebody is not to decide what came of a suspicion or of two looks."""
    if case.kind in SUPERVISED and (not supervisor or by in secondlooks.looked(case)):
        raise NotBySameHuman


def _find(session: Session, case_id: str) -> Case:
    case = session.get(Case, case_id)
    if case is None or not of_a_voice(session, case):
        raise NoVoiceCase(case_id)
    return case


def _why(session: Session, rt: Runtime, case: Case, step: Step | None, reason: str | None) -> str | None:
    """The reason as it is kept. Raises ReasonMissing, ReasonPersonal."""
    said = (reason or "").strip()[: judgements.LONGEST_REASON]
    if not said and step in NEEDS_REASON:
        raise ReasonMissing
    person = None if case.person_id is None else session.get(Person, case.person_id)
    kept = reasons.impersonal(said) if person is None else reasons.about(rt.keys, person, said)
    return kept or None


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
