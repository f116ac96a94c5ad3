"""Who is calling, in which dialect, what they may be told, and calls that broke off."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete

from certification import certifying, people
from certification.runtime import Runtime
from certification.store import Call, Person
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.ivr.line.conftest import PIN
from tests.ivr.line.telephone import Telephone
from tests.ivr.line.walks import certifying_call, tail, whole

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # test_certify.py runs on both


def test_an_unknown_telephone_keys_the_whole_number(rt: Runtime, client: FlaskClient, enrolled: Person) -> None:
    phone = Telephone(rt, client, number="+862882345678")
    phone.dial().press("1").says("认证")
    assert phone.heard[-1] == "who.full"
    assert phone.press("530102194901010012").heard == ("who.unknown", "who.full")
    assert phone.press("1234").heard == ("keys.first", "who.full.again")
    assert phone.press(whole(rt, enrolled)).heard[0] == "challenge.repeat"
    assert phone.call().person_id == enrolled.id


def test_a_wrong_tail_is_asked_again_and_then_the_whole_number(phone: Telephone, rt: Runtime, enrolled: Person) -> None:
    phone.dial().press("1").says("认证")
    assert phone.press("0000").heard == ("who.unknown", "who.tail")
    assert phone.press("0000").heard == ("who.unknown", "who.full")
    for _ in range(2):
        assert phone.press("1" * 18).heard == ("who.unknown", "who.full")
    assert phone.press("1" * 18).heard == ("lost.human", "human.connecting")


def test_a_family_shares_a_telephone(phone: Telephone, rt: Runtime, enrolled: Person) -> None:
    with rt.sessions.begin() as session:
        number = resident_number("530102", 1952, 8, 1)
        wife = people.add(session, rt, id_number=number, name="李女士", region="kunming", phone="13888000001")
    certifying_call(phone, rt, wife)
    assert phone.call().person_id == wife.id
    assert phone.heard == ("voice.none", "pin.none", "human.connecting")


def test_the_next_date_is_said_and_the_menu_comes_back(phone: Telephone, rt: Runtime, enrolled: Person) -> None:
    phone.dial().press("1").says("日期").press(tail(rt, enrolled))
    with rt.sessions() as session:
        due = certifying.status(session, rt, enrolled).due
    year = [f"digit.{digit}" for digit in str(due.year)]
    said = ("date.next", "pause.short", *year, "date.year", f"month.{due.month}", f"day.{due.day}", "menu.main")
    assert phone.heard == said


def test_how_to_certify_comes_from_the_region(phone: Telephone, wu: Person) -> None:
    assert phone.dial().press("1").says("怎么认证").heard[:2] == ("region.kunming.how", "pause.long")
    assert phone.heard[2:] == ("help.receipt", "help.back")
    assert phone.press("3").heard == ("menu.main",)


def test_the_dialect_is_remembered_for_the_next_call(rt: Runtime, client: FlaskClient, wu: Person) -> None:
    Telephone(rt, client, sid="CA1").dial().press("3").hangs_up()
    again = Telephone(rt, client, sid="CA2").dial()
    assert again.plan is not None
    assert (again.plan.dialect, again.heard) == ("sichuanese", ("greeting", "language.change", "menu.main"))
    again.says("普通话")
    assert again.plan.dialect == "mandarin"


def test_a_call_that_broke_off_is_taken_up_again_with_nothing_carried_over(
    phone: Telephone, rt: Runtime, enrolled: Person, client: FlaskClient, clock: Clock
) -> None:
    certifying_call(phone, rt, enrolled).repeats().hangs_up()
    assert phone.call().outcome == "dropped"
    clock.forward(minutes=9)
    again = Telephone(rt, client, sid="CA2").dial()
    assert again.heard[0] == "resume.welcome" and again.heard[-1] == "who.tail"
    again.press(tail(rt, enrolled)).repeats()
    assert again.heard[0] == "challenge.next", "the first group of the first call does not count"


def test_a_second_caller_on_the_same_telephone_is_not_taken_for_the_first(
    phone: Telephone, rt: Runtime, enrolled: Person, client: FlaskClient, clock: Clock
) -> None:
    certifying_call(phone, rt, enrolled)
    assert Telephone(rt, client, sid="CA2").dial().heard[0] == "greeting"
    clock.forward(seconds=21)
    phone.dial()  # the carrier asks for the first call again: nothing is heard of it by that
    with rt.sessions.begin() as session:
        session.execute(delete(Call).where(Call.sid == "CA2"))
    assert Telephone(rt, client, sid="CA3").dial().heard[0] == "resume.welcome", "its end was never reported"


def test_nobody_guesses_identity_numbers_for_long(rt: Runtime, client: FlaskClient, enrolled: Person) -> None:
    for sid, wrong in (("CA1", 3), ("CA2", 3), ("CA3", 3)):
        phone = Telephone(rt, client, number="+862882345678", sid=sid)
        phone.dial()
        if sid == "CA1":
            phone.press("1")
        phone.presses_while_listened_to("1")
        for _ in range(wrong):
            phone.press("1" * 18)
        assert phone.heard == ("lost.human", "human.connecting")
    last = Telephone(rt, client, number="+862882345678", sid="CA4").dial().presses_while_listened_to("1")
    assert last.press(whole(rt, enrolled)).heard == ("lost.human", "human.connecting"), "none is looked at any more"
    other = Telephone(rt, client, sid="CA5").dial().press("1").says("认证")
    assert other.press(tail(rt, enrolled)).heard[0] == "challenge.repeat"


WITHHELD = ("anonymous", "+266696687", "")


def test_a_withheld_number_gives_no_more_tries_at_a_pin(rt: Runtime, client: FlaskClient, enrolled: Person) -> None:
    """They are counted for the person: nothing about the telephone is asked, and so nothing is gained by hiding it."""
    for sid, tries in enumerate((3, 2)):
        phone = Telephone(rt, client, number=WITHHELD[sid], sid=f"CA{sid}").dial().press("1").says("认证")
        phone.press(whole(rt, enrolled)).stays_silent()
        for _ in range(tries):
            phone.press("111222")
        assert phone.heard == ("lost.human" if tries == 3 else "pin.locked", "human.connecting")
    last = Telephone(rt, client, number=WITHHELD[2], sid="CA9").dial().press("1").says("认证")
    last.press(whole(rt, enrolled)).stays_silent().press(PIN)
    assert last.heard == ("pin.locked", "human.connecting"), "not even the right one is looked at"
    known = Telephone(rt, client, sid="CA10").dial().press("1").says("认证")
    assert known.press(tail(rt, enrolled)).stays_silent().press(PIN).heard[0] == "pin.locked", "wherever it comes from"


def test_withheld_numbers_together_guess_no_more_identity_numbers_than_one(
    rt: Runtime, client: FlaskClient, enrolled: Person
) -> None:
    for sid in range(3):
        phone = Telephone(rt, client, number=WITHHELD[sid], sid=f"CA{sid}").dial().press("1").says("认证")
        for _ in range(3):
            phone.press("1" * 18)
    last = Telephone(rt, client, number="anonymous", sid="CA4").dial().press("1").says("认证")
    assert last.press(whole(rt, enrolled)).heard == ("lost.human", "human.connecting")


def test_a_known_telephone_is_greeted_in_the_dialect_of_the_roll(
    rt: Runtime, client: FlaskClient, enrolled: Person
) -> None:
    with rt.sessions.begin() as session:
        session.get_one(Person, enrolled.id).dialect = "sichuanese"
    phone = Telephone(rt, client).dial()
    assert phone.plan is not None
    assert (phone.plan.dialect, phone.heard) == ("sichuanese", ("greeting", "language.change", "menu.main"))


def test_after_ten_minutes_or_a_finished_call_everything_begins_anew(
    phone: Telephone, rt: Runtime, enrolled: Person, client: FlaskClient, clock: Clock
) -> None:
    certifying_call(phone, rt, enrolled).hangs_up()
    clock.forward(minutes=10, seconds=1)
    second = Telephone(rt, client, sid="CA2").dial()
    assert second.heard[0] == "greeting"
    second.presses_while_listened_to("1").press(tail(rt, enrolled)).stays_silent().press(PIN).hangs_up()
    assert second.call().outcome == "recorded"
    assert Telephone(rt, client, sid="CA3").dial().heard[0] == "greeting"
