"""One-time codes from the desk, keyed on the person's own telephone: to enrol a voice, or to confirm a template."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from certification import guesses, journal, people
from certification.runtime import Runtime
from certification.store import EnrolmentCode, Person, VoiceTemplate, insert_once, new_id

DIGITS = 8
VALID = timedelta(minutes=30)
_CODE = "enrolment_codes.code"


def issue(session: Session, rt: Runtime, person: Person, by: str, confirms: VoiceTemplate | None = None) -> str:
    """A fresh code of eight digits for this person, good once within 30 minutes; their older ones end, keyed or not.

    The call in which it is keyed enrols a voice, or shows that the template fits which the code `confirms`.
    """
    now = rt.now()
    older = update(EnrolmentCode).where(EnrolmentCode.person_id == person.id, EnrolmentCode.superseded_at.is_(None))
    session.execute(older.values(superseded_at=now))
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
            template_id=None if confirms is None else confirms.id,
        )
    journal.write(session, now, by, "enrolment code issued", f"person:{person.id}")
    return code


def find(session: Session, rt: Runtime, code: str, e164: str | None = None) -> EnrolmentCode | None:
    """The code that was keyed, still to be used; None when it is wrong, used or too old. Wrong ones are counted."""
    keyed = select(EnrolmentCode).where(
        EnrolmentCode.code_index.in_(rt.keys.indexes(code, _CODE)),
        EnrolmentCode.used_at.is_(None),
        EnrolmentCode.superseded_at.is_(None),
        EnrolmentCode.expires_at > rt.now(),
    )
    return guesses.guess(session, rt, guesses.CODE, e164, session.scalars(keyed).first)


def use_up(session: Session, rt: Runtime, code_id: str) -> bool:
    """Use up a code that was found: once, when a template is about to be made or confirmed.

    One that just ran out will do; one after which the desk has given another will not.
    """
    mine = update(EnrolmentCode).where(
        EnrolmentCode.id == code_id, EnrolmentCode.used_at.is_(None), EnrolmentCode.superseded_at.is_(None)
    )
    person_id = session.scalar(mine.values(used_at=rt.now()).returning(EnrolmentCode.person_id))
    if person_id is None:
        return False
    journal.write(session, rt.now(), "line", "enrolment code used", f"person:{person_id}")
    return True


def give_back(session: Session, rt: Runtime, code_id: str) -> None:
    """Make a code good again of which nothing came."""
    mine = update(EnrolmentCode).where(EnrolmentCode.id == code_id, EnrolmentCode.used_at.is_not(None))
    person_id = session.scalar(mine.values(used_at=None).returning(EnrolmentCode.person_id))
    if person_id is not None:
        journal.write(session, rt.now(), "line", "enrolment code given back", f"person:{person_id}")


def waiting(session: Session, rt: Runtime, person: Person) -> EnrolmentCode | None:
    """The person's code that waits to be keyed."""
    waits = select(EnrolmentCode).where(
        EnrolmentCode.person_id == person.id,
        EnrolmentCode.used_at.is_(None),
        EnrolmentCode.superseded_at.is_(None),
        EnrolmentCode.expires_at > rt.now(),
    )
    return session.scalars(waits.limit(1)).first()


def open_for_number(session: Session, rt: Runtime, e164: str) -> bool:
    """Whether a code waits to be keyed by somebody who is reached at this number."""
    waiting = select(EnrolmentCode.id).where(
        EnrolmentCode.person_id.in_([person.id for person in people.people_at(session, rt.keys, e164)]),
        EnrolmentCode.used_at.is_(None),
        EnrolmentCode.superseded_at.is_(None),
        EnrolmentCode.expires_at > rt.now(),
    )
    return session.scalars(waiting).first() is not None
