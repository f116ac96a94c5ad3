"""Questions for a human: one cause opens one case."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select, update
from sqlalchemy.orm import Session

from certification import harm, journal
from certification.errors import Problem
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.store import Call, Case, KnownCase, Period, Person, insert_once, new_id

PATIENCE = timedelta(days=14)


class CaseKind(StrEnum):
    """What a human is asked to see to."""

    VOICE_DOUBT = "voice_doubt"  # the voice did not clearly match the template
    CALL_BACK = "call_back"  # a caller was promised to be called
    PROMISED_RESULT = "promised_result"  # a caller hung up before the result was there
    LIMIT_REACHED = "limit_reached"  # too many failed voice attempts
    NO_TEMPLATE = "no_template"  # nothing to compare the voice with, and no PIN
    NO_PIN = "no_pin"  # a template, but no PIN for somebody who does not speak
    ENROLMENT_DIFFERS = "enrolment_differs"  # the groups of an enrolment do not agree
    CONFIRMATION_DIFFERS = "confirmation_differs"  # a call to confirm a template did not fit it
    UNCONFIRMED = "unconfirmed"  # the voice would certify, but its template was never confirmed over a telephone
    ENROLLED_TWICE = "enrolled_twice"  # the voice of an enrolment is like that of somebody else on record
    ENROLMENT_UNFINISHED = "enrolment_unfinished"  # the words of an enrolment did not come through
    NOT_UNDERSTOOD = "not_understood"  # the words could not be understood
    NEEDS_MORE = "needs_more"  # evidence is on record, and the period asks for stronger
    TO_CALL = "to_call"  # no message reaches them: a human reminds them by telephone
    UNREACHED = "unreached"  # message and call brought nothing: a human calls
    SHARED_LINE = "shared_line"  # one telephone acts for many people who never named it
    SHARED_VOICE = "shared_voice"  # one voice, none of theirs, speaks for many people who never declared each other
    DEATH_REPORTED = "death_reported"  # somebody says that the person died; until a human knows, nothing else happens
    CONTRADICTION = "contradiction"  # a record says that the person died, and a later one that they live
    UNREADABLE = "unreadable"  # what is sealed about the person does not open: somebody with the keys has to look
    URGENT = "urgent"  # somebody wrote that they want to live no longer: a human calls at once, before all others
    SUSPECTED_FRAUD = "suspected_fraud"  # somebody else seems to have spoken: for a supervisor, not who said so
    INVITED = "invited"  # a call did not show whose voice it was: they are asked to come to the desk
    SECOND_LOOK = "second_look"  # a human judged a recording: another one does, without knowing what was found
    DISAGREED = "disagreed"  # two humans found different things in a recording: for a supervisor who is neither
    DROPPED = "dropped"  # the call ended in the middle and was not taken up again


class CaseUnknown(Problem):
    """There is no such case, or not only one."""

    def __init__(self, text: str, *, several: bool) -> None:
        if several:
            zh, en = (
                f"编号以 {text[:32]} 开头的案件不止一个，请多写几位",
                f"More than one case begins with {text[:32]!r}",
            )
        else:
            zh, en = f"没有编号为 {text[:32]} 的案件", f"There is no case {text[:32]!r}"
        super().__init__(f"{zh}，请用 stillhere cases list 查看。", f"{en}: see `stillhere cases list`.")


class DecidedAlready(Problem):
    """Somebody has decided the case before."""

    def __init__(self, case: Case) -> None:
        super().__init__(
            f"案件 {case.id} 已由 {case.taken_by} 办结，结论 {case.verdict}，不能再改。",
            f"Case {case.id} was decided by {case.taken_by} before ({case.verdict}), which stands.",
        )


def rank(kind: CaseKind, by: date, *, first: bool) -> str:
    """Where a case stands among those that wait, in the order of harm, as text to be sorted by.

    First whoever wants to live no longer; then people who go before others (old, alone, ill, without another income, or
    who failed before: certification.harm);
    then by when it should be seen to: before the period ends that it is about, and within PATIENCE, so that nobody's
    case waits behind others for ever.
    """
    return f"{int(kind is not CaseKind.URGENT)}{int(not first)}{by.isoformat()}"


def open_case(
    session: Session,
    rt: Runtime,
    *,
    kind: CaseKind,
    cause: str,
    person: Person | None = None,
    call: Call | None = None,
    detail: dict[str, Any] | None = None,
    actor: str = "line",
) -> Case:
    """Open a case for a cause, or give back the one that is there for it."""
    case_id = new_id()
    new = insert_once(
        session,
        Case,
        id=case_id,
        cause=cause,
        kind=kind.value,
        person_id=person.id if person else None,
        call_id=call.id if call else None,
        detail=detail or {},
        state="open",
        rank=rank(kind, _by(session, rt, person, detail or {}), first=_first(session, rt, person, detail or {})),
        opened_at=rt.now(),
    )
    if new:
        journal.write(session, rt.now(), actor, "case opened", f"case:{case_id}", kind=kind.value, cause=cause)
    return session.scalars(select(Case).where(Case.cause == cause)).one()


def rank_again(session: Session, rt: Runtime, person: Person) -> None:
    """Let the cases of somebody follow what is on record of them now, where they wait."""
    theirs = select(Case).where(Case.person_id == person.id, Case.decided_at.is_(None))
    for one in session.scalars(theirs).all():
        one.rank = f"{one.rank[0]}{int(not _first(session, rt, person, one.detail))}{one.rank[2:]}"


def goes_first(case: Case) -> bool:
    """Whether a case goes before others of its urgency."""
    return case.rank[1] == "0"


def _first(session: Session, rt: Runtime, person: Person | None, detail: dict[str, Any]) -> bool:
    return detail.get("first") is True or (person is not None and harm.first(session, rt, person))


def waiting(
    session: Session,
    *,
    region: str | None = None,
    kind: CaseKind | None = None,
    most: int,
    only: ColumnElement[bool] | None = None,
) -> list[Case]:
    """Cases that nobody has decided, at most so many, in the order of the queue."""
    return list(session.scalars(queue(region, kind, only).limit(most)))


def queue(
    region: str | None = None, kind: CaseKind | None = None, only: ColumnElement[bool] | None = None
) -> Select[Case]:
    """Cases that nobody has decided: by their rank, then whichever waits the longest.

    `region`: of its people, and of whoever is not on the roll. `only`: and of which this holds.
    """
    found = select(Case).where(Case.decided_at.is_(None))
    if only is not None:
        found = found.where(only)
    if region is not None:
        found = found.where(of_region(region))
    if kind is not None:
        found = found.where(Case.kind == kind.value)
    return found.order_by(Case.rank, Case.opened_at, Case.id)


def of_region(region: str) -> ColumnElement[bool]:
    """In a query of cases: which a region sees to. Of somebody on no roll each does, or it would wait for nobody."""
    theirs = select(Person.id).where(Person.id == Case.person_id, Person.region == region)
    elsewhere = select(KnownCase.case_id).where(KnownCase.case_id == Case.id, KnownCase.region != region)
    return or_(and_(Case.person_id.is_(None), ~elsewhere.exists()), theirs.exists())


def _by(session: Session, rt: Runtime, person: Person | None, detail: dict[str, Any]) -> date:
    """When a case should be seen to. Its period is the one that it names, else the person's present one."""
    today = rt.now().astimezone(SHANGHAI).date()
    due = None
    if isinstance(named := detail.get("period"), str) and (period := session.get(Period, named)) is not None:
        due = period.due
    elif person is not None:
        present = (Period.person_id == person.id, Period.opens <= today, Period.due >= today)
        due = session.scalars(select(Period.due).where(*present)).first()
    return min(due or date.max, today + PATIENCE)


def find(session: Session, text: str) -> Case:
    """A case by its identifier or the beginning of it. Raises CaseUnknown, also where several begin so."""
    begins = text.strip().lower()
    wanted = select(Case).where(Case.id.startswith(begins, autoescape=True)).limit(2)
    found = session.scalars(wanted).all() if begins else []
    if len(found) != 1:
        raise CaseUnknown(text, several=len(found) > 1)
    return found[0]


def urgent() -> ColumnElement[bool]:
    """In a query of people: whom a human is to call at once; until they have, nothing else is asked of them."""
    waits = (Case.person_id == Person.id, Case.kind == CaseKind.URGENT.value, Case.decided_at.is_(None))
    return select(Case.id).where(*waits).exists()


def of(session: Session, cause: str) -> Case | None:
    """The case that was opened for a cause."""
    return session.scalars(select(Case).where(Case.cause == cause)).first()


def decide(session: Session, rt: Runtime, case: Case, *, verdict: str, by: str) -> bool:
    """Write a human's verdict on a case, once, whoever else decides it at the same time. True when it was done here."""
    undecided = update(Case).where(Case.id == case.id, Case.decided_at.is_(None))
    values = {"state": "decided", "verdict": verdict, "decided_at": rt.now(), "taken_by": by}
    if session.scalar(undecided.values(**values).returning(Case.id)) is None:
        return False
    journal.write(session, rt.now(), by, "case decided", f"case:{case.id}", kind=case.kind, verdict=verdict)
    return True
