"""What a person agreed to, in the words they heard or read; and taking it back."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from certification import journal
from certification.runtime import Runtime
from certification.store import Consent, Person

VOICEPRINT = "voiceprint"


def record(
    session: Session, rt: Runtime, person: Person, *, text: str, how: str, by: str, purpose: str = VOICEPRINT
) -> Consent:
    """Record that the person agreed to `text`, heard on the phone or read at a desk (`how`)."""
    consent = Consent(person_id=person.id, purpose=purpose, text=text, how=how, recorded_by=by, given_at=rt.now())
    session.add(consent)
    journal.write(session, rt.now(), by, "consent given", f"person:{person.id}", purpose=purpose, how=how)
    return consent


def given(session: Session, person: Person, purpose: str = VOICEPRINT) -> bool:
    """Whether the person has agreed, and has not taken it back."""
    standing = select(Consent.id).where(
        Consent.person_id == person.id, Consent.purpose == purpose, Consent.withdrawn_at.is_(None)
    )
    return session.scalars(standing).first() is not None


def withdraw(session: Session, rt: Runtime, person: Person, *, by: str, purpose: str = VOICEPRINT) -> None:
    """Take back every consent to this purpose."""
    standing = update(Consent).where(
        Consent.person_id == person.id, Consent.purpose == purpose, Consent.withdrawn_at.is_(None)
    )
    if session.execute(standing.values(withdrawn_at=rt.now()).returning(Consent.id)).all():
        journal.write(session, rt.now(), by, "consent withdrawn", f"person:{person.id}", purpose=purpose)
