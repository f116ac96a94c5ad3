"""Outages of the service stop the clock: noted by the sweep when it was away, or by a person, and added up."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from certification import journal
from certification.runtime import Runtime
from certification.store import Outage, ServiceSeen, insert_once, new_id

AWAY = timedelta(minutes=15)
"""After so long without a sweep the service counts as having been out."""
_ONLY = 1


def seen(session: Session, rt: Runtime) -> Outage | None:
    """Note that the service runs; the outage that lies behind it, noted once, if it was away for long."""
    now = rt.now()
    if insert_once(session, ServiceSeen, id=_ONLY, at=now):
        return None
    last = session.scalars(select(ServiceSeen.at)).one()
    unmoved = update(ServiceSeen).where(ServiceSeen.id == _ONLY, ServiceSeen.at == last, ServiceSeen.at < now)
    if session.scalar(unmoved.values(at=now).returning(ServiceSeen.id)) is None or now - last <= AWAY:
        return None
    return _note(session, rt, "服务未运行 the service was away", last, now, "schedule")


def begin(session: Session, rt: Runtime, what: str, by: str, at: datetime | None = None) -> Outage:
    """Note that an outage began, now or at an earlier moment."""
    return _note(session, rt, what, min(at or rt.now(), rt.now()), None, by)


def end(session: Session, rt: Runtime, outage: Outage, by: str) -> bool:
    """Note that an outage is over; False when it was before."""
    still = update(Outage).where(Outage.id == outage.id, Outage.ended_at.is_(None))
    if session.scalar(still.values(ended_at=rt.now()).returning(Outage.id)) is None:
        return False
    journal.write(session, rt.now(), by, "outage ended", f"outage:{outage.id}")
    return True


def running(session: Session) -> bool:
    """Whether there is an outage now."""
    return session.scalars(select(Outage.id).where(Outage.ended_at.is_(None)).limit(1)).first() is not None


def stopped(session: Session, began: datetime, ended: datetime) -> timedelta:
    """For how long the clock stood still between two moments; outages at the same time count once."""
    within = select(Outage).where(Outage.began_at < ended, or_(Outage.ended_at.is_(None), Outage.ended_at > began))
    total, reached = timedelta(), began
    for outage in session.scalars(within.order_by(Outage.began_at)):
        until = min(outage.ended_at or ended, ended)
        if until > reached:
            total += until - max(outage.began_at, reached)
            reached = until
    return total


def _note(session: Session, rt: Runtime, what: str, began: datetime, ended: datetime | None, by: str) -> Outage:
    outage = Outage(id=new_id(), what=what, began_at=began, ended_at=ended, noted_by=by)
    session.add(outage)
    session.flush()
    minutes = None if ended is None else round((ended - began).total_seconds() / 60)
    journal.write(
        session, rt.now(), by, "outage noted", f"outage:{outage.id}", began=began.isoformat(), minutes=minutes
    )
    return outage
