"""One-time codes from the desk, keyed on the person's own telephone to begin enrolment."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from certification import journal, people
from certification.runtime import Runtime
from certification.store import CodeGuesses, EnrolmentCode, Person, insert_once, new_id

DIGITS = 8
VALID = timedelta(minutes=30)
GUESSES = 5
GUESSES_WITHIN = timedelta(hours=1)
_CODE, _CALLER = "enrolment_codes.code", "code_guesses.number"


def issue(session: Session, rt: Runtime, person: Person, by: str) -> str:
    """A fresh code of eight digits for this person, good once within 30 minutes; their older ones end."""
    now = rt.now()
    older = update(EnrolmentCode).where(EnrolmentCode.person_id == person.id, EnrolmentCode.expires_at > now)
    session.execute(older.values(expires_at=now))
    new = False
    while not new:
        code = f"{rt.random.randrange(10**DIGITS):0{DIGITS}d}"
        new = insert_once(
            session,
            EnrolmentCode,
            id=new_id(),
            person_id=person.id,
            code_index=rt.keys.index(code, _CODE),
            issued_by=by,
            issued_at=now,
            expires_at=now + VALID,
        )
    journal.write(session, now, by, "enrolment code issued", f"person:{person.id}")
    return code


def use(session: Session, rt: Runtime, code: str, e164: str | None = None) -> Person | None:
    """The person this code was issued for; from then on it is used. None when it is wrong, used or too old.

    Wrong codes are counted by calling number (withheld numbers together): after five within an hour, none is looked at.
    """
    now = rt.now()
    if not guesses_left(session, rt, e164):
        return None
    mine = update(EnrolmentCode).where(
        EnrolmentCode.code_index.in_(rt.keys.indexes(code, _CODE)),
        EnrolmentCode.used_at.is_(None),
        EnrolmentCode.expires_at > now,
    )
    person_id = session.scalars(mine.values(used_at=now).returning(EnrolmentCode.person_id)).first()
    if person_id is None:
        _count_guess(session, rt, e164)
        return None
    journal.write(session, now, "line", "enrolment code used", f"person:{person_id}")
    return session.get(Person, person_id)


def guesses_left(session: Session, rt: Runtime, e164: str | None) -> bool:
    """Whether a code from this calling number is still looked at."""
    counted = select(CodeGuesses).where(
        CodeGuesses.number_index.in_(rt.keys.indexes(e164 or "", _CALLER)),
        CodeGuesses.since > rt.now() - GUESSES_WITHIN,
    )
    return sum(row.wrong for row in session.scalars(counted)) < GUESSES


def _count_guess(session: Session, rt: Runtime, e164: str | None) -> None:
    now, index = rt.now(), rt.keys.index(e164 or "", _CALLER)
    if insert_once(session, CodeGuesses, number_index=index, wrong=1, since=now):
        return
    mine = update(CodeGuesses).where(CodeGuesses.number_index == index)
    stale = mine.where(CodeGuesses.since <= now - GUESSES_WITHIN)
    if not session.execute(stale.values(wrong=1, since=now).returning(CodeGuesses.number_index)).first():
        session.execute(mine.values(wrong=CodeGuesses.wrong + 1))


def open_for_number(session: Session, rt: Runtime, e164: str) -> bool:
    """Whether a code waits to be keyed by somebody who is reached at this number."""
    waiting = select(EnrolmentCode.id).where(
        EnrolmentCode.person_id.in_([person.id for person in people.people_at(session, rt.keys, e164)]),
        EnrolmentCode.used_at.is_(None),
        EnrolmentCode.expires_at > rt.now(),
    )
    return session.scalars(waiting).first() is not None
