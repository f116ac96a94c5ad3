"""What a person agreed to, in the words they heard or read; and taking it back."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from certification import erasure, journal, people
from certification.erasure import Proof
from certification.errors import Problem
from certification.runtime import Runtime
from certification.store import Consent, Person

VOICEPRINT = "voiceprint"
WITHDRAWN = "consent withdrawn"


class NotHeardOut(Problem):
    """Nobody agrees to what they have neither heard nor read."""

    def __init__(self) -> None:
        super().__init__(
            "还没有记录：请先把说明念给本人听完（或请本人看完），勾选以后再按“同意”。",
            "Nothing was recorded: play the text to the person to its end, or let them read it, tick that they did, and"
            " press “agrees” again.",
        )


def record(
    session: Session, rt: Runtime, person: Person, *, text: str, how: str, by: str, purpose: str = VOICEPRINT
) -> Consent:
    """Record that the person agreed to `text`, heard on the phone or read at a desk (`how`)."""
    consent = Consent(person_id=person.id, purpose=purpose, text=text, how=how, recorded_by=by, given_at=rt.now())
    session.add(consent)
    journal.write(session, rt.now(), by, "consent given", f"person:{person.id}", purpose=purpose, how=how)
    return consent


def decline(session: Session, rt: Runtime, person: Person, *, by: str, purpose: str = VOICEPRINT) -> None:
    """Note that the person was asked and did not agree; nothing else follows from it."""
    journal.write(session, rt.now(), by, "consent declined", f"person:{person.id}", purpose=purpose)


def given(session: Session, person: Person, purpose: str = VOICEPRINT) -> bool:
    """Whether the person has agreed, and has not taken it back."""
    standing = select(Consent.id).where(
        Consent.person_id == person.id, Consent.purpose == purpose, Consent.withdrawn_at.is_(None)
    )
    return session.scalars(standing).first() is not None


def withdraw(session: Session, rt: Runtime, person: Person, *, by: str, purpose: str = VOICEPRINT) -> Proof | None:
    """Take back every consent to this purpose. None where there is none to take back: nothing is done.

    With the voiceprint's goes the voice itself, in the same transaction; the proof says what. Nothing is made of it
    meanwhile: who keeps a template holds the person's row, as we do here.
    """
    people.hold(session, person.id)
    standing = update(Consent).where(
        Consent.person_id == person.id, Consent.purpose == purpose, Consent.withdrawn_at.is_(None)
    )
    if not session.execute(standing.values(withdrawn_at=rt.now()).returning(Consent.id)).all():
        return None
    journal.write(session, rt.now(), by, WITHDRAWN, f"person:{person.id}", purpose=purpose)
    if purpose != VOICEPRINT:
        return Proof({}, {})
    return erasure.voice(session, rt, person, by=by, why=WITHDRAWN)


def see_to_withdrawn(session: Session, rt: Runtime, person_id: str, by: str) -> bool:
    """Erase what is left of the voice of somebody who took consent back: a case was decided, a call still went on."""
    person = people.hold(session, person_id)
    if person is None or given(session, person):
        return False
    return erasure.voice(session, rt, person, by=by, why=WITHDRAWN).anything
