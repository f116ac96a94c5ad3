"""A person's own threshold: from their earlier calls, and from how many strangers their template fits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import confirmation, templates
from certification.regions import SHANGHAI, VoiceRules
from certification.store import Assessment, VoiceTemplate
from voiceprint.ageing import Call
from voiceprint.calibration import Calibration, Decision
from voiceprint.cohort import Cohort
from voiceprint.comparing import strangers_llrs
from voiceprint.personal import PersonalThreshold, threshold_for
from voiceprint.scoring import Template

CERTIFY = "certify"  # the purpose of an assessment that may certify


def shipped(fitted: Calibration, rules: VoiceRules) -> float:
    """From which log-likelihood ratio on anybody's voice certifies in a region. Raises ThresholdUnsupported."""
    return fitted.certify_from(rules.max_fmr, Decision(rules.impostors, rules.cost))


def calls(session: Session, template: VoiceTemplate) -> tuple[Call, ...]:
    """The person's earlier calls to certify against this template, or against one that it was refreshed from.

    Without those that were too poor to say or under any suspicion, even one that is only noted: what a human says of
    the person is no word on whose voice was on the line then.
    """
    made = {one.id: _day(one) for one in templates.lineage(session, template)}
    knew = confirmation.known_by_case(session, template.person_id)
    weighed = select(Assessment).where(
        Assessment.person_id == template.person_id, Assessment.purpose == CERTIFY, Assessment.state == "done"
    )
    return tuple(
        Call(
            on=one.asked_at.astimezone(SHANGHAI).date(),
            llr=float(one.detail["llr"]),
            made=made[one.detail["template"]],
            confirmed=one.id in knew,
        )
        for one in session.scalars(weighed.order_by(Assessment.asked_at))
        if one.detail.get("template") in made and not (one.detail["reasons"] or one.detail["suspicions"])
    )


def threshold(
    strangers: Cohort, fitted: Calibration, rules: VoiceRules, template: Template, earlier: Sequence[Call]
) -> PersonalThreshold:
    """What the person's own threshold is, whether or not the region uses it.

    Raises ThresholdUnsupported, TemplateOfAnotherEncoder.
    """
    return threshold_for(shipped(fitted, rules), earlier, strangers_llrs(strangers, fitted, template), rules.max_fmr)


def facts(own: PersonalThreshold, shipped: float) -> dict[str, object]:
    """Why a threshold is what it is, for the operator and the journal."""
    return {
        "why": own.why.value,
        "shipped": round(shipped, 3),
        "calls": own.calls,
        "days": own.days,
        "rejected": own.rejected,
        "fmr": round(own.fmr, 4),
    }


def _day(template: VoiceTemplate) -> date:
    return template.created_at.astimezone(SHANGHAI).date()
