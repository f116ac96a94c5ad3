"""Payment made again, with the months to be paid back: who certified since, or whose suspension was lifted."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from certification import certifying, journal
from certification.errors import Problem
from certification.overdue import certified
from certification.runtime import Runtime
from certification.store import PaymentList, Period, Suspension, insert_once, new_id
from certification.suspension import files, lists
from certification.suspension.files import File

RESTORATION = "restoration"


class NotThisMonth(Problem):
    """Payment is made again from the present month or the next."""

    def __init__(self, present: date, following: date) -> None:
        super().__init__(
            f"恢复发放只能从本月或下月起：{present:%Y-%m} 或 {following:%Y-%m}。",
            f"Payment is made again from this month or the next: {present:%Y-%m} or {following:%Y-%m}.",
        )


def restore(session: Session, rt: Runtime, region: str, month: date, by: str) -> list[File]:
    """Release everybody of a region who certified since, or whose suspension was lifted, to be paid from `month` on.

    Each person once, with the months to be paid back: from the one they were suspended from to the one before. Those
    found make a new part of the month's list; every part of it is given back, the same each time. Raises NotThisMonth,
    FileGone.
    """
    present, following = certifying.day_of(rt.now()).replace(day=1), lists.following_month(rt)
    if month in (present, following):
        _restore(session, rt, region, month, by)
    released = (
        select(PaymentList)
        .where(PaymentList.kind == RESTORATION, PaymentList.region == region, PaymentList.month == month)
        .order_by(PaymentList.part)
    )
    parts = session.scalars(released).all()
    if not parts and month not in (present, following):
        raise NotThisMonth(present, following)
    return [files.again(session, rt, part) for part in parts]


def _restore(session: Session, rt: Runtime, region: str, month: date, by: str) -> None:
    found = (
        _to_restore(select(Suspension, PaymentList.month))
        .where(PaymentList.region == region)
        .order_by(Suspension.person_id)
        .with_for_update(of=Suspension)
    )
    certified_since = session.execute(found.execution_options(populate_existing=True)).all()
    if not certified_since:
        return
    listed = _next_part(session, rt, region, month, by)
    for suspension, suspended_from in certified_since:
        suspension.state, suspension.restoration_id = "restored", listed.id
        suspension.paid_from = max(month, suspended_from)
        months = files.back_pay(suspended_from, suspension.paid_from)[2]
        facts = {"list": listed.id, "from": f"{suspension.paid_from:%Y-%m}", "back_pay_months": months}
        journal.write(session, rt.now(), by, "payment restored", f"person:{suspension.person_id}", **facts)
    file = files.make(session, rt, listed)
    listed.people, listed.sha256 = file.people, file.sha256
    session.flush()
    facts = {"people": file.people, "sha256": file.sha256}
    journal.write(session, rt.now(), by, "restorations released", lists.subject(listed), region=region, **facts)


def waiting(session: Session) -> dict[str, int]:
    """How many people of each region are to be paid again, and on no list yet."""
    rows = _to_restore(select(PaymentList.region, func.count())).group_by(PaymentList.region)
    return {str(region): int(number) for region, number in session.execute(rows)}


def _to_restore(wanted: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return (
        wanted.select_from(Suspension)
        .join(PaymentList, PaymentList.id == Suspension.list_id)
        .join(Period, Period.id == Suspension.period_id)
        .where(or_(Suspension.state == "lifted", and_(Suspension.state == "suspended", certified())))
    )


def _next_part(session: Session, rt: Runtime, region: str, month: date, by: str) -> PaymentList:
    mine = (PaymentList.kind == RESTORATION, PaymentList.region == region, PaymentList.month == month)
    made, new = {"kind": RESTORATION, "region": region, "month": month, "version": 1, "proposed_by": by}, False
    while not new:  # a second round when somebody else makes the same part
        part = session.scalars(select(func.coalesce(func.max(PaymentList.part), 0)).where(*mine)).one() + 1
        identifier, now = new_id(), rt.now()
        row = {**made, "id": identifier, "part": part, "proposed_at": now, "released_by": by, "released_at": now}
        new = insert_once(session, PaymentList, **row)
    return session.get_one(PaymentList, identifier)
