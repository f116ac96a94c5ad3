"""How often a voice may fail before only a human may go on, counted for the person, from whatever telephone."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certification import journal
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.store import Assessment, Attempt, Period, Person, insert_once, new_id

VOICE = "voice"
DAY = timedelta(hours=24)


def failed(session: Session, rt: Runtime, person: Person, *, reason: str, ref: str, method: str = VOICE) -> None:
    """Count an attempt that did not succeed, once for each method and `ref`."""
    row = {"id": new_id(), "person_id": person.id, "method": method, "reason": reason, "ref": ref, "at": rt.now()}
    if insert_once(session, Attempt, **row):
        journal.write(session, rt.now(), "line", "attempt failed", f"person:{person.id}", method=method, reason=reason)


def voice_allowed(session: Session, rt: Runtime, person: Person, period: Period) -> bool:
    """Whether the person may try by voice now. A voice that is still to be weighed counts as if it had failed."""
    return within(session, rt, person, period, awaited=_awaited(session, person, rt.now() - DAY))


def within(session: Session, rt: Runtime, person: Person, period: Period, awaited: int = 0) -> bool:
    """Whether fewer failures than the region allows, in 24 hours and in the period, are on record or `awaited`."""
    rules = rt.regions[person.region].voice
    opened = datetime.combine(period.opens, time.min, SHANGHAI)
    return (
        _failures(session, person, rt.now() - DAY) + awaited < rules.failures_in_24h
        and _failures(session, person, opened) + awaited < rules.failures_in_period
    )


def _failures(session: Session, person: Person, since: datetime) -> int:
    mine = select(func.count()).select_from(Attempt).where(Attempt.person_id == person.id, Attempt.method == VOICE)
    return session.scalars(mine.where(Attempt.at > since)).one()


def _awaited(session: Session, person: Person, since: datetime) -> int:
    mine = select(func.count()).select_from(Assessment).where(Assessment.person_id == person.id)
    pending = mine.where(Assessment.purpose == "certify", Assessment.state == "pending", Assessment.asked_at > since)
    return session.scalars(pending).one()
