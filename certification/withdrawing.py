"""A sign of life entered by mistake is taken back: it stays on record, counts no more, and nobody is late by it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from certification import (
    bereavement,
    cases,
    certifying,
    grounds,
    journal,
    people,
    reasons,
    reopening,
    review,
    templates,
)
from certification.errors import Problem
from certification.evidence import Kind
from certification.runtime import Runtime
from certification.store import Case, Evidence, Message, Person, TakenBack, new_id

SOON = timedelta(minutes=30)
"""Within this whoever pressed the wrong key takes it back alone."""
UNDONE = "undone"
"""The verdict on a case that was opened by what was taken back."""
LONGEST_REASON = 200


class SignUnknown(Problem):
    """There is no such sign of life."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"没有编号或回执号为 {text[:40]} 的认证记录，请核对。",
            f"No sign of life has the identifier or receipt {text[:40]!r}: please check it.",
        )


class OfAComparison(Problem):
    """What came with a comparison is undone with it."""

    def __init__(self) -> None:
        super().__init__(
            "这条记录来自数据比对，只能随那次比对一起撤销（stillhere compare undo）。",
            "This sign of life came with a comparison, and is undone with it: see `stillhere compare undo`.",
        )


class OfAVerdict(Problem):
    """What a human's verdict put on record is taken back with the verdict."""

    def __init__(self, case_id: str) -> None:
        super().__init__(
            f"这条记录来自案件 {case_id} 的结论，请在那个案件里撤回结论（stillhere cases take-back {case_id}）。",
            f"This sign of life rests on the verdict on case {case_id}: take that back, on its page or with"
            f" `stillhere cases take-back {case_id}`.",
        )


class NotTheirsToTakeBack(Problem):
    """Whoever certified somebody at the desk, or for an agent, takes it back soon, or a supervisor does."""

    def __init__(self) -> None:
        super().__init__(
            f"自己登记的才能撤回，而且只在 {SOON.seconds // 60} 分钟内；现在请主管撤回。什么都没有改动。",
            f"Only what you entered yourself, within {SOON.seconds // 60} minutes, is yours to take back; now ask a"
            " supervisor. Nothing was changed.",
        )


class RecordedAnew(Problem):
    """What was taken back was decided anew since, and does not stand a second time."""

    def __init__(self) -> None:
        super().__init__(
            "撤回之后又重新办理过，不能再恢复原来的记录。",
            "It was decided anew since it was taken back: the earlier one is not put back beside that.",
        )


def find(session: Session, text: str) -> Evidence:
    """A sign of life by its identifier or its receipt's number. Raises SignUnknown."""
    plain = "".join(text.split()).lower()
    named = select(Evidence).where(or_(Evidence.id == plain, Evidence.receipt == plain))
    evidence = session.scalars(named).first()
    if evidence is None:
        raise SignUnknown(text)
    return evidence


def by_them_just_now(evidence: Evidence, by: str, now: datetime, *, agent: str | None = None) -> bool:
    """Whether somebody certified the person at the desk themselves, or for their `agent`, and it is SOON after."""
    kind = Kind.DESK if agent is None else Kind.AGENT
    there = evidence.kind == kind and evidence.detail.get("agent") == agent
    theirs = there and evidence.detail.get("by") == by and evidence.withdrawn_at is None
    return theirs and now - evidence.recorded_at <= SOON


def withdraw(
    session: Session,
    rt: Runtime,
    evidence_id: str,
    *,
    by: str,
    why: str,
    supervisor: bool = False,
    agent: str | None = None,
) -> TakenBack | None:
    """Take one sign of life back; None where it was taken back before.

    A period that it closed opens again unless other evidence closes it, as it was before; the ladder begins anew, from
    today on. Nobody is suspended by it, and for a while nobody may be (checks.LEAST_AGAIN). What it rested on waits
    again (grounds). Periods that weaker evidence closed while this backed it stay certified: that was right by what was
    known. `agent`: for which they act who are no clerk. Raises SignUnknown, OfAComparison, OfAVerdict,
    NotTheirsToTakeBack, ReasonMissing, ReasonPersonal.
    """
    evidence = find(session, evidence_id)
    if evidence.kind == Kind.RECORD:
        raise OfAComparison
    if evidence.source == review.SOURCE:
        raise OfAVerdict(str(evidence.detail.get("case", "")))
    theirs = supervisor or by_them_just_now(evidence, by, rt.now(), agent=agent)
    if not theirs and evidence.withdrawn_at is None:
        raise NotTheirsToTakeBack
    person = session.get_one(Person, evidence.person_id)
    said = given(rt, person, why)
    opened = out(session, rt, person, evidence, by=by, why=said, again=grounds.free_again(evidence))
    if opened is None:
        return None
    return note(session, rt, person, by=by, why=said, evidence=evidence, opened=opened, tell=bool(opened))


def put_back(session: Session, rt: Runtime, evidence_id: str, *, by: str, why: str) -> bool:
    """Let a sign of life stand again that was taken back by mistake, once; False where it stands already.

    Raises SignUnknown, OfAComparison, OfAVerdict, ReasonMissing, ReasonPersonal, RecordedAnew.
    """
    evidence = find(session, evidence_id)
    if evidence.kind == Kind.RECORD:
        raise OfAComparison
    if evidence.source == review.SOURCE:
        raise OfAVerdict(str(evidence.detail.get("case", "")))
    person = session.get_one(Person, evidence.person_id)
    said, row = given(rt, person, why), last(session, evidence)
    people.hold(session, person.id)
    event = str(evidence.detail.get("ref", evidence.ref))
    there = select(Evidence.id).where(Evidence.kind == evidence.kind, Evidence.ref == event, Evidence.id != evidence.id)
    if evidence.withdrawn_at is not None and session.scalars(there).first() is not None:
        raise RecordedAnew
    withdrawn = update(Evidence).where(Evidence.id == evidence.id, Evidence.withdrawn_at.is_not(None))
    if row is None or session.scalar(withdrawn.values(withdrawn_at=None, ref=event).returning(Evidence.id)) is None:
        return False
    row.stands_by, row.stands_at, row.stands_why = by, rt.now(), said
    if not grounds.settle(session, rt, evidence, by):
        raise RecordedAnew
    session.flush()
    period = certifying.current_period(session, rt, person, evidence.observed_at)
    closed = certifying.close_again(session, rt, period.id, by)
    if bereavement.deceased(session, person.id):
        bereavement.contradict(session, rt, person, cause=evidence.id, detail={"evidence": evidence.id}, by=by)
    facts = {"evidence": evidence.id, "kind": evidence.kind, "why": said, "closed": closed}
    journal.write(session, rt.now(), by, "evidence put back", f"person:{person.id}", **facts)
    return True


def out(
    session: Session, rt: Runtime, person: Person, evidence: Evidence, *, by: str, why: str, again: bool
) -> list[str] | None:
    """Let evidence count no more, and open again what it closed: those periods; None where it counted no more before.

    `again`: the event that it rests on may be decided anew.
    """
    people.hold(session, person.id)
    counts = update(Evidence).where(Evidence.id == evidence.id, Evidence.withdrawn_at.is_(None))
    if session.scalar(counts.values(withdrawn_at=rt.now()).returning(Evidence.id)) is None:
        return None
    session.refresh(evidence)
    facts = {"evidence": evidence.id, "kind": evidence.kind, "source": evidence.source, "why": why}
    journal.write(session, rt.now(), by, "evidence withdrawn", f"person:{person.id}", **facts)
    event = evidence.ref
    if again:
        evidence.detail = {**evidence.detail, "ref": event}
        evidence.ref = f"withdrawn:{evidence.id}"
    grounds.reopen(session, rt, evidence, by)
    session.flush()
    opened = reopening.open_again(session, rt, person, evidence, by)
    _forget_refresh(session, rt, person, event, by)
    contradiction = cases.of(session, bereavement.contradicted_by(person.id, evidence.id))
    if contradiction is not None:
        close(session, rt, contradiction, by)
    for message in session.scalars(select(Message).where(Message.person_id == person.id, Message.state == "queued")):
        if message.facts.get("receipt") == evidence.receipt:
            drop(session, rt, message)
    return opened


def note(
    session: Session,
    rt: Runtime,
    person: Person | None,
    *,
    by: str,
    why: str,
    tell: bool,
    evidence: Evidence | None = None,
    case: Case | None = None,
    said: dict[str, object] | None = None,
    opened: list[str] | None = None,
) -> TakenBack:
    """Write down that something was taken back, in the transaction in which it was."""
    row = TakenBack(
        id=new_id(),
        person_id=person and person.id,
        evidence_id=evidence and evidence.id,
        case_id=case and case.id,
        period_id=opened[0] if opened else None,
        by=by,
        at=rt.now(),
        why=why,
        said=said or {},
        tell=tell,
    )
    session.add(row)
    session.flush()
    return row


def close(session: Session, rt: Runtime, case: Case, by: str) -> bool:
    """Close a case that what was taken back had opened, if nobody has decided it; its cause is free again."""
    closed = cases.decide(session, rt, case, verdict=UNDONE, by=by)
    case.cause = f"{case.cause[:70]} {UNDONE} {new_id()}"
    session.flush()
    return closed


def drop(session: Session, rt: Runtime, message: Message) -> bool:
    """Do not send a message that tells of what was taken back; False where it is on its way, or was told."""
    queued = update(Message).where(Message.id == message.id, Message.state == "queued")
    values = {"state": "dropped", "why": "taken back", "settled_at": rt.now()}
    if session.scalar(queued.values(**values).returning(Message.id)) is None:
        return False
    facts = {"message": message.id, "purpose": message.purpose, "why": "taken back"}
    journal.write(session, rt.now(), "text", "message dropped", f"person:{message.person_id}", **facts)
    return True


def last(session: Session, evidence: Evidence) -> TakenBack | None:
    """How a sign of life was last taken back, where that still stands."""
    mine = select(TakenBack).where(TakenBack.evidence_id == evidence.id, TakenBack.stands_at.is_(None))
    return session.scalars(mine.order_by(TakenBack.at.desc()).limit(1)).first()


def given(rt: Runtime, person: Person | None, why: str) -> str:
    """A reason as it is kept. Raises ReasonMissing, ReasonPersonal."""
    said = " ".join(why.split())[:LONGEST_REASON]
    if not said:
        raise reasons.ReasonMissing
    return reasons.impersonal(said) if person is None else reasons.about(rt.keys, person, said)


def _forget_refresh(session: Session, rt: Runtime, person: Person, event: str, by: str) -> None:
    """Take back what a template learnt of the voice of this call, with whatever it learnt since."""
    current = templates.current(session, person)
    line = [] if current is None else [one.source for one in templates.lineage(session, current)]
    if (learnt := f"{templates.REFRESH}{event}") in line:
        for _ in range(line.index(learnt) + 1):
            templates.undo(session, rt, person, by)
