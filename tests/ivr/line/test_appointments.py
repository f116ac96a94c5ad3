"""An appointment on the call: the earliest times, others by office and day, booked, kept or given up; all by keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from certification import appointments, people
from certification.evidence import Kind, Strength
from certification.regions import SHANGHAI, Regions
from certification.runtime import Runtime
from certification.store import Appointment, Person
from tests.certification.numbers import resident_number
from tests.ivr.line.telephone import Telephone, line
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
    assert phone.heard[-1] == "appointment.other"
    second = slots(phone)[1]
    phone.press("2")
    assert phone.hung_up_on() and phone.call().outcome == "booked"
    booked = ("appointment.booked", "pause.short", *second, "pause.long", "receipt.again", "pause.short", *second)
    assert phone.heard == (*booked, "pause.long", "appointment.bring", "goodbye")
    [made] = of(rt, sun)
    assert (made.office, made.state, made.booked_by) == ("鼓楼区社保窗口", "booked", "line")
    assert second[2:] == ("month.3", "day.10", "time.morning", "hour.10", "minute.30")
    assert made.at == datetime.fromisoformat("2026-03-10T10:30+08:00")


def keys(phone: Telephone) -> list[tuple[str, ...]]:
    """What is said before each key of a page."""
    found, last = list[tuple[str, ...]](), 0
    for place, name in enumerate(phone.heard):
        if name == "appointment.press":
            found.append(phone.heard[last:place])
            last = place + 3  # past the key and a pause
    return [(*found[0][2:],), *found[1:]]  # without the question


def test_whoever_wants_another_time_chooses_office_day_and_hour(rt: Runtime, client: FlaskClient, sun: Person) -> None:
    phone = offered(rt, client, sun).press("4")
    assert phone.heard[:2] == ("appointment.which.offices", "pause.short")
    assert keys(phone) == [(f"region.nanjing.office.{place}", "pause.short") for place in (1, 2, 3)]
    phone.press("3")
    assert phone.heard[0] == "appointment.which.days" and phone.heard[-1] == "appointment.others"
    assert keys(phone) == [("month.3", f"day.{day}", "pause.short") for day in (11, 13, 16)]
    phone.press("2")
    assert keys(phone) == [
        ("time.morning", "hour.9"),
        ("time.morning", "hour.9", "minute.30"),
        ("time.morning", "hour.10"),
    ]
    assert phone.heard[-1] == "appointment.later"
    phone.press("4")
    assert keys(phone)[0] == ("time.morning", "hour.10", "minute.30") and phone.heard[-1] == "appointment.other"
    assert phone.press("2").heard[0] == "appointment.booked"
    [made] = of(rt, sun)
    assert (made.office, made.at) == ("江宁区社保窗口", datetime.fromisoformat("2026-03-13T11:00+08:00"))


def test_every_office_day_and_hour_is_offered_within_a_few_presses(
    rt: Runtime, client: FlaskClient, sun: Person
) -> None:
    with rt.sessions() as session:
        free = {(one.office, one.at) for one in appointments.free(session, rt, rt.regions["nanjing"])}
    assert len(free) > 100, "as an office has them that is open every day"
    heard, phone = set[tuple[str, datetime]](), offered(rt, client, sun)
    for place, office in enumerate(rt.regions["nanjing"].offices, start=1):
        for number in range(11 if place < 3 else 6):  # the third is open on three days a week
            phone.press("4").press(str(place))  # and no more than three presses to any day
            for _ in range(number // 3):
                phone.press("4")
            _, day, _ = keys(phone)[number % 3]
            phone.press(str(number % 3 + 1))
            heard |= {(office.name, moment(day, said)) for said in keys(phone)}
            while phone.heard[-1] == "appointment.later":
                phone.press("4")
                heard |= {(office.name, moment(day, said)) for said in keys(phone)}
    assert heard == free


def moment(day: str, said: tuple[str, ...]) -> datetime:
    """The day, and its time that was said in two or three prompts."""
    part, hour, *minute = said
    at = int(hour.removeprefix("hour.")) + 12 * (part == "time.afternoon")
    minutes = int(minute[0].removeprefix("minute.")) if minute else 0
    return datetime(2026, 3, int(day.removeprefix("day.")), at, minutes, tzinfo=SHANGHAI)


def test_other_days_come_round_to_the_first_and_other_times_of_a_day_lead_back(
    rt: Runtime, client: FlaskClient, sun: Person
) -> None:
    phone = offered(rt, client, sun).press("4").press("1")
    first = keys(phone)
    pages = [first]
    while (page := keys(phone.press("4"))) != first:
        pages.append(page)
    days = [day for page in pages for day in page]
    assert len(days) == len(set(days)) == 11, "each once: two weeks of an office open on weekdays"
    if len(pages[-1]) < 3:
        phone.press("4").press("4").press("4")
        assert keys(phone.press("3")) == pages[-1], "nothing is offered by this key"
    phone.press("1").press("4")
    assert phone.press("4").heard[0] == "appointment.which.offices"


def test_one_office_is_not_asked_for_and_a_day_that_was_taken_meanwhile_is_said(
    rt: Runtime, client: FlaskClient, sun: Person
) -> None:
    nanjing = rt.regions["nanjing"]
    alone = nanjing.model_copy(update={"offices": nanjing.offices[2:]})
    there = replace(rt, regions=Regions({**{one.code: one for one in rt.regions}, "nanjing": alone}, "default"))
    phone = offered(there, line(there).test_client(), sun).press("4")
    assert phone.heard[0] == "appointment.which.days"
    with there.sessions.begin() as session:
        slots_of_day = [one for one in appointments.free(session, there, alone) if one.at.day == 11]
        for serial, slot in enumerate(slots_of_day):
            for seat in range(slot.left):
                number = resident_number("320102", 1930 + serial, 1, 1 + seat)
                other = people.add(session, there, id_number=number, name="钱", region="nanjing")
                appointments.book(session, there, other, slot.office, slot.at, "clerk")
    assert phone.press("1").heard[:2] == ("appointment.taken", "appointment.offer")
    assert {name for name in phone.heard if name.startswith("day.")} == {"day.13"}


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
