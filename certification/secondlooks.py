"""A second human hears the same recording, without knowing what the first found: a sampled share, and every fraud.

Nothing of a second look refuses, suspends or revokes: both agree, or a supervisor gets a case that shows both.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, literal, or_, select
from sqlalchemy.orm import Session

from certification import cases, journal, judgements
from certification.cases import CaseKind, DecidedAlready
from certification.errors import Problem
from certification.judgements import FRAUD, Found, Part
from certification.runtime import Runtime
from certification.store import Call, Case, Judgement, Person, TakenBack

JUDGED = "judged"
"""The verdict of such a case, whatever was found: what a human found certifies only where they had the first look."""
FOLLOWS = "review:"
"""What the cause of a case begins with that followed from the first look at another, before its identifier."""
_CAUSE = "second:"
_KEPT = ("assessment", "recordings", "template", "suspicions")


class NotTheSecond(Problem):
    """Whoever had the first look does not have the second."""

    def __init__(self) -> None:
        super().__init__(
            "这段录音您已经听过一次，第二次要由另一位同事来听。",
            "You judged this recording before: the second look is a colleague's.",
        )


class NotBeforeTheSecond(Problem):
    """Somebody who may be asked for a second look would see what the first found."""

    def __init__(self) -> None:
        super().__init__(
            "这个人的声音正等另一位审核员来听。为了不受影响，听完再看档案；急事请找主管。",
            "A second operator has yet to hear this person's voice: look at the record afterwards. If it is urgent, ask"
            " a supervisor.",
        )


def drawn(session: Session, rt: Runtime, case: Case) -> bool:
    """Whether chance asks for a second look at a case, or did for a verdict on it that was taken back."""
    before = session.scalars(select(TakenBack.said).where(TakenBack.case_id == case.id)).all()
    again = any(said.get("sampled") is True for said in before)
    return rt.random.random() * 100 < rt.settings.second_look_percent or again


def see_to(session: Session, rt: Runtime, case: Case, first: Judgement) -> Case | None:
    """Ask for a second look where chance did, or where the first suspects a fraud; for nothing else."""
    if not first.sampled and first.step != FRAUD:
        return None
    detail: dict[str, Any] = {name: case.detail[name] for name in ("assessment", "recordings") if name in case.detail}
    if case.detail.get("first") is True:
        detail["first"] = True
    second = cases.open_case(
        session,
        rt,
        kind=CaseKind.SECOND_LOOK,
        cause=_CAUSE + case.id,
        person=session.get(Person, case.person_id) if case.person_id else None,
        call=session.get(Call, case.call_id) if case.call_id else None,
        detail={**detail, "by": first.by, "judged": _judged_before(session, case.id)},
        actor="review",
    )
    first.other_id = second.id
    session.flush()
    return second


def not_for(case: Case, by: str) -> bool:
    """Whether a case is a second look at what this human judged, though their verdict may have been taken back."""
    return case.kind == CaseKind.SECOND_LOOK and by in (case.detail.get("by"), *case.detail.get("judged", ()))


def open_to(by: str) -> ColumnElement[bool]:
    """In a query of cases: all but second looks at what this human judged."""
    theirs = or_(TakenBack.by == by, TakenBack.said["by"].as_string() == by)
    before = select(literal(_CAUSE) + TakenBack.case_id).where(TakenBack.case_id.is_not(None), theirs)
    another = and_(Case.detail["by"].as_string() != by, Case.cause.not_in(before))
    return or_(Case.kind != CaseKind.SECOND_LOOK.value, another)


def awaited(session: Session, person: Person, by: str) -> bool:
    """Whether this human may be asked to hear somebody's voice for a second time."""
    found = select(Case).where(
        Case.person_id == person.id, Case.kind == CaseKind.SECOND_LOOK.value, Case.decided_at.is_(None)
    )
    return any(not not_for(one, by) for one in session.scalars(found))


def blind(session: Session, case: Case, by: str) -> bool:
    """Whether this human must not see what was found, nor the score: before a second look, and beside one.

    Nor in what followed from the first: a call back or an invitation shows the same call.
    """
    if case.kind == CaseKind.SECOND_LOOK:
        return case.decided_at is None
    first = session.get(Judgement, case.cause.removeprefix(FOLLOWS) if case.cause.startswith(FOLLOWS) else case.id)
    if first is None or first.other_id is None or first.part != Part.FIRST or first.by == by:
        return False
    second = session.get(Case, first.other_id)
    return second is not None and second.decided_at is None


def judge(
    session: Session, rt: Runtime, case: Case, *, verdict: str, step: str | None, reason: str | None, by: str
) -> bool:
    """Have the second look, once; whether both found the same. Raises NotTheSecond, DecidedAlready.

    A fraud that both suspect goes to a supervisor, and so does whatever they do not agree on; the person's standing is
    as the first look left it.
    """
    if not_for(case, by):
        raise NotTheSecond
    if not cases.decide(session, rt, case, verdict=JUDGED, by=by):
        raise DecidedAlready(session.get_one(Case, case.id, populate_existing=True))
    first = session.get_one(Judgement, case.cause.removeprefix(_CAUSE))
    second = judgements.note(session, rt, case, Part.SECOND, by=by, verdict=verdict, step=step, reason=reason)
    second.other_id, agreed = first.case_id, judgements.found(first) is judgements.found(second)
    first.agreed = second.agreed = agreed
    action = "second look agreed" if agreed else "second look differed"
    journal.write(session, rt.now(), by, action, f"case:{first.case_id}", second=case.id)
    if not agreed:
        _ask(session, rt, CaseKind.DISAGREED, f"looks:{first.case_id}", first, second)
    elif judgements.found(first) is Found.ANOTHER:
        _ask(session, rt, CaseKind.SUSPECTED_FRAUD, FOLLOWS + first.case_id, first, second)
    return agreed


def both(session: Session, case: Case) -> list[Judgement]:
    """What both found, the first before the second, of a case that a supervisor has of it."""
    looks = case.detail.get("looks", [])
    return [one for look in looks if (one := session.get(Judgement, str(look))) is not None]


def looked(case: Case) -> frozenset[str]:
    """Who had a part in what this case is about, and so does not judge it."""
    those = frozenset(str(case.detail[name]) for name in ("by", "second") if name in case.detail)
    return those | frozenset(map(str, case.detail.get("judged", ())))


def waiting(session: Session, case_id: str) -> Case | None:
    """The second look at a case that is still to be had."""
    found = select(Case).where(Case.cause == _CAUSE + case_id, Case.decided_at.is_(None))
    return session.scalars(found).first()


def _judged_before(session: Session, case_id: str) -> list[str]:
    """Who gave, or took back, a verdict on a case that does not stand any more."""
    rows = session.scalars(select(TakenBack).where(TakenBack.case_id == case_id)).all()
    return sorted({name for row in rows for name in (row.by, str(row.said.get("by", row.by)))})


def _ask(session: Session, rt: Runtime, kind: CaseKind, cause: str, first: Judgement, second: Judgement) -> None:
    case = session.get_one(Case, first.case_id)
    detail = {name: case.detail[name] for name in _KEPT if name in case.detail}
    cases.open_case(
        session,
        rt,
        kind=kind,
        cause=cause,
        person=session.get(Person, case.person_id) if case.person_id else None,
        call=session.get(Call, case.call_id) if case.call_id else None,
        detail={
            **detail,
            "first": case.detail.get("first") is True,
            "by": first.by,
            "second": second.by,
            "judged": _judged_before(session, first.case_id),
            "looks": [first.case_id, second.case_id],
        },
        actor="review",
    )
