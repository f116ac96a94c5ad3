"""R5, Nanjing: each district takes appointments; only the office issues the form, followed until it returns."""

from __future__ import annotations

from datetime import datetime

from certification.evidence import Kind
from certification.regions import SHANGHAI
from ops import confirmations
from tests.ivr.line.telephone import Telephone
from tests.scenarios.place import BY, Pensioner, Place, today


def asks_for_an_appointment(phone: Telephone, who: Pensioner) -> Telephone:
    """From the menu: how do I certify, an appointment, the end of the identity number."""
    phone.presses_while_listened_to("3")
    assert phone.heard[0] == "region.nanjing.how"
    if "help.text" in phone.heard:  # a carrier is named
        phone.press("2")
    assert "help.appointment" in phone.heard
    return phone.press("1").press(who.tail)


def first_time(heard: tuple[str, ...], after: str) -> tuple[str, ...]:
    """Office, day and hour, as they are said after this prompt."""
    said = heard[heard.index(after) + 2 :]
    ends = {"appointment.press", "pause.long"}
    return said[: next(place for place, name in enumerate(said) if name in ends)]


def test_r5_an_appointment_is_offered_on_the_call_booked_heard_again_and_kept(place: Place) -> None:
    [mrs_sun] = place.pensioners("南京")
    phone = asks_for_an_appointment(place.dials(mrs_sun.phone), mrs_sun)
    time = first_time(phone.heard, "appointment.offer")
    assert phone.press("1").heard[-2:] == ("appointment.bring", "goodbye")
    assert first_time(phone.heard, "appointment.booked") == time, "the day, the hour and the office are confirmed aloud"
    again = asks_for_an_appointment(place.dials(mrs_sun.phone), mrs_sun)
    assert first_time(again.heard, "appointment.held") == time
    again.press("1")

    kept = place.does("appointments", "keep", mrs_sun.number, *BY)
    assert kept["certified"] and place.stands(mrs_sun)["receipt"] == kept["receipt"]
    [evidence] = place.evidence(mrs_sun)
    assert evidence.kind == Kind.DESK
    booked = next(
        facts for actor, action, facts in place.journal(mrs_sun) if (actor, action) == ("line", "appointment booked")
    )
    assert evidence.source == f"appointment:{booked['office']}"

    anybody = place.dials("13700000001").press("1").presses_while_listened_to("3").press("2").press(kept["receipt"])
    assert anybody.heard[0] == "receipt.certifies", "what the office gave can be checked from any telephone"


def test_r5_an_appointment_booked_on_the_call_comes_in_writing(in_writing: Place) -> None:
    in_writing = in_writing.on(today())  # at noon: nothing is sent at night
    [mrs_sun] = in_writing.pensioners("南京")
    asks_for_an_appointment(in_writing.dials(mrs_sun.phone), mrs_sun).press("1").hangs_up()
    booked = next(facts for _, action, facts in in_writing.journal(mrs_sun) if action == "appointment booked")
    confirmations.write_of_appointments(in_writing.rt)  # as the sweep does
    at = datetime.fromisoformat(booked["when"]).astimezone(SHANGHAI)
    [text] = in_writing.texts()[mrs_sun.phone]
    assert text.startswith("【南京社保】") and "身份证" in text
    assert booked["office"] in text and f"{at.month}月{at.day}日{at:%H:%M}" in text


def test_r5_two_people_cannot_have_the_last_seat(place: Place) -> None:
    first, *others = place.pensioners("南京", many=4)
    phone = asks_for_an_appointment(place.dials(first.phone), first)
    time = first_time(phone.heard, "appointment.offer")
    offices = place.does("regions", "show", "南京")["offices"]
    office = offices[int(time[0].rpartition(".")[2]) - 1]["name"]
    slot = place.does("appointments", "free", "--region", "南京", "--office", office)["free"][0]
    for other in others[: slot["left"]]:
        book = ("appointments", "book", other.number, "--office", slot["office"], "--at", slot["at"])
        assert place.does(*book, *BY)["office"] == slot["office"]
    phone.press("1")
    offered = first_time(phone.heard, "appointment.offer")
    assert phone.heard[0] == "appointment.taken" and offered != time, "others are offered"


def test_r5_a_numbered_form_is_followed_until_it_returns_and_certifies(place: Place) -> None:
    somebody, another = place.pensioners("南京", many=2)
    number = place.does("papers", "issue", somebody.number, *BY)["number"]
    assert place.does("papers", "post", number, *BY)["state"] == "posted"
    returned = ("--route", "paper", "--signed-on", str(today()), *BY)
    assert "没有编号" in place.cannot("certify", somebody.number, "--form", "1234567890", *returned), "printed at home"
    assert "somebody else" in place.cannot("certify", another.number, "--form", number, *returned)
    assert place.does("papers", "show", number)["state"] == "posted"
    assert place.does("papers", "receive", number, *BY)["state"] == "received"
    accepted = place.does("papers", "accept", number, "--signed-on", str(today()), *BY)
    assert accepted["certified"] and place.stands(somebody)["receipt"] == accepted["receipt"]
    assert not place.stands(another)["certified"]
    refused = [facts["why"] for _, action, facts in place.journal(somebody) if action == "paper refused"]
    assert refused == ["another's"]
    [evidence] = place.evidence(somebody)
    assert evidence.kind == Kind.PAPER
