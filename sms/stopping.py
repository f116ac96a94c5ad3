"""No reminders to a number, and reminders again; whom nothing would remind any more is reminded by calls instead."""

from __future__ import annotations

import logging

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from certification import helpers, journal, needs, seals, standings
from certification.keys import SealBroken
from certification.needs import Declared
from certification.phones import PhoneKind
from certification.runtime import Runtime
from certification.store import Need, Person, Phone
from sms.providers.codes import STARTING, STOPPED
from sms.replies import Reply, Start
from sms.writers import ACTOR, Said, Writer
from sms.writing import plain

logger = logging.getLogger(__name__)

BY = "text: stop"
"""Who declared that somebody has no mobile, when it was done here; only that is taken back with reminders."""


def stop(writer: Writer) -> Said:
    """Send no reminders to this number any more; a text about what somebody asked for is still answered.

    Everybody whom reminders reached there keeps a channel: another mobile of their own, or a helper with copies, that
    takes messages; else they are put down as without a mobile, so that whatever would remind them calls. Whoever has
    a landline is called there; who has not is called on this very number, and is told so.
    """
    standings.opt_out(writer.session, writer.rt, writer.number, ACTOR)
    answered = "answer.stopped"
    for person in writer.reached:
        phones = _own(writer.session, writer.rt, person)
        if not any(kind is not PhoneKind.LANDLINE for _, kind in phones) or _messages_arrive(writer, person, phones):
            continue
        needs.declare(writer.session, writer.rt, person, Declared.NO_MOBILE, BY)
        if not any(kind is PhoneKind.LANDLINE for _, kind in phones):
            answered = "answer.not_stopped"
    return Said(answered, person=writer.person)


def start(writer: Writer) -> Said:
    """Send reminders to this number again, and call nobody any more who was called only for that reason."""
    session, rt = writer.session, writer.rt
    standings.opt_in(session, rt, writer.number, ACTOR)
    for person in writer.reached:
        mine = Need.person_id == person.id, Need.need == Declared.NO_MOBILE.value, Need.declared_by == BY
        if session.scalar(delete(Need).where(*mine).returning(Need.need)) is not None:
            facts = {"need": Declared.NO_MOBILE.value}
            journal.write(session, rt.now(), ACTOR, "need withdrawn", f"person:{person.id}", **facts)
    return Said("answer.started", person=writer.person)


def number_works(session: Session, rt: Runtime, number: str, reply: Reply, body: str) -> bool:
    """Note that a text came from this number, whatever a carrier said of it; True where that was another thing.

    A stop at the carrier itself stands until they start again, in our words or the carrier's. Are ours none to it, it
    refuses the answer, and the number is marked anew.
    """
    starts = isinstance(reply, Start) or plain(body) in STARTING
    return standings.works(session, rt, number, ACTOR, but=() if starts else STOPPED)


def _messages_arrive(writer: Writer, person: Person, own: list[tuple[str, PhoneKind]]) -> bool:
    """Whether a reminder still arrives somewhere as a message."""
    copies = [(one.number, one.kind) for one in helpers.copies_for(writer.session, writer.rt, person)]
    return any(
        kind is not PhoneKind.LANDLINE and _takes_messages(writer.session, writer.rt, number)
        for number, kind in (*own, *copies)
    )


def _takes_messages(session: Session, rt: Runtime, number: str) -> bool:
    keys = rt.keys
    return not standings.opted_out(session, keys, number) and standings.fault_of(session, keys, number) is None


def _own(session: Session, rt: Runtime, person: Person) -> list[tuple[str, PhoneKind]]:
    """The person's own telephones; one that does not open is passed over, and said in the log."""
    found = []
    for phone in session.scalars(select(Phone).where(Phone.person_id == person.id, Phone.holder == "self")):
        try:
            number = rt.keys.open(phone.number_sealed, seals.phone(phone.id)).decode()
        except SealBroken as error:
            logger.error("the telephone %s cannot be read: %s", phone.id, error)
            continue
        found.append((number, PhoneKind(phone.kind)))
    return found
