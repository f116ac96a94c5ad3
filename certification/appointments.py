"""Appointments at a district office: its free times, booked, moved, called off, and kept with a certification there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import Select, exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from certification import certifying, journal, routes
from certification.cases import CaseKind
from certification.certifying import Recorded
from certification.errors import Problem
from certification.evidence import Kind, Strength
from certification.regions import SHANGHAI, Office, Region, Route, staffed
from certification.runtime import Runtime
from certification.store import Appointment, Case, Person, insert_once, new_id

AHEAD = timedelta(days=14)
"""How far ahead times are offered."""
AT_A_DESK = tuple(
    one.value
    for one in (
        CaseKind.NO_TEMPLATE,
        CaseKind.NO_PIN,
        CaseKind.LIMIT_REACHED,
        CaseKind.NEEDS_MORE,
        CaseKind.ENROLMENT_DIFFERS,
        CaseKind.CONFIRMATION_DIFFERS,
        CaseKind.ENROLMENT_UNFINISHED,
    )
)
"""What ends where somebody comes to a desk with their card."""


class OfficeUnknown(Problem):
    """The region has no office of this name that takes appointments."""

    def __init__(self, name: str, region: Region) -> None:
        offices = "、".join(office.name for office in region.offices if office.slots) or "–"
        super().__init__(
            f"{region.name}没有可预约的“{name}”，可预约：{offices}。",
            f"{region.name} has no office {name!r} that takes appointments; these do: {offices}.",
        )


class TimeTaken(Problem):
    """Nobody more can come at that time, or it is none of the office's."""

    def __init__(self, office: str, at: datetime) -> None:
        when = f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        super().__init__(
            f"{office} {when} 约满了或不接待，请换一个时间。",
            f"{office} cannot see anybody more at {when}; please choose another time.",
        )


class BookedAlready(Problem):
    """The person has an appointment that is still to come."""

    def __init__(self, appointment: Appointment) -> None:
        when = f"{appointment.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        super().__init__(
            f"已经预约了 {appointment.office} {when}；要改时间请用 appointments move。",
            f"There is an appointment at {appointment.office}, {when}; to change it, use `appointments move`.",
        )


class NotBooked(Problem):
    """There is no appointment to keep or to cancel."""

    def __init__(self) -> None:
        super().__init__("没有待办的预约。", "There is no appointment that is still to come.")


class NotYet(Problem):
    """The time of an appointment is still to come."""

    def __init__(self, appointment: Appointment) -> None:
        when = f"{appointment.at.astimezone(SHANGHAI):%H:%M}"
        super().__init__(
            f"预约时间是 {when}，还没到，不能登记未到；不来了请取消预约。",
            f"The appointment is at {when}, still to come; if they will not come, call it off.",
        )


@dataclass(frozen=True, slots=True)
class Free:
    """A time at which an office can see `left` people more."""

    office: str
    at: datetime
    left: int


def taken(region: Region) -> bool:
    """Whether appointments are taken in this region."""
    return region.opens(Route.APPOINTMENT) and any(office.slots for office in region.offices)


def free(session: Session, rt: Runtime, region: Region, office: str | None = None) -> list[Free]:
    """The free times of the next AHEAD, of an office or of all, the earliest first.

    Raises OfficeUnknown, NotTakenHere.
    """
    found = []
    for one in _offices(region, office):
        booked = select(Appointment.at).where(
            Appointment.region == region.code, Appointment.office == one.name, Appointment.state == "booked"
        )
        taken = Counter(session.scalars(booked.where(Appointment.at > rt.now())))
        for at, people in _times(rt, region, one):
            if left := max(people - taken[at], 0):
                found.append(Free(one.name, at, left))
    return sorted(found, key=lambda slot: (slot.at, slot.office))


def book(session: Session, rt: Runtime, person: Person, office: str, at: datetime, by: str) -> Appointment:
    """Book a time, for as many people as the office sees at once.

    Raises OfficeUnknown, NotTakenHere, BookedAlready, TimeTaken.
    """
    region = rt.regions[person.region]
    [place] = _offices(region, office)
    people = dict(_times(rt, region, place)).get(at.astimezone(SHANGHAI), 0)
    _hold_no_other(session, rt, person)
    for seat in range(people):
        row = {"id": new_id(), "region": region.code, "office": place.name, "at": at, "seat": seat}
        made = {"person_id": person.id, "state": "booked", "booked_by": by, "booked_at": rt.now()}
        if insert_once(session, Appointment, **row, **made):
            facts = {"office": place.name, "when": at.isoformat(), "appointment": row["id"]}
            journal.write(session, rt.now(), by, "appointment booked", f"person:{person.id}", **facts)
            return session.get_one(Appointment, row["id"])
    _hold_no_other(session, rt, person)  # one that was booked at the same moment
    raise TimeTaken(place.name, at)


def _hold_no_other(session: Session, rt: Runtime, person: Person) -> None:
    if (other := coming(session, rt, person)) is not None:
        raise BookedAlready(other)


def coming(session: Session, rt: Runtime, person: Person) -> Appointment | None:
    """The person's appointment that is still to come, or was today."""
    _let_pass(session, rt, person, _today(rt))
    mine = select(Appointment).where(Appointment.person_id == person.id, Appointment.state == "booked")
    return session.scalars(mine).first()


def move(session: Session, rt: Runtime, person: Person, office: str, at: datetime, by: str) -> Appointment:
    """Book another time in the place of the person's appointment, whose time is free again.

    Raises NotBooked, OfficeUnknown, NotTakenHere, TimeTaken; whoever rolls back then keeps the appointment as it was.
    """
    _leave(session, rt, person, by, "moved")
    return book(session, rt, person, office, at, by)


def cancel(session: Session, rt: Runtime, person: Person, by: str) -> Appointment:
    """Call the person's appointment off; the time is free again. Raises NotBooked."""
    return _leave(session, rt, person, by, "cancelled")


def keep(session: Session, rt: Runtime, person: Person, by: str) -> Recorded:
    """Note that the person came and showed their ID, which certifies them as at any desk. Raises NotBooked."""
    kept = _leave(session, rt, person, by, "kept")
    return certifying.record(
        session,
        rt,
        person,
        kind=Kind.DESK,
        strength=Strength.OFFICIAL,
        source=f"appointment:{kept.office}"[:200],
        ref=kept.id,
        observed_at=rt.now(),
        detail={"appointment": kept.id, "by": by},
        actor=by,
    )


def miss(session: Session, rt: Runtime, person: Person, by: str) -> Appointment:
    """Note that the person did not come at their time; nothing else follows from it. Raises NotBooked, NotYet."""
    booked = coming(session, rt, person)
    if booked is not None and booked.at > rt.now():
        raise NotYet(booked)
    return _leave(session, rt, person, by, "missed")


def restore(session: Session, rt: Runtime, appointment: Appointment, by: str) -> None:
    """Take back that an appointment of today or later was called off or missed. Raises NotBooked, BookedAlready,
    TimeTaken."""
    if appointment.state not in ("cancelled", "missed") or appointment.at < _today(rt):
        raise NotBooked
    _book_again(session, rt, appointment, by)


def await_again(session: Session, rt: Runtime, appointment_id: str, by: str) -> bool:
    """Await somebody who had not come, as was said by mistake, where their day is not over and their seat is free."""
    one = session.get(Appointment, appointment_id, populate_existing=True)
    if one is None or one.state != "kept" or one.at < _today(rt):
        return False
    try:
        _book_again(session, rt, one, by)
    except (NotBooked, BookedAlready, TimeTaken):
        return False
    return True


def keep_again(session: Session, rt: Runtime, appointment_id: str, by: str) -> None:
    """Note that somebody came after all, whatever was noted of their appointment meanwhile."""
    left = update(Appointment).where(Appointment.id == appointment_id, Appointment.state != "kept")
    kept = session.execute(left.values(state="kept", left_at=rt.now()).returning(Appointment)).scalar()
    if kept is not None:
        facts = {"appointment": kept.id, "office": kept.office}
        journal.write(session, rt.now(), by, "appointment kept", f"person:{kept.person_id}", **facts)


def _book_again(session: Session, rt: Runtime, appointment: Appointment, by: str) -> None:
    _hold_no_other(session, rt, session.get_one(Person, appointment.person_id))
    left = update(Appointment).where(Appointment.id == appointment.id, Appointment.state == appointment.state)
    try:
        with session.begin_nested():
            back = session.scalar(left.values(state="booked", left_at=None).returning(Appointment.id))
    except IntegrityError:  # somebody has the seat, or they have another appointment since this moment
        raise TimeTaken(appointment.office, appointment.at) from None
    if back is None:
        raise NotBooked
    facts = {"appointment": appointment.id, "office": appointment.office}
    journal.write(session, rt.now(), by, "appointment restored", f"person:{appointment.person_id}", **facts)
    session.refresh(appointment)


def of_day(session: Session, region: str, day: date) -> list[Appointment]:
    """What was booked at the offices of a region for a day, by time: also what was kept, called off or missed since."""
    begins = datetime.combine(day, time.min, SHANGHAI)
    there = (Appointment.region == region, Appointment.at >= begins, Appointment.at < begins + timedelta(days=1))
    shown = select(Appointment).where(*there, Appointment.state != "moved")
    return list(session.scalars(shown.order_by(Appointment.office, Appointment.at, Appointment.seat, Appointment.id)))


def to_invite(session: Session, region: str, *, most: int) -> list[Case]:
    """The first cases of inviting()."""
    return list(session.scalars(inviting(region).limit(most)))


def inviting(region: str) -> Select[Case]:
    """Cases of people of a region whom only a desk can help, and who have no appointment; in the order of harm."""
    booked = exists().where(Appointment.person_id == Case.person_id, Appointment.state == "booked")
    theirs = exists().where(Person.id == Case.person_id, Person.region == region).correlate(Case)
    found = select(Case).where(Case.decided_at.is_(None), Case.kind.in_(AT_A_DESK), theirs, ~booked)
    return found.order_by(Case.rank, Case.opened_at, Case.id)


def _leave(session: Session, rt: Runtime, person: Person, by: str, state: str) -> Appointment:
    booked = coming(session, rt, person)
    if booked is None:
        raise NotBooked
    mine = update(Appointment).where(Appointment.id == booked.id, Appointment.state == "booked")
    if session.scalar(mine.values(state=state, left_at=rt.now()).returning(Appointment.id)) is None:
        raise NotBooked
    journal.write(
        session,
        rt.now(),
        by,
        f"appointment {state}",
        f"person:{person.id}",
        appointment=booked.id,
        office=booked.office,
    )
    session.refresh(booked)
    return booked


def _today(rt: Runtime) -> datetime:
    return datetime.combine(certifying.day_of(rt.now()), time.min, SHANGHAI)


def _let_pass(session: Session, rt: Runtime, person: Person, today: datetime) -> None:
    """Whoever did not come has no appointment any more; that is all that follows from it."""
    gone = update(Appointment).where(Appointment.person_id == person.id, Appointment.state == "booked")
    missed = gone.where(Appointment.at < today).values(state="missed", left_at=rt.now()).returning(Appointment.id)
    for identifier in session.scalars(missed).all():
        journal.write(
            session, rt.now(), "schedule", "appointment missed", f"person:{person.id}", appointment=identifier
        )


def _offices(region: Region, name: str | None) -> list[Office]:
    routes.need(region, Route.APPOINTMENT)
    offices = [office for office in region.offices if office.slots and name in (None, office.name)]
    if name is not None and not offices:
        raise OfficeUnknown(name or "", region)
    return offices


def _times(rt: Runtime, region: Region, office: Office) -> Iterator[tuple[datetime, int]]:
    """Every time of an office from now on, and how many people it sees then."""
    now = rt.now().astimezone(SHANGHAI)
    days = (now.date() + timedelta(days=number) for number in range(AHEAD.days + 1))
    for day in days:
        if staffed(region, day):
            for slots in office.slots:
                if day.isoweekday() in slots.days:
                    yield from (
                        (at, slots.people) for at in _starts(day, slots.begins, slots.ends, slots.minutes) if at > now
                    )


def _starts(day: date, begins: time, ends: time, minutes: int) -> Iterator[datetime]:
    at, last = datetime.combine(day, begins, SHANGHAI), datetime.combine(day, ends, SHANGHAI)
    while at + timedelta(minutes=minutes) <= last:
        yield at
        at += timedelta(minutes=minutes)
