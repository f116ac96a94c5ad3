"""Appointments in writing: booked, moved, called off."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Select, literal, select
from sqlalchemy.orm import Session, aliased

from certification.runtime import Runtime
from certification.store import Appointment, Message, Person, only_read
from ops.duties import one_by_one
from ops.notices import mobile_of, put
from sms import recipients
from sms.outbox import Purpose
from sms.providers.configured import carriers

LATELY = timedelta(days=1)
MOVING = timedelta(minutes=10)
"""So soon after an appointment was called off, another one is the same, moved: the line calls off before it books."""
AT_ONCE = 200
BOOKED, OFF = "appointment:", "appointment off:"
"""What a message is about, before the appointment's identifier."""


def write_of_appointments(rt: Runtime) -> int:
    """Put into the outbox what became of appointments lately: booked, moved, called off; once each, how many."""
    if not carriers(rt.settings):
        return 0
    with rt.sessions() as session:
        only_read(session)
        booked, off = session.scalars(_booked(rt)).all(), session.scalars(_called_off(rt)).all()
    return one_by_one(rt, booked, _confirm) + one_by_one(rt, off, _call_off)


def _booked(rt: Runtime) -> Select[str]:
    lately = (Appointment.state == "booked", Appointment.booked_at > rt.now() - LATELY)
    return _unwritten(rt, BOOKED).where(*lately).order_by(Appointment.booked_at).limit(AT_ONCE)


def _called_off(rt: Runtime) -> Select[str]:
    """Those called off a while ago, in whose place no other was booked: of those the confirmation says so."""
    other = aliased(Appointment)
    theirs = (other.person_id == Appointment.person_id, other.id != Appointment.id)
    instead = (*theirs, other.booked_at >= Appointment.left_at)
    lately = (Appointment.left_at > rt.now() - LATELY, Appointment.left_at <= rt.now() - MOVING)
    off = _unwritten(rt, OFF).where(Appointment.state == "cancelled", *lately)
    return off.where(~select(other.id).where(*instead).exists()).order_by(Appointment.left_at).limit(AT_ONCE)


def _unwritten(rt: Runtime, what: str) -> Select[str]:
    """Appointments that are still to come, of people with a mobile, and of which this was not written yet."""
    written = select(Message.id).where(Message.reminder == literal(what) + Appointment.id)
    mobile = recipients.own_phone(Appointment.person_id, stopped=True).is_not(None)
    return select(Appointment.id).where(Appointment.at > rt.now(), mobile, ~written.exists())


def _confirm(session: Session, rt: Runtime, identifier: str) -> bool:
    appointment = session.get_one(Appointment, identifier)
    if appointment.state != "booked":
        return False
    before = (Appointment.left_at <= appointment.booked_at, Appointment.left_at >= appointment.booked_at - MOVING)
    left = select(Appointment.id).where(Appointment.person_id == appointment.person_id, *before)
    moved = session.scalars(left.where(Appointment.state.in_(("moved", "cancelled")))).first() is not None
    words, facts = "appointment.moved" if moved else "appointment.booked", {"office": appointment.office}
    return _write(session, rt, appointment, BOOKED, words, facts)


def _call_off(session: Session, rt: Runtime, identifier: str) -> bool:
    return _write(session, rt, session.get_one(Appointment, identifier), OFF, "appointment.cancelled", {})


def _write(
    session: Session, rt: Runtime, appointment: Appointment, what: str, words: str, facts: dict[str, str]
) -> bool:
    person = session.get_one(Person, appointment.person_id)
    phone = mobile_of(session, person)
    if phone is None:
        return False
    about = {**facts, "at": appointment.at.isoformat(), "appointment": appointment.id}
    put(session, rt, what + appointment.id, Purpose.APPOINTMENT, words, about, person, phone, appointment.at)
    return True
