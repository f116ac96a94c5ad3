"""How a person certified or tried to before: when, by which way, what came of it, and who said so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import review
from certification.evidence import Kind
from certification.store import Assessment, Case, Evidence, JournalEntry, Person

MOST = 20
_DONE = "evidence recorded"  # the journal's action


class Came(StrEnum):
    """What came of a try."""

    CERTIFIED = "certified"  # by the machine alone, or by whoever recorded it
    CONFIRMED = "confirmed"  # a human heard the call, and that it was the person
    UNSURE = "unsure"  # a human heard the call, and it did not show whose voice it was
    WAITING = "waiting"  # a human has not decided yet
    AGAIN = "again"  # too little, or too poor, to weigh: asked to say it again
    OTHERWISE = "otherwise"  # anything else: the words were wrong, or the period asked for more


@dataclass(frozen=True, slots=True)
class Earlier:
    """One try, or one sign of life. `by`: who decided or recorded it, as the journal calls them; None: nobody yet."""

    at: datetime
    kind: Kind
    came: Came
    by: str | None
    receipt: str | None = None
    case: str | None = None


def of(session: Session, person: Person, *, but: str | None = None) -> list[Earlier]:
    """The last MOST, newest first; `but`: the assessment that is being looked at, which is not earlier."""
    mine = (Assessment.person_id == person.id, Assessment.purpose == review.CERTIFY)
    newest = select(Assessment).where(*mine).order_by(Assessment.asked_at.desc(), Assessment.id).limit(MOST + 1)
    tries = [one for one in session.scalars(newest) if one.id != but]
    of_person = (Evidence.person_id == person.id, Evidence.withdrawn_at.is_(None))
    signs = session.scalars(
        select(Evidence).where(*of_person).order_by(Evidence.observed_at.desc(), Evidence.id).limit(MOST + 1)
    ).all()
    receipts = {one.ref: one.receipt for one in signs}
    judged, by = _judged(session, person), recorded(session, person)
    found = [_tried(one, judged.get(one.id), receipts.get(one.id)) for one in tries]
    known = {one.id for one in tries} | {but}
    found += [
        Earlier(one.observed_at, Kind(one.kind), Came.CERTIFIED, by.get(one.id), one.receipt)
        for one in signs
        if one.ref not in known
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)[:MOST]


def _tried(one: Assessment, case: Case | None, receipt: str | None) -> Earlier:
    """What came of a voice: a human's word before the machine's."""
    if case is not None:
        came = Came.WAITING if case.decided_at is None else Came.UNSURE
        if case.verdict == review.Verdict.CONFIRMED:
            came = Came.CONFIRMED
        by = None if case.decided_at is None else case.taken_by
        return Earlier(one.asked_at, Kind.VOICE, came, by, receipt, case.id)
    plain = {"certified": Came.CERTIFIED, "again": Came.AGAIN, "human": Came.WAITING}
    came = Came.WAITING if one.outcome is None else plain.get(one.outcome, Came.OTHERWISE)
    return Earlier(one.asked_at, Kind.VOICE, came, None if came is Came.WAITING else "worker", receipt)


def _judged(session: Session, person: Person) -> dict[str, Case]:
    """The person's cases of voices, by assessment."""
    mine = (Case.person_id == person.id, Case.kind.in_(review.KINDS))
    rows: Sequence[Case] = session.scalars(
        select(Case).where(*mine).order_by(Case.opened_at.desc(), Case.id).limit(5 * MOST)
    ).all()
    return {str(one.detail["assessment"]): one for one in rows if "assessment" in one.detail}


def recorded(session: Session, person: Person) -> dict[str, str]:
    """Who put which evidence on record."""
    mine = (JournalEntry.subject == f"person:{person.id}", JournalEntry.action == _DONE)
    rows = session.execute(
        select(JournalEntry.actor, JournalEntry.detail).where(*mine).order_by(JournalEntry.seq.desc()).limit(5 * MOST)
    )
    return {str(json.loads(detail).get("evidence")): actor for actor, detail in rows}
