"""Whether a template was seen to fit its person over a telephone: by a call from the desk, or by a human."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from certification import cases, consent, journal, templates
from certification.cases import CaseKind
from certification.errors import Problem
from certification.runtime import Runtime
from certification.store import Case, Person, VoiceTemplate

CONFIRM = "confirm"  # the purpose of an assessment that holds a voice against a template still to be confirmed
CONFIRMED = "confirmed"


class NothingToConfirm(Problem):
    """No template in use awaits a confirmation."""

    def __init__(self) -> None:
        super().__init__(
            "没有待确认的声纹：请用 stillhere voice show 查看，需要时重新登记。",
            "There is no voice template to confirm: see stillhere voice show, and enrol again where needed.",
        )


class CaseConfirmsNothing(Problem):
    """Only a voice that fitted a template still to be confirmed is a human's to confirm."""

    def __init__(self, case_id: str) -> None:
        super().__init__(
            f"案件 {case_id} 不是待确认声纹的案件，或者已经办结。声音不符的，请重新登记。",
            f"Case {case_id} is not one of an unconfirmed template, or is decided. Where it differs, enrol again.",
        )


def awaited(session: Session, person: Person) -> VoiceTemplate | None:
    """The person's template in use, while it is agreed to and nobody has seen it fit over a telephone."""
    template = templates.current(session, person)
    waits = template is not None and template.confirmed_at is None and consent.given(session, person)
    return template if waits else None


def confirm(session: Session, rt: Runtime, person: Person, template_id: str, *, by: str, rests_on: str) -> bool:
    """Note that this template fits its person over a telephone, and what that `rests_on`; once.

    False when it is not in use any more: what was seen to fit is not what calls will be held against.
    """
    mine = VoiceTemplate.id == template_id, VoiceTemplate.person_id == person.id, VoiceTemplate.retired_at.is_(None)
    waiting = update(VoiceTemplate).where(*mine, VoiceTemplate.confirmed_at.is_(None))
    if session.scalar(waiting.values(confirmed_at=rt.now()).returning(VoiceTemplate.id)) is not None:
        subject = f"person:{person.id}"
        journal.write(
            session, rt.now(), by, "voice template confirmed", subject, template=template_id, rests_on=rests_on
        )
        return True
    current = templates.current(session, person)
    return current is not None and current.id == template_id


def known_by_case(session: Session, person_id: str) -> frozenset[str]:
    """The assessments of which a human said that it was the person: their case was decided with CONFIRMED.

    The one place that reads this; whoever decides a case of a voice needs to write no more than the verdict.
    """
    decided = select(Case.detail).where(Case.person_id == person_id, Case.verdict == CONFIRMED)
    return frozenset(str(detail["assessment"]) for detail in session.scalars(decided) if "assessment" in detail)


def confirm_by_case(session: Session, rt: Runtime, case_id: str, by: str) -> VoiceTemplate:
    """Confirm the template of a case in which the voice fitted, because a human knows who spoke; and close the case.

    Raises CaseConfirmsNothing, and NothingToConfirm when the template is not in use any more.
    """
    case = session.get(Case, case_id)
    if case is None or case.person_id is None or case.kind != CaseKind.UNCONFIRMED:
        raise CaseConfirmsNothing(case_id)
    person, template_id = session.get_one(Person, case.person_id), str(case.detail["template"])
    if not cases.decide(session, rt, case, verdict=CONFIRMED, by=by):
        raise CaseConfirmsNothing(case_id)
    if not consent.given(session, person):
        raise NothingToConfirm
    if not confirm(session, rt, person, template_id, by=by, rests_on=f"case {case_id}"):
        raise NothingToConfirm
    return session.get_one(VoiceTemplate, template_id, populate_existing=True)
