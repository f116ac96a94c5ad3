"""A reported death: a case for a human, no reminders meanwhile, and nobody suspended by it; then the human's answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from certification import cases, journal
from certification.cases import CaseKind
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.store import Case, Person


class Verdict(StrEnum):
    """What a human found out."""

    ALIVE = "alive"  # everything goes on
    DEAD = "dead"  # no reminders, no suspension: what is paid after a death is decided elsewhere


QUESTIONS = (CaseKind.DEATH_REPORTED.value, CaseKind.CONTRADICTION.value)
"""Cases that ask whether somebody died."""


def report(
    session: Session,
    rt: Runtime,
    person: Person,
    *,
    source: str,
    ref: str,
    by: str,
    detail: dict[str, Any] | None = None,
) -> Case:
    """Open a case for a report, from wherever: a visitor, a text, a relative at the desk, a comparison; once a `ref`.

    From this moment the person gets no reminders and is on no list of suspensions, until a human has answered.
    """
    kind, cause, detail = CaseKind.DEATH_REPORTED, reported_as(source, ref), {"source": source} | (detail or {})
    return cases.open_case(session, rt, kind=kind, cause=cause, person=person, detail=detail, actor=by)


def reported_as(source: str, ref: str) -> str:
    """The cause of the case of a report."""
    return f"{CaseKind.DEATH_REPORTED}:{source}:{ref}"


def answer(session: Session, rt: Runtime, person: Person, verdict: Verdict, by: str) -> int:
    """Answer every report of this person's death that is still open; how many were answered here."""
    waiting = select(Case).where(_reports(Case, person.id), Case.decided_at.is_(None)).order_by(Case.opened_at)
    answered = sum(cases.decide(session, rt, case, verdict=verdict.value, by=by) for case in session.scalars(waiting))
    if answered:
        action = "person found alive" if verdict is Verdict.ALIVE else "person closed as deceased"
        journal.write(session, rt.now(), by, action, f"person:{person.id}", reports=answered)
    return answered


def contradict(session: Session, rt: Runtime, person: Person, *, cause: str, detail: dict[str, Any], by: str) -> Case:
    """Open a case where it is said that the person died, and later that they live; once a cause. Else as report()."""
    kind, cause = CaseKind.CONTRADICTION, contradicted_by(person.id, cause)
    return cases.open_case(session, rt, kind=kind, cause=cause, person=person, detail=detail, actor=by)


def contradicted_by(person_id: str, cause: str) -> str:
    """The cause of the case of a contradiction."""
    return f"{CaseKind.CONTRADICTION}:{person_id}:{cause}"


def verdicts(session: Session, people: Sequence[str] | None = None) -> dict[str, tuple[Verdict, date]]:
    """Of everybody, or of these people, about whom a human was asked: the last answer, and its day in Shanghai."""
    answered = select(Case.person_id, Case.verdict, Case.decided_at).where(
        Case.kind.in_(QUESTIONS), Case.person_id.is_not(None), Case.verdict.in_(list(Verdict))
    )
    if people is not None:
        answered = answered.where(Case.person_id.in_(people))
    return {
        str(person): (Verdict(str(verdict)), at.astimezone(SHANGHAI).date())
        for person, verdict, at in session.execute(answered.order_by(Case.decided_at))
        if at is not None
    }


def reminders_stopped(session: Session, person_id: str) -> bool:
    """Whether this person is to be left in peace: their death was reported, or a human found it to be so."""
    return session.scalars(select(Person.id).where(Person.id == person_id, reported())).first() is not None


def deceased(session: Session, person_id: str) -> bool:
    """Whether a human found that the person died, and none has found otherwise since."""
    return session.scalars(select(Person.id).where(Person.id == person_id, found_dead())).first() is not None


def reported() -> ColumnElement[bool]:
    """In a query of people: whose death is under question, or was found to be so."""
    report = aliased(Case)
    counts = or_(report.decided_at.is_(None), _stands(report))
    return select(report.id).where(_reports(report, Person.id), counts).exists()


def found_dead() -> ColumnElement[bool]:
    """In a query of people: of whom a human found that they died, and none has found otherwise since."""
    dead = aliased(Case)
    return select(dead.id).where(_reports(dead, Person.id), _stands(dead)).exists()


def _stands(dead: type[Case]) -> ColumnElement[bool]:
    """In a query of reports: whether one was found right, and none about the same person wrong since."""
    alive = aliased(Case)
    since = select(alive.id).where(
        _reports(alive, dead.person_id), alive.verdict == Verdict.ALIVE.value, alive.decided_at >= dead.decided_at
    )
    return and_(dead.verdict == Verdict.DEAD.value, ~since.exists())


def _reports(
    case: type[Case], person_id: str | InstrumentedAttribute[str] | InstrumentedAttribute[str | None]
) -> ColumnElement[bool]:
    return and_(case.person_id == person_id, case.kind.in_(QUESTIONS))
