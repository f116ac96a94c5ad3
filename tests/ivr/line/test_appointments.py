"""An appointment on the call: free times page by page, booked and confirmed aloud, kept or given up; all by keys."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from certification import appointments, people
from certification.evidence import Kind, Strength
from certification.runtime import Runtime
from certification.store import Appointment, Person
from tests.certification.numbers import resident_number
from tests.ivr.line.telephone import Telephone
from tests.ivr.line.walks import record, tail, whole

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

MOBILE = "+8613912340001"


@pytest.fixture
def sun(rt: Runtime) -> Person:
    """Mrs Sun of Nanjing, with a mobile of her own."""
    number = resident_number("320102", 1951, 5, 15)
    with rt.sessions.begin() as session:
        return people.add(session, rt, id_number=number, name="孙女士", region="nanjing", phone=MOBILE)


def offered(rt: Runtime, client: FlaskClient, person: Person, sid: str = "CA1") -> Telephone:
    """A call up to the first page of times."""
    phone = Telephone(rt, client, number=MOBILE, sid=sid).dial()
    phone.press("1").presses_while_listened_to("3").press("1").press(tail(rt, person))
    return phone


def of(rt: Runtime, person: Person) -> list[Appointment]:
    with rt.sessions() as session:
        return list(session.scalars(select(Appointment).where(Appointment.person_id == person.id)))


def slots(phone: Telephone) -> list[tuple[str, ...]]:
    """What is said of each time on the page."""
    found = list[tuple[str, ...]]()
    for name in phone.heard:
        if ".office." in name:
            found.append(())
        if found:
            found[-1] += (name,)
    return [slot[: slot.index("appointment.press")] for slot in found]


def test_the_help_of_a_region_with_offices_offers_an_appointment(
    rt: Runtime, client: FlaskClient, sun: Person, wu: Person
) -> None:
    here = Telephone(rt, client, number=MOBILE).dial().press("1").presses_while_listened_to("3")
    assert here.heard == ("region.nanjing.how", "pause.long", "help.appointment", "help.receipt", "help.back")
    there = Telephone(rt, client, sid="CA2").dial().press("1").presses_while_listened_to("3")
    assert "help.appointment" not in there.heard
    assert there.stays_silent().heard == ("menu.main",)
    there.presses_while_listened_to("3").press("1").press(tail(rt, wu))
    assert there.heard == ("appointment.none", "menu.main")


def test_a_time_is_booked_and_confirmed_aloud(rt: Runtime, client: FlaskClient, sun: Person) -> None:
    phone = offered(rt, client, sun)
    assert phone.heard[:2] == ("appointment.offer", "pause.short")
    assert [slot[0][-8:] for slot in slots(phone)] == ["office.1", "office.2", "office.1"], (
        "the earliest, of any office"
    )
    assert phone.heard[-1] == "appointment.later"
    second = slots(phone)[1]
    phone.press("2")
    assert phone.hung_up_on() and phone.call().outcome == "booked"
    booked = ("appointment.booked", "pause.short", *second, "pause.long", "receipt.again", "pause.short", *second)
    assert phone.heard == (*booked, "pause.long", "appointment.bring", "goodbye")
    [made] = of(rt, sun)
    assert (made.office, made.state, made.booked_by) == ("鼓楼区社保窗口", "booked", "line")
    assert second[2:] == ("month.3", "day.10", "time.morning", "hour.10", "minute.30")
    assert made.at == datetime.fromisoformat("2026-03-10T10:30+08:00")


def test_later_times_follow_each_other_and_after_the_last_come_the_first(
    rt: Runtime, client: FlaskClient, sun: Person
) -> None:
    phone = offered(rt, client, sun)
    first, pages = slots(phone), [slots(phone)]
    with rt.sessions() as session:
        free = appointments.free(session, rt, rt.regions["nanjing"])
    while phone.heard[-1] == "appointment.later":
        pages.append(slots(phone.press("4")))
    assert phone.heard[-1] == "appointment.from_start"
    assert len({slot for page in pages for slot in page}) == len(free), "each once"
    assert all(len(page) == 3 for page in pages[:-1])
    if len(pages[-1]) < 3:
        assert slots(phone.press("3")) == pages[-1], "nothing is offered by this key"
    assert slots(phone.press("4")) == first


def test_a_time_that_somebody_else_took_meanwhile_is_said_and_others_are_offered(
    rt: Runtime, client: FlaskClient, sun: Person
) -> None:
    phone = offered(rt, client, sun)
    gone = slots(phone)[0]
    with rt.sessions.begin() as session:
        for serial in range(2):
            number = resident_number("320102", 1940 + serial, 1, 1)
            other = people.add(session, rt, id_number=number, name="钱", region="nanjing")
            slot = appointments.free(session, rt, rt.regions["nanjing"])[0]
            appointments.book(session, rt, other, slot.office, slot.at, "clerk")
    phone.press("1")
    assert phone.heard[0] == "appointment.taken"
    assert gone not in slots(phone) and len(slots(phone)) == 3
    assert phone.press("1").heard[0] == "appointment.booked"
    assert len(of(rt, sun)) == 1


def test_who_has_an_appointment_hears_it_and_keeps_it_or_gives_it_up(
    rt: Runtime, client: FlaskClient, sun: Person
) -> None:
    phone = offered(rt, client, sun)
    time = slots(phone)[0]
    phone.press("1")
    for sid, keys in (("CA2", ("1",)), ("CA3", ("",))):
        phone = offered_again(rt, client, sun, sid)
        assert phone.heard[:6] == ("appointment.held", "pause.short", *time[:4])
        assert phone.heard[-1] == "appointment.keep"
        phone.press(*keys) if keys[0] else phone.stays_silent()
        assert phone.heard == ("appointment.bring", "goodbye") and phone.hung_up_on()
    phone = offered_again(rt, client, sun, "CA4").press("2")
    assert phone.heard == ("appointment.given_up", "appointment.another")
    assert [one.state for one in of(rt, sun)] == ["cancelled"]
    assert slots(phone.press("1"))[0] == time, "it is free again"
    phone.press("0")
    assert phone.heard[0].startswith("human.")


def offered_again(rt: Runtime, client: FlaskClient, person: Person, sid: str) -> Telephone:
    phone = Telephone(rt, client, number=MOBILE, sid=sid).dial()
    return phone.presses_while_listened_to("3").press("1").press(tail(rt, person))


def test_star_says_the_times_again_and_whoever_does_not_choose_is_helped(
    rt: Runtime, client: FlaskClient, sun: Person
) -> None:
    phone = offered(rt, client, sun)
    heard = phone.heard
    assert phone.press("*").heard == heard
    phone.stays_silent()
    assert phone.heard[:2] == ("silent.first", "appointment.again")
    phone.stays_silent().stays_silent()
    assert phone.heard[0] == "lost.human"
    assert not of(rt, sun)


def test_who_is_certified_needs_none_and_a_full_office_leads_to_a_human(
    rt: Runtime, client: FlaskClient, sun: Person
) -> None:
    with rt.sessions.begin() as session:
        for serial, slot in enumerate(appointments.free(session, rt, rt.regions["nanjing"])):
            for seat in range(slot.left):
                number = resident_number("320102", 1930 + serial % 40, 1 + serial // 40, 1 + seat)
                other = people.add(session, rt, id_number=number, name="钱", region="nanjing")
                appointments.book(session, rt, other, slot.office, slot.at, "clerk")
    assert offered(rt, client, sun).heard == ("appointment.full", "human.connecting")
    record(rt, sun, Kind.DESK, Strength.OFFICIAL)
    assert offered_again(rt, client, sun, "CA2").heard[0] == "result.already"


def test_the_appointment_belongs_to_the_persons_region_whatever_the_telephone(
    rt: Runtime, client: FlaskClient, sun: Person
) -> None:
    phone = Telephone(rt, client, number="+862882345678").dial().press("1").presses_while_listened_to("3")
    assert phone.heard[0] == "region.default.how" and "help.appointment" not in phone.heard
    phone.press("1").press(whole(rt, sun))
    assert slots(phone)
