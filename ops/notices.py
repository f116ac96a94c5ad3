"""Messages that nobody waits for on the line: the receipt after a call, and an appointment in writing."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import literal, or_, select
from sqlalchemy.orm import Session

from certification import certifying
from certification.evidence import Kind
from certification.runtime import Runtime
from certification.store import Appointment, Assessment, Call, Evidence, Message, Period, Person, Phone, only_read
from sms import outbox, recipients
from sms.outbox import Purpose
from sms.providers.configured import carriers

logger = logging.getLogger(__name__)

BOOKED_LATELY = timedelta(days=1)
CALLED_LATELY = timedelta(days=1)
AT_ONCE = 200


def send_receipt(session: Session, rt: Runtime, call: Call) -> bool:
    """After a call that certified, put the receipt into the outbox, for a mobile of the person's own; once a call.

    Whoever was certified by somebody else's call so hears of it.
    """
    if not carriers(rt.settings) or call.ended_at is None or call.ended_at < rt.now() - CALLED_LATELY:
        return False
    weighed = select(Assessment.id).where(Assessment.call_id == call.id)
    of_call = or_(
        (Evidence.kind == Kind.PIN.value) & (Evidence.ref == call.id),
        (Evidence.kind == Kind.VOICE.value) & Evidence.ref.in_(weighed),
    )
    closed = (
        select(Evidence).join(Period, Period.closed_by == Evidence.id).where(of_call, Evidence.withdrawn_at.is_(None))
    )
    evidence = session.scalars(closed).first()
    if evidence is None:
        return False
    person = session.get_one(Person, evidence.person_id)
    phone = _mobile(session, person)
    if phone is None:
        return False
    next_due = certifying.status(session, rt, person).next_due
    outbox.put(
        session,
        rt,
        reminder=f"receipt:{call.id}",
        purpose=Purpose.RECEIPT,
        words="receipt.call",
        facts={"receipt": evidence.receipt, "next_due": next_due.isoformat()},
        person=person,
        phone=phone,
    )
    return True


def confirm_appointments(rt: Runtime) -> int:
    """Put into the outbox, in writing, each appointment that was booked lately; how many."""
    if not carriers(rt.settings):
        return 0
    written = select(Message.id).where(Message.reminder == literal("appointment:") + Appointment.id)
    mobile = recipients.own_phone(Appointment.person_id).is_not(None)
    lately = (Appointment.booked_at > rt.now() - BOOKED_LATELY, Appointment.at > rt.now())
    found = select(Appointment.id).where(Appointment.state == "booked", *lately, mobile, ~written.exists())
    with rt.sessions() as session:
        only_read(session)
        waiting = session.scalars(found.order_by(Appointment.booked_at).limit(AT_ONCE)).all()
    done = 0
    for identifier in waiting:
        try:
            with rt.sessions.begin() as session:
                done += _confirm(session, rt, identifier)
        except Exception:
            logger.exception("the confirmation of appointment %s is passed over", identifier)
    return done


def _confirm(session: Session, rt: Runtime, identifier: str) -> bool:
    appointment = session.get_one(Appointment, identifier)
    person = session.get_one(Person, appointment.person_id)
    phone = _mobile(session, person)
    if phone is None or appointment.state != "booked":
        return False
    outbox.put(
        session,
        rt,
        reminder=f"appointment:{appointment.id}",
        purpose=Purpose.APPOINTMENT,
        words="appointment.booked",
        facts={"office": appointment.office, "at": appointment.at.isoformat()},
        person=person,
        phone=phone,
        expires_at=appointment.at,
    )
    return True


def _mobile(session: Session, person: Person) -> Phone | None:
    return session.scalars(select(Phone).where(Phone.id == recipients.own_phone(literal(person.id)))).first()
