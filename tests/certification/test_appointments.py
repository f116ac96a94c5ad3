"""Appointments: an office's own times, as many people as it sees, one a person, and a certification when they come."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from certification import appointments, certifying, people
from certification.appointments import BookedAlready, NotBooked, OfficeUnknown, TimeTaken
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.store import Appointment, JournalEntry, Person
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.together import at_once

GULOU = "鼓楼区社保窗口"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=SHANGHAI)


@pytest.fixture
def town(rt: Runtime) -> list[str]:
    """Five people of Nanjing; it is Tuesday, the 10th of March, ten o'clock."""
    with rt.sessions.begin() as session:
        return [
            people.add(
                session, rt, id_number=resident_number("320102", 1950 + one, 5, 15), name=f"吴{one}", region="nanjing"
            ).id
            for one in range(5)
        ]


def book(rt: Runtime, person: str, when: datetime, office: str = GULOU) -> Appointment:
    with rt.sessions.begin() as session:
        return appointments.book(session, rt, session.get_one(Person, person), office, when, "line")


def test_an_office_offers_its_own_times_and_no_holiday(rt: Runtime, town: list[str], clock: Clock) -> None:
    with rt.sessions() as session:
        found = appointments.free(session, rt, rt.regions["nanjing"], GULOU)
        assert (found[0].at, found[0].left) == (at(10, 10, 30), 3)
        assert {(slot.at.isoweekday(), slot.left) for slot in found if slot.at.hour > 12} == {(2, 2), (4, 2)}
        assert max(slot.at for slot in found) <= rt.now() + timedelta(days=15)
        assert {slot.at.isoweekday() for slot in found} == {1, 2, 3, 4, 5}
        everywhere = appointments.free(session, rt, rt.regions["nanjing"])
        assert len({slot.office for slot in everywhere}) == 3
        assert [slot.at for slot in everywhere] == sorted(slot.at for slot in everywhere)
        clock.at = datetime(2026, 9, 30, 2, tzinfo=SHANGHAI)
        days = {slot.at.date().day for slot in appointments.free(session, rt, rt.regions["nanjing"], GULOU)}
        assert not days & {1, 2, 3, 4, 5, 6, 7}


def test_no_more_people_than_it_sees_at_once_even_when_all_ask_together(rt: Runtime, town: list[str]) -> None:
    waiting = iter(town)

    def ask() -> bool:
        try:
            book(rt, next(waiting), at(12, 13, 30))
        except TimeTaken:
            return False
        return True

    assert sorted(at_once(5, ask)) == [False, False, False, True, True]
    with rt.sessions() as session:
        free = appointments.free(session, rt, rt.regions["nanjing"], GULOU)
        assert at(12, 13, 30) not in {slot.at for slot in free}


@pytest.mark.parametrize("when", [at(10, 9), at(14, 9), at(10, 10, 45), at(30, 9), at(10, 11, 30)])
def test_a_time_that_is_none_is_said(rt: Runtime, town: list[str], when: datetime) -> None:
    with pytest.raises(TimeTaken, match="约满了或不接待"):
        book(rt, town[0], when)


def test_one_at_a_time_until_it_is_called_off(rt: Runtime, town: list[str], clock: Clock) -> None:
    book(rt, town[0], at(11, 9))
    with pytest.raises(BookedAlready, match="2026-03-11 09:00"):
        book(rt, town[0], at(12, 9))
    with rt.sessions.begin() as session:
        appointments.cancel(session, rt, session.get_one(Person, town[0]), "line")
    book(rt, town[0], at(12, 9))
    clock.forward(days=3)
    with rt.sessions.begin() as session:
        wu = session.get_one(Person, town[0])
        assert appointments.coming(session, rt, wu) is None
        with pytest.raises(NotBooked):
            appointments.cancel(session, rt, wu, "line")
        states = session.execute(select(Appointment.state, func.count()).group_by(Appointment.state)).all()
        assert sorted(map(tuple, states)) == [("cancelled", 1), ("missed", 1)]
        assert not certifying.status(session, rt, wu).closed
    book(rt, town[0], at(17, 9))


def test_one_that_is_moved_frees_its_time_and_one_that_cannot_be_stays(
    rt: Runtime, town: list[str], clock: Clock
) -> None:
    first = book(rt, town[0], at(12, 13, 30))
    with pytest.raises(TimeTaken), rt.sessions.begin() as session:
        appointments.move(session, rt, session.get_one(Person, town[0]), GULOU, at(14, 9), "line")
    with rt.sessions.begin() as session:
        wu = session.get_one(Person, town[0])
        assert appointments.coming(session, rt, wu) == session.get_one(Appointment, first.id)
        moved = appointments.move(session, rt, wu, GULOU, at(11, 9), "line")
        with pytest.raises(NotBooked):
            appointments.move(session, rt, session.get_one(Person, town[1]), GULOU, at(11, 9), "line")
    with rt.sessions() as session:
        left = session.get_one(Appointment, first.id)
        assert (left.state, left.left_at, moved.left_at) == ("moved", clock.at, None)
        free = appointments.free(session, rt, rt.regions["nanjing"], GULOU)
        assert next(slot.left for slot in free if slot.at == at(12, 13, 30)) == 2


def test_a_missed_time_does_not_hold_the_only_place(rt: Runtime, town: list[str], clock: Clock) -> None:
    for one in town[:3]:
        book(rt, one, at(11, 9))
    with pytest.raises(BookedAlready):
        book(rt, town[0], at(11, 9))
    clock.forward(days=3)
    for one in town[:3]:
        book(rt, one, at(17, 9))
    with rt.sessions() as session:
        missed = select(JournalEntry.subject).where(JournalEntry.action == "appointment missed")
        assert session.scalars(missed.order_by(JournalEntry.seq)).all() == [f"person:{one}" for one in town[:3]]


def test_who_comes_is_certified_once(rt: Runtime, town: list[str], clock: Clock) -> None:
    booked = book(rt, town[0], at(11, 9))
    clock.at = at(11, 9, 5)
    with rt.sessions.begin() as session:
        wu = session.get_one(Person, town[0])
        recorded = appointments.keep(session, rt, wu, "clerk")
        assert recorded.closed
        assert (recorded.evidence.kind, recorded.evidence.ref) == ("desk", booked.id)
        with pytest.raises(NotBooked):
            appointments.keep(session, rt, wu, "clerk")


def test_offices_that_take_none_are_named(rt: Runtime, town: list[str], wu: Person) -> None:
    with pytest.raises(OfficeUnknown, match="玄武区社保窗口"):
        book(rt, town[0], at(11, 9), "nowhere")
    with pytest.raises(OfficeUnknown):
        book(rt, wu.id, at(11, 9))
