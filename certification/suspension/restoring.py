"""Payment made again, with the months to be paid back: who certified since, or whose suspension was lifted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

from certification import cases, certifying, journal, seals
from certification.cases import CaseKind
from certification.errors import Problem
from certification.keys import SealBroken
from certification.overdue import certified
from certification.runtime import Runtime
from certification.store import PaymentList, Period, Person, Suspension, insert_once, new_id, only_read
from certification.suspension import files, lists, releasing
from certification.suspension.files import File, FileGone

RESTORATION = "restoration"
MOST = 5000
"""People in one part: SQLite keeps every other writer waiting while it is made."""


class NotThisMonth(Problem):
    """Payment is made again from the present month or the next."""

    def __init__(self, present: date, following: date) -> None:
        super().__init__(
            f"恢复发放只能从本月或下月起：{present:%Y-%m} 或 {following:%Y-%m}。",
            f"Payment is made again from this month or the next: {present:%Y-%m} or {following:%Y-%m}.",
        )


def restore(rt: Runtime, region: str, month: date, by: str, size: int = MOST) -> list[File | FileGone]:
    """Release here and now everybody of a region who is to be paid again from `month` on: see go_on().

    Every part of the month's list is given back, the same each time, or why it cannot be. Raises NotThisMonth.
    """
    past = month not in _months(rt)
    if not past:
        go_on(rt, region, month, by, size=size)
    with rt.sessions() as session:
        only_read(session)
        mine = (PaymentList.kind == RESTORATION, PaymentList.region == region, PaymentList.month == month)
        found = session.scalars(select(PaymentList).where(*mine).order_by(PaymentList.part))
        parts = [_file(session, rt, part) for part in found]
    if past and not parts:
        raise NotThisMonth(*_months(rt))
    return parts


def go_on(
    rt: Runtime,
    region: str,
    month: date,
    by: str,
    *,
    errand: str | None = None,
    noted: Callable[[Session, int], object] = lambda _session, _people: None,
    alive: Callable[[], object] = lambda: None,
    size: int = MOST,
) -> None:
    """Release everybody of a region who certified since, or whose suspension was lifted, to be paid from `month` on.

    Each person once, with the months to be paid back: from the one they were suspended from to the one before. They
    make new parts of the month's list, of `size` people at most, each in a transaction of its own, in which `noted` is
    told of how many are in it; of none, in the end. What a release left to do once its file was out is done first: or
    whoever is in the file, and not suspended yet, would have to wait for another restoration; `alive` is called after
    each slice of it. Raises NotThisMonth.
    """
    in_time(rt, month)
    people, sealed = size, set[str]()
    while people:
        with rt.sessions.begin() as session:
            unfinished = releasing.hold(session, region)
            if not unfinished:
                people = _part(session, rt, region, month, by, errand, size, sealed)
                noted(session, people)
        for identifier in unfinished:
            _finish(rt, identifier, alive)


def _finish(rt: Runtime, list_id: str, alive: Callable[[], object]) -> None:
    """Do what a release left to do, all of it."""

    def enough() -> bool:
        alive()
        return False

    releasing.go_on(rt, list_id, enough=enough)


def in_time(rt: Runtime, month: date) -> None:
    """Raises NotThisMonth unless `month` is the present one or follows it."""
    if month not in _months(rt):
        raise NotThisMonth(*_months(rt))


def _months(rt: Runtime) -> tuple[date, date]:
    return certifying.day_of(rt.now()).replace(day=1), lists.following_month(rt)


def _file(session: Session, rt: Runtime, part: PaymentList) -> File | FileGone:
    try:
        return files.again(session, rt, part)
    except FileGone as problem:
        return problem


def _next(session: Session, rt: Runtime, region: str, size: int, sealed: set[str]) -> list[tuple[str, str, date]]:
    """The next who are to be paid again: the suspension, the person, and the month that it began with.

    Whose name and number do not open is in no file, and a human hears of them: they keep nobody else waiting.
    `sealed`: these suspensions, which are passed over; it grows.
    """
    while True:
        found = (
            _to_restore(select(Suspension, PaymentList.month))
            .where(PaymentList.region == region, Suspension.id.not_in(sealed))
            .order_by(Suspension.person_id)
            .limit(size)
            .with_for_update(of=Suspension)
            .execution_options(populate_existing=True)
        )
        rows = session.execute(found).all()
        opened = [(one.id, one.person_id, month) for one, month in rows if _opens(session, rt, one, sealed)]
        if opened or not rows:
            return opened


def _opens(session: Session, rt: Runtime, entry: Suspension, sealed: set[str]) -> bool:
    try:
        rt.keys.open(entry.payee_sealed or b"", seals.payee(entry.id, entry.person_id))
    except SealBroken:
        sealed.add(entry.id)
        kind, person = CaseKind.UNREADABLE, session.get_one(Person, entry.person_id)
        cause, detail = f"{kind}:restoration:{entry.id}", {"list": entry.list_id}
        cases.open_case(session, rt, kind=kind, cause=cause, person=person, detail=detail, actor="schedule")
        return False
    return True


def _part(
    session: Session,
    rt: Runtime,
    region: str,
    month: date,
    by: str,
    errand: str | None,
    size: int,
    sealed: set[str],
) -> int:
    """Make a part of the next who are to be paid again; how many they are."""
    to_restore = _next(session, rt, region, size, sealed)
    if not to_restore:
        return 0
    listed, changed = _next_part(session, rt, region, month, by, errand), list[dict[str, object]]()
    for identifier, person_id, suspended_from in to_restore:
        paid_from = max(month, suspended_from)
        row = {"id": identifier, "state": "restored", "restoration_id": listed.id, "paid_from": paid_from}
        changed.append(row)
        months = files.back_pay(suspended_from, paid_from)[2]
        facts = {"list": listed.id, "from": f"{paid_from:%Y-%m}", "back_pay_months": months}
        journal.write(session, rt.now(), by, "payment restored", f"person:{person_id}", **facts)
    session.execute(update(Suspension), changed)
    file = files.make(session, rt, listed)
    listed.people, listed.sha256 = file.people, file.sha256
    facts = {"people": file.people, "sha256": file.sha256}
    journal.write(session, rt.now(), by, "restorations released", lists.subject(listed), region=region, **facts)
    return file.people


def waiting(session: Session) -> dict[str, int]:
    """How many people of each region are to be paid again, and on no list yet."""
    rows = _to_restore(select(PaymentList.region, func.count())).group_by(PaymentList.region)
    return {str(region): int(number) for region, number in session.execute(rows)}


def _to_restore(wanted: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return (
        wanted.select_from(Suspension)
        .join(PaymentList, PaymentList.id == Suspension.list_id)
        .join(Period, Period.id == Suspension.period_id)
        .where(or_(Suspension.state == "lifted", and_(or_(Suspension.state == "suspended", _in_file()), certified())))
    )


def _in_file() -> ColumnElement[bool]:
    """Whether they are named to the agency, and the release has not come to suspend them yet."""
    return and_(Suspension.state == "cleared", PaymentList.released_at.is_not(None))


def _next_part(session: Session, rt: Runtime, region: str, month: date, by: str, errand: str | None) -> PaymentList:
    mine = (PaymentList.kind == RESTORATION, PaymentList.region == region, PaymentList.month == month)
    made, new = {"kind": RESTORATION, "region": region, "month": month, "version": 1, "proposed_by": by}, False
    while not new:  # a second round when somebody else makes the same part
        part = session.scalars(select(func.coalesce(func.max(PaymentList.part), 0)).where(*mine)).one() + 1
        identifier, now = new_id(), rt.now()
        row = {**made, "id": identifier, "part": part, "proposed_at": now, "released_by": by, "released_at": now}
        new = insert_once(session, PaymentList, **row, errand_id=errand)
    return session.get_one(PaymentList, identifier)
