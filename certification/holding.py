"""Cases in somebody's hands: one has each, for a quarter of an hour; and the order in which they are taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from certification import cases, journal, knowncases, secondlooks
from certification.cases import CaseKind
from certification.errors import Problem
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.store import Case, KnownCase, Period, Person

HELD = timedelta(minutes=15)
_PART = 500


class HeldByAnother(Problem):
    """A colleague sees to the case."""

    def __init__(self, case: Case) -> None:
        until = (case.taken_at + HELD).astimezone(SHANGHAI) if case.taken_at else None
        super().__init__(
            f"{case.taken_by} 正在办这件事" + (f"，最迟 {until:%H:%M} 交还。" if until else "。"),
            f"{case.taken_by} sees to this case" + (f", until {until:%H:%M} at the latest." if until else "."),
        )


class Decided(Problem):
    """The case was decided before."""

    def __init__(self, case: Case) -> None:
        super().__init__(
            f"这件事已由 {case.taken_by} 办结，不能再改；结论有误，请在这件事里撤回。",
            f"{case.taken_by} decided this case before, which stands unless that verdict is taken back.",
        )


class NotHeld(Problem):
    """Only whoever took a case decides it."""

    def __init__(self) -> None:
        super().__init__(
            "这件事不在您手里：可能已超过十五分钟。请重新领取，什么都没有丢。",
            "The case is not in your hands: a quarter of an hour may be over. Take it again; nothing is lost.",
        )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A case that nobody has decided. `due`: when the person's period ends; `holder`: who has it now."""

    id: str
    kind: CaseKind
    person_id: str | None
    region: str | None
    opened_at: datetime
    due: date | None
    first: bool
    suspicions: tuple[str, ...]
    holder: str | None


def waiting(
    session: Session,
    rt: Runtime,
    *,
    most: int,
    region: str | None = None,
    kind: CaseKind | None = None,
    by: str | None = None,
) -> list[Waiting]:
    """What waits for a human, in the order of harm, at most so many; `by`: for this one, who looks only once."""
    only = None if by is None else secondlooks.open_to(by)
    return _known(session, rt, cases.waiting(session, region=region, kind=kind, most=most, only=only))


def everything(
    session: Session, rt: Runtime, *, most: int, region: str | None = None, kind: CaseKind | None = None, by: str
) -> Iterator[Waiting]:
    """The same, without end but for `most`, for a file: a few at a time in memory."""
    rows = cases.queue(region, kind, secondlooks.open_to(by)).limit(most)
    for some in session.scalars(rows.execution_options(yield_per=_PART)).partitions():
        yield from _known(session, rt, some)


def _known(session: Session, rt: Runtime, found: Sequence[Case]) -> list[Waiting]:
    """Some cases, with where each is from and by when."""
    of = {one.person_id for one in found if one.person_id is not None}
    today = rt.now().astimezone(SHANGHAI).date()
    present = and_(Period.person_id == Person.id, Period.opens <= today, Period.due >= today)
    rows = select(Person.id, Person.region, Period.due).outerjoin(Period, present).where(Person.id.in_(of))
    known = {person: (place, due) for person, place, due in session.execute(rows)}
    on_no_roll = select(KnownCase).where(KnownCase.case_id.in_([one.id for one in found if one.person_id is None]))
    known |= {one.case_id: (one.region, knowncases.due(one)) for one in session.scalars(on_no_roll)}
    nobody: tuple[str | None, date | None] = (None, None)
    return [_waiting(one, *known.get(one.person_id or one.id, nobody), now=rt.now()) for one in found]


def counted(session: Session, *, region: str | None = None, by: str | None = None) -> dict[CaseKind, int]:
    """How many cases of each kind wait for a human; `by`: for this one."""
    found = select(Case.kind, func.count()).where(Case.decided_at.is_(None)).group_by(Case.kind)
    if by is not None:
        found = found.where(secondlooks.open_to(by))
    if region is not None:
        found = found.where(cases.of_region(region))
    return {CaseKind(kind): int(number) for kind, number in session.execute(found)}


def take(session: Session, rt: Runtime, case: Case, by: str) -> None:
    """Take a case, or go on having it for a quarter of an hour. Raises HeldByAnother, Decided, NotTheSecond."""
    if secondlooks.not_for(case, by):
        raise secondlooks.NotTheSecond
    now = rt.now()
    free = or_(Case.taken_by.is_(None), Case.taken_by == by, _given_back(now))
    mine = update(Case).where(Case.id == case.id, Case.decided_at.is_(None), free)
    before = case.taken_by if case.taken_at is not None and case.taken_at > now - HELD else None
    if session.scalar(mine.values(taken_by=by, taken_at=now, state="taken").returning(Case.id)) is None:
        there = session.get_one(Case, case.id, populate_existing=True)
        raise HeldByAnother(there) if there.decided_at is None else Decided(there)
    if before != by:
        journal.write(session, now, by, "case taken", f"case:{case.id}", kind=case.kind)


def give_back(session: Session, rt: Runtime, case: Case, by: str) -> bool:
    """Give back a case that somebody took, for others; False where they do not have it."""
    mine = update(Case).where(Case.id == case.id, Case.decided_at.is_(None), Case.taken_by == by)
    if session.scalar(mine.values(taken_by=None, taken_at=None, state="open").returning(Case.id)) is None:
        return False
    journal.write(session, rt.now(), by, "case given back", f"case:{case.id}", kind=case.kind)
    return True


def hold(session: Session, rt: Runtime, case_id: str, by: str) -> None:
    """Make sure, for this transaction, that somebody has the case. Raises NotHeld, Decided."""
    mine = update(Case).where(Case.id == case_id, Case.decided_at.is_(None), Case.taken_by == by)
    if session.scalar(mine.where(Case.taken_at > rt.now() - HELD).values(taken_at=rt.now()).returning(Case.id)) is None:
        there = session.get_one(Case, case_id, populate_existing=True)
        raise NotHeld if there.decided_at is None else Decided(there)


def holder(case: Case, now: datetime) -> str | None:
    """Who has the case now."""
    return case.taken_by if case.taken_at is not None and case.taken_at > now - HELD else None


def _given_back(now: datetime) -> ColumnElement[bool]:
    return or_(Case.taken_at.is_(None), Case.taken_at <= now - HELD)


def _waiting(case: Case, region: str | None, due: date | None, *, now: datetime) -> Waiting:
    return Waiting(
        case.id,
        CaseKind(case.kind),
        case.person_id,
        region,
        case.opened_at,
        due,
        cases.goes_first(case),
        tuple(sorted(case.detail.get("suspicions", {}))),
        holder(case, now),
    )
