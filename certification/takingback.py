"""A verdict on a case taken back: the case waits again for anybody, and what followed from the verdict is undone."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from certification import bereavement, cases, confirmation, journal, review, secondlooks, templates, visits, withdrawing
from certification.cases import CaseKind
from certification.errors import Problem
from certification.evidence import Kind
from certification.runtime import Runtime
from certification.store import Case, Evidence, JournalEntry, Judgement, Message, Person, TakenBack, VoiceTemplate
from certification.withdrawing import SOON, UNDONE

LATEST = 3
"""Of their own verdicts that somebody may take back at once, so many are shown."""
MACHINES = frozenset({"comparison", "ladder", "line", "review", "schedule", "worker"})
"""Who closes a case, in the journal, where no human decided it."""
TOLD = ("sending", "sent", "delivered", "unknown")
"""States of a message that the person may have."""
_TOGETHER = timedelta(minutes=1)  # what was answered by one key


class Way(StrEnum):
    """By which right a verdict is taken back."""

    SOON = "soon"  # by whoever gave it; for as long with every case, or its length would tell a known one
    SUPERVISOR = "supervisor"  # by a supervisor who did not give it, with a reason


class NothingToTakeBack(Problem):
    """No human's verdict stands on the case."""

    def __init__(self) -> None:
        super().__init__(
            "这件事没有人工结论可以撤回，可能已经撤回过了。请刷新再看。",
            "There is no human's verdict on this case to take back; perhaps it was taken back. Look at it again.",
        )


class SecondJudged(Problem):
    """A second human has judged what the first did, or this is that second look."""

    def __init__(self) -> None:
        super().__init__(
            "第二位审核员已经听过并给出结论，这个结论不能再撤回。需要更正的，请主管在第二次审核的案件里处理。",
            "A second operator has judged this recording: the verdict stays. What is to be put right is for a"
            " supervisor, in the case of that second look.",
        )


class TooLateToTakeBack(Problem):
    """Whoever decided takes it back at once or not; later a supervisor does who did not decide it."""

    def __init__(self) -> None:
        super().__init__(
            f"自己的结论只能在 {SOON.seconds // 60} 分钟内撤回；现在请另一位主管写明原因撤回。",
            f"One's own verdict is taken back within {SOON.seconds // 60} minutes; now another supervisor does"
            " it, with a reason.",
        )


def way(session: Session, rt: Runtime, case: Case, by: str, *, supervisor: bool) -> Way:
    """By which right somebody may take the verdict on a case back.

    Raises NothingToTakeBack, SecondJudged, TooLateToTakeBack, NotBySameHuman.
    """
    if case.decided_at is None or case.verdict == UNDONE or case.taken_by is None or case.taken_by in MACHINES:
        raise NothingToTakeBack
    second = _second(session, case)
    if case.kind == CaseKind.SECOND_LOOK or (second is not None and second.decided_at is not None):
        raise SecondJudged
    if case.taken_by == by and rt.now() - case.decided_at <= SOON:
        return Way.SOON
    if not supervisor or case.taken_by == by:
        raise TooLateToTakeBack
    review.may_judge(case, by, supervisor=supervisor)
    return Way.SUPERVISOR


def may(session: Session, rt: Runtime, case: Case, by: str, *, supervisor: bool) -> Way | None:
    """The same for a page; None where they may not."""
    try:
        return way(session, rt, case, by, supervisor=supervisor)
    except Problem:
        return None


def take_back(
    session: Session, rt: Runtime, case: Case, *, by: str, supervisor: bool = False, why: str = ""
) -> TakenBack | None:
    """Take the verdict on a case back; None where somebody else did just now.

    The case waits again; the verdict stays on record (TakenBack) and in the journal, and counts in no figure. Evidence
    that it put on record is withdrawn; a template that it confirmed is unconfirmed; what it opened beside is closed;
    what was to be told of it is not told. Raises as way(), and ReasonMissing, ReasonPersonal.
    """
    session.refresh(case)
    by_right = way(session, rt, case, by, supervisor=supervisor)
    person = None if case.person_id is None else session.get_one(Person, case.person_id)
    reason = withdrawing.given(rt, person, why) if why.strip() or by_right is Way.SUPERVISOR else ""
    was_told, said = told(session, case), _said(session, case)
    together = [case, *_answered_together(session, case)]
    for one in together:
        if not _undecide(session, rt, one, by, reason) and one is case:
            return None
    heard = _silence(session, rt, case)
    _close_beside(session, rt, case, by)
    session.execute(delete(Judgement).where(Judgement.case_id == case.id))
    evidence = _evidence(session, case)
    opened = list[str]()
    if person is not None and evidence is not None:
        found = withdrawing.out(session, rt, person, evidence, by=by, why=reason, again=True)
        opened = found or []
    if person is not None and case.kind == CaseKind.UNCONFIRMED and said["verdict"] == confirmation.CONFIRMED:
        _unconfirm(session, rt, person, case, by)
    tell = was_told or heard or (by_right is Way.SUPERVISOR and bool(opened))
    facts: dict[str, Any] = {"case": case, "evidence": evidence, "said": said, "opened": opened}
    return withdrawing.note(session, rt, person, by=by, why=reason, tell=tell, **facts)


def told(session: Session, case: Case) -> bool:
    """Whether the person may have read what was decided."""
    mine = select(Message.id).where(Message.reminder == _message(case), Message.state.in_(TOLD))
    return session.scalars(mine.limit(1)).first() is not None


def before(session: Session, case: Case) -> list[TakenBack]:
    """The verdicts on a case that were taken back, in that order."""
    mine = select(TakenBack).where(TakenBack.case_id == case.id)
    return list(session.scalars(mine.order_by(TakenBack.at)))


def just_decided(session: Session, rt: Runtime, by: str) -> list[Case]:
    """What somebody decided just now and may take back at once, the latest first."""
    mine = (JournalEntry.actor == by, JournalEntry.action == "case decided")
    latest = select(JournalEntry.subject, JournalEntry.at).where(*mine).order_by(JournalEntry.seq.desc()).limit(LATEST)
    lately = [subject for subject, at in session.execute(latest).all() if at >= rt.now() - SOON]
    found = [session.get(Case, subject.removeprefix("case:")) for subject in dict.fromkeys(lately)]
    return [
        one
        for one in found
        if one is not None and one.taken_by == by and may(session, rt, one, by, supervisor=False) is Way.SOON
    ]


def _undecide(session: Session, rt: Runtime, case: Case, by: str, why: str) -> bool:
    """Let a case wait again, once, whoever else does so at the same time."""
    stands = update(Case).where(Case.id == case.id, Case.decided_at == case.decided_at, Case.taken_by == case.taken_by)
    facts = {"kind": case.kind, "verdict": case.verdict, "by": case.taken_by, "why": why}
    values = {"state": "open", "verdict": None, "decided_at": None, "taken_by": None, "taken_at": None}
    if session.scalar(stands.values(**values).returning(Case.id)) is None:
        return False
    journal.write(session, rt.now(), by, "verdict taken back", f"case:{case.id}", **facts)
    session.refresh(case)
    return True


def _said(session: Session, case: Case) -> dict[str, Any]:
    """The verdict as it was, with its judgement where it was one of a voice."""
    at = None if case.decided_at is None else case.decided_at.isoformat()
    said: dict[str, Any] = {"verdict": case.verdict, "by": case.taken_by, "at": at}
    judged = session.get(Judgement, case.id)
    if judged is not None:
        kept = ("part", "step", "reason", "seconds", "sampled")
        said |= {name: getattr(judged, name) for name in kept}
    return said


def _answered_together(session: Session, case: Case) -> list[Case]:
    """The other reports of a death that were answered by the same key."""
    if case.kind not in bereavement.QUESTIONS or case.person_id is None or case.decided_at is None:
        return []
    mine = (Case.person_id == case.person_id, Case.kind.in_(bereavement.QUESTIONS), Case.id != case.id)
    same = (Case.taken_by == case.taken_by, Case.verdict == case.verdict)
    near = (Case.decided_at >= case.decided_at - _TOGETHER, Case.decided_at <= case.decided_at + _TOGETHER)
    return list(session.scalars(select(Case).where(*mine, *same, *near)))


def _message(case: Case) -> str:
    return f"verdict:{case.id}"


def _silence(session: Session, rt: Runtime, case: Case) -> bool:
    """Send nothing more about the verdict, and let the next one be told; whether the person may have read this one."""
    heard = False
    for message in session.scalars(select(Message).where(Message.reminder == _message(case))).all():
        if not withdrawing.drop(session, rt, message):
            session.refresh(message)
            heard = heard or message.state in TOLD
        message.reminder = f"{_message(case)} taken back {message.id}"
    session.flush()
    return heard


def _second(session: Session, case: Case) -> Case | None:
    """The second look at a case, whether it was had or not."""
    first = session.get(Judgement, case.id)
    return None if first is None or first.other_id is None else session.get(Case, first.other_id)


def _close_beside(session: Session, rt: Runtime, case: Case, by: str) -> None:
    """Close what the verdict opened, where nobody has decided it; a second look that was had meanwhile stands."""
    second = _second(session, case)
    if second is not None and not withdrawing.close(session, rt, second, by):
        raise SecondJudged
    cause = secondlooks.FOLLOWS + case.id
    follows = cases.of(session, cause)
    if follows is not None:
        withdrawing.close(session, rt, follows, by)
    visit = visits.of(session, cause)
    if visit is not None:
        visits.drop(session, rt, cause, by)
        visit.cause = f"{cause} {UNDONE} {visit.id}"
        session.flush()


def _evidence(session: Session, case: Case) -> Evidence | None:
    """What the verdict put on record."""
    voice = (Evidence.kind == Kind.VOICE.value, Evidence.source == review.SOURCE, Evidence.withdrawn_at.is_(None))
    of_it = (Evidence.ref == str(case.detail.get("assessment", "")), Evidence.detail["case"].as_string() == case.id)
    mine = select(Evidence).where(*voice, *of_it)  # what another case about the same call put on record stands
    return session.scalars(mine).first()


def _unconfirm(session: Session, rt: Runtime, person: Person, case: Case, by: str) -> None:
    """Let a template that this verdict confirmed, and those made from it since, wait for a confirmation again."""
    template, current = str(case.detail.get("template", "")), templates.current(session, person)
    made = [template]
    if current is not None:
        line = [one.id for one in templates.lineage(session, current)]
        made = line[: line.index(template) + 1] if template in line else made
    rests = {"template": template, "rests_on": f"case {case.id}"}
    entries = select(JournalEntry.detail).where(
        JournalEntry.subject == f"person:{person.id}", JournalEntry.action == "voice template confirmed"
    )
    if not any(rests["rests_on"] in detail for detail in session.scalars(entries)):
        return  # a call had shown it before
    mine = update(VoiceTemplate).where(VoiceTemplate.id.in_(made), VoiceTemplate.person_id == person.id)
    session.execute(mine.values(confirmed_at=None))
    facts = {**rests, "templates": len(made)}
    journal.write(session, rt.now(), by, "voice template unconfirmed", f"person:{person.id}", **facts)
