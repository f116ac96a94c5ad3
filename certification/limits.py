"""How often a voice may fail before only a human may go on, counted for the person, from whatever telephone."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certification import journal
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.store import Assessment, Attempt, Call, Period, Person, SpokenTurn, insert_once, new_id

VOICE = "voice"
ASKED_IN_24H = 40  # spoken turns of a person, three times what three failed attempts take
DAY = timedelta(hours=24)


def failed(session: Session, rt: Runtime, person: Person, *, reason: str, ref: str, method: str = VOICE) -> None:
    """Count an attempt that did not succeed, once for each method and `ref`."""
    row = {"id": new_id(), "person_id": person.id, "method": method, "reason": reason, "ref": ref, "at": rt.now()}
    if insert_once(session, Attempt, **row):
        facts = {
            "method": method,
            "reason": reason,
        }  # "attempt failed" is one to reach somebody: certification.contacts
        journal.write(session, rt.now(), "line", "attempt to certify failed", f"person:{person.id}", **facts)


def voice_allowed(session: Session, rt: Runtime, person: Person, period: Period) -> bool:
    """Whether the person may try by voice now. A voice that is still to be weighed counts as if it had failed.

    And nobody is asked for words without end: whoever hangs up at all but a few might wait for words that they hold on
    tape.
    """
    since = rt.now() - DAY
    few_failed = within(session, rt, person, period, awaited=_awaited(session, person, since))
    return few_failed and _asked(session, person, since) < ASKED_IN_24H


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


def _asked(session: Session, person: Person, since: datetime) -> int:
    turns = select(func.count()).select_from(SpokenTurn).join(Call, Call.id == SpokenTurn.call_id)
    return session.scalars(turns.where(Call.person_id == person.id, Call.started_at > since)).one()


def _awaited(session: Session, person: Person, since: datetime) -> int:
    mine = select(func.count()).select_from(Assessment).where(Assessment.person_id == person.id)
    pending = mine.where(Assessment.purpose == "certify", Assessment.state == "pending", Assessment.asked_at > since)
    return session.scalars(pending).one()
