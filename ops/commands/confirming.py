"""What the desk is told of a template's confirmation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import confirmation
from certification.cases import CaseKind
from certification.regions import SHANGHAI
from certification.store import Assessment, Case, VoiceTemplate

PLAINLY = {
    "confirmed": "符合 fits",
    "differ": "没有把握 not sure",
    "again": "声音不清楚 too poor to say",
    None: "还在核对 still being weighed",
}


def standing(session: Session, template: VoiceTemplate) -> dict[str, Any]:
    """Whether and when the template was confirmed, and what the last call to confirm it came to."""
    asked = select(Assessment).where(
        Assessment.person_id == template.person_id,
        Assessment.purpose == confirmation.CONFIRM,
        Assessment.asked_at >= template.created_at,
    )
    last = session.scalars(asked.order_by(Assessment.asked_at.desc()).limit(1)).first()
    return {
        "confirmed_at": moment(template.confirmed_at),
        "to_confirm": [] if template.confirmed_at else _cases(session, template),
        "last_confirmation": None if last is None else {"at": moment(last.asked_at), "outcome": last.outcome},
    }


def _cases(session: Session, template: VoiceTemplate) -> list[str]:
    """Cases in which a voice fitted this template, and nobody has said yet whose it was."""
    mine = select(Case).where(Case.person_id == template.person_id, Case.kind == CaseKind.UNCONFIRMED)
    waiting = session.scalars(mine.where(Case.decided_at.is_(None)).order_by(Case.opened_at))
    return [case.id for case in waiting if case.detail.get("template") == template.id]


def sentences(template: VoiceTemplate, facts: dict[str, Any]) -> list[str]:
    """The same in words."""
    confirmed = moment(template.confirmed_at)
    said = [
        f"已在电话里确认 confirmed over a telephone: {confirmed}"
        if confirmed
        else "还没有在本人电话里确认，来电认证会转人工 not confirmed over the person's phone: their calls go to a human"
    ]
    if isinstance(last := facts["last_confirmation"], dict):
        said.append(f"最近一次确认来电 last call to confirm it: {last['at']} {PLAINLY.get(last['outcome'], '')}")
    if facts["to_confirm"]:
        said.append(f"可由人工确认的案件 cases by which a human may confirm it: {' '.join(facts['to_confirm'])}")
    return said


def moment(at: datetime | None) -> str | None:
    """A moment as the desk reads it, by the clock of China."""
    return None if at is None else at.astimezone(SHANGHAI).isoformat(timespec="minutes")
