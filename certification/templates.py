"""A person's sealed voice template: one in use, older ones retired."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from certification import journal, seals
from certification.consent import VOICEPRINT
from certification.errors import Problem
from certification.keys import KeyRing, SealBroken
from certification.runtime import Runtime
from certification.store import Consent, Helper, Person, Phone, VoiceTemplate

MOST = 200
"""Voices of others that one call is compared with, the newest: nobody's call waits for a list without end."""
REFRESH = "refresh "  # what the source of a template begins with that was made from the one before and a call


class NothingToUndo(Problem):
    """The template in use is an enrolment."""

    def __init__(self) -> None:
        super().__init__(
            "在用的声纹是登记时的，没有更新可以撤销。",
            "The voice template in use is that of an enrolment: there is no refresh to undo.",
        )


def current(session: Session, person: Person) -> VoiceTemplate | None:
    """The template in use. Its bytes are sealed for `seals.template(its id, the person's)`."""
    in_use = select(VoiceTemplate).where(VoiceTemplate.person_id == person.id, VoiceTemplate.retired_at.is_(None))
    return session.scalars(in_use).first()


def anchor(session: Session, person: Person) -> VoiceTemplate | None:
    """The last template that the person was enrolled with, in use or refreshed since."""
    enrolled = select(VoiceTemplate).where(
        VoiceTemplate.person_id == person.id, VoiceTemplate.source.not_like(f"{REFRESH}%")
    )
    return session.scalars(enrolled.order_by(VoiceTemplate.created_at.desc())).first()


def lineage(session: Session, template: VoiceTemplate) -> list[VoiceTemplate]:
    """A template and those that it was refreshed from, back to the enrolment."""
    found = [template]
    while found[-1].source.startswith(REFRESH):
        before = session.get(VoiceTemplate, found[-1].detail["before"])
        if before is None:
            break
        found.append(before)
    return found


def undo(session: Session, rt: Runtime, person: Person, by: str) -> VoiceTemplate:
    """Take back the last refresh: the template before it is in use again. Raises NothingToUndo."""
    now, last = rt.now(), current(session, person)
    if last is None or not last.source.startswith(REFRESH):
        raise NothingToUndo
    before = session.get(VoiceTemplate, last.detail["before"])
    if before is None:
        raise NothingToUndo
    last.retired_at = now
    session.flush()  # at most one is in use at any moment
    before.retired_at = None
    session.flush()
    journal.write(session, now, by, "voice refresh undone", f"person:{person.id}", undone=last.id, in_use=before.id)
    return before


def household(session: Session, keys: KeyRing, person: Person) -> list[VoiceTemplate]:
    """Templates in use of others who live with the person, help them or are helped by them; at most MOST.

    Those are who is reached at one of the person's telephones or at that of a declared helper, and who declared a
    telephone of the person's own. All agreed to a voiceprint. They are the likeliest to speak in the person's place.
    """
    reached, helping = set(), set()  # theirs may be under another key than the person's
    for phone in session.scalars(select(Phone).where(Phone.person_id == person.id)):
        reached.add(phone.number_index)
        with suppress(SealBroken):
            number = keys.open(phone.number_sealed, seals.phone(phone.id)).decode()
            reached.update(keys.indexes(number, seals.PHONE))
            if phone.holder == "self":
                helping.update(keys.indexes(number, seals.HELPER))
    for helper in session.scalars(select(Helper).where(Helper.person_id == person.id, Helper.ended_at.is_(None))):
        with suppress(SealBroken):
            number = keys.open(helper.number_sealed, seals.helper_number(helper.id, person.id)).decode()
            reached.update(keys.indexes(number, seals.PHONE))
    at_home = VoiceTemplate.person_id.in_(select(Phone.person_id).where(Phone.number_index.in_(reached)))
    helped = select(Helper.person_id).where(Helper.number_index.in_(helping), Helper.ended_at.is_(None))
    agreed = select(Consent.person_id).where(Consent.purpose == VOICEPRINT, Consent.withdrawn_at.is_(None))
    in_use = select(VoiceTemplate).where(VoiceTemplate.retired_at.is_(None))
    others = in_use.where(VoiceTemplate.person_id != person.id, VoiceTemplate.person_id.in_(agreed))
    theirs = others.where(or_(at_home, VoiceTemplate.person_id.in_(helped)))
    newest = theirs.order_by(VoiceTemplate.created_at.desc(), VoiceTemplate.id)
    return list(session.scalars(newest.limit(MOST)))


def keep(
    session: Session,
    rt: Runtime,
    person: Person,
    *,
    template_id: str,
    encoder: str,
    sealed: bytes,
    utterances: int,
    source: str,
    detail: dict[str, Any] | None = None,
    confirmed_at: datetime | None = None,
    actor: str = "worker",
) -> VoiceTemplate:
    """Put a new template in use and retire the one before. `sealed` was sealed as `seals.template` says.

    Without `confirmed_at` it is still to be confirmed by a call (see confirmation).
    """
    now = rt.now()
    in_use = update(VoiceTemplate).where(VoiceTemplate.person_id == person.id, VoiceTemplate.retired_at.is_(None))
    session.execute(in_use.values(retired_at=now))
    template = VoiceTemplate(
        id=template_id,
        person_id=person.id,
        encoder=encoder,
        sealed=sealed,
        utterances=utterances,
        source=source,
        detail=detail or {},
        created_at=now,
        confirmed_at=confirmed_at,
    )
    session.add(template)
    session.flush()
    journal.write(session, now, actor, "voice template kept", f"person:{person.id}", encoder=encoder, source=source)
    return template
