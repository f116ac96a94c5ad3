"""Keys that come late, keys that nobody can know of, and what is said again at a key."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from certification import codes, people
from certification.identity import ResidentNumber
from certification.runtime import Runtime
from certification.store import Consent, Person
from tests.certification.numbers import resident_number
from tests.ivr.line.conftest import PIN
from tests.ivr.line.telephone import Telephone
from tests.ivr.line.walks import certifying_call

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def ends_on(phone: Telephone) -> str | None:
    """The key that ends the present Gather."""
    gather = phone.root().find("Gather")
    assert gather is not None
    return gather.get("finishOnKey")


def test_a_hash_after_the_pin_says_the_result_and_the_receipt_again(
    phone: Telephone, rt: Runtime, enrolled: Person
) -> None:
    certifying_call(phone, rt, enrolled).stays_silent()
    result = phone.press(PIN).heard
    assert (result[0], result[-1]) == ("result.pin_recorded", "human.offer")
    assert ends_on(phone) == "", "else the carrier would go on as if nobody wanted anything"
    assert phone.press("#").heard == result
    assert phone.press("*").heard == result
    assert phone.press("5").heard == ("keys.first", "human.offer")
    assert phone.stays_silent().heard == ("goodbye",)


def test_a_hash_after_a_wrong_pin_does_not_swallow_that_it_was_wrong(
    phone: Telephone, rt: Runtime, enrolled: Person
) -> None:
    certifying_call(phone, rt, enrolled).stays_silent()
    assert phone.press("111222").heard == ("pin.wrong",)
    assert phone.stays_silent().heard == ("pin.wrong",)
    assert phone.stays_silent().heard == ("silent.second", "pin.ask.again")


def test_a_hash_after_a_wrong_code_does_not_lead_away(phone: Telephone, rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        codes.issue(session, rt, session.get_one(Person, wu.id), "clerk")
    assert phone.dial().press("00000000").heard == ("enrol.code.wrong",)
    assert phone.stays_silent().heard == ("enrol.code.wrong",)


def test_the_consent_is_heard_out_before_a_key_counts(phone: Telephone, rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        code = codes.issue(session, rt, session.get_one(Person, wu.id), "clerk")
    phone.dial().press(code)
    first, gather = list(phone.root())[:2]
    assert (first.tag, gather.tag, len(gather)) == ("Play", "Gather", 0)
    phone.press("1")
    with rt.sessions() as session:
        assert session.scalars(select(Consent)).one().how == "phone"


def test_star_says_also_what_was_told_on_the_way(phone: Telephone, rt: Runtime, enrolled: Person) -> None:
    phone.dial().press("1").says("怎么认证")
    told = phone.heard
    assert told[0].startswith("region.") and told[-1] == "help.back"
    assert phone.press("*").heard == told


def test_two_of_a_family_whose_numbers_end_alike_key_all_of_it(phone: Telephone, rt: Runtime, enrolled: Person) -> None:
    with rt.sessions.begin() as session:
        mine = people.number_of(rt.keys, session.get_one(Person, enrolled.id))
        others = (resident_number("530103", year, 1, 1, serial) for year in range(1930, 1960) for serial in range(999))
        twin = next(number for number in others if number[-4:] == mine.tail)
        people.add(session, rt, id_number=twin, name="老伴", region="kunming", phone=phone.number)
    certifying_call(phone, rt, enrolled)
    assert phone.heard == ("who.full",), "nobody keyed anything wrong"
    assert phone.press(ResidentNumber.parse(twin).text.replace("X", "*")).heard == (
        "voice.none",
        "pin.none",
        "human.connecting",
    )


def test_no_call_is_promised_to_whom_nobody_can_call(rt: Runtime, client: FlaskClient, enrolled: Person) -> None:
    phone = Telephone(rt, client, number="anonymous").dial().press("1")
    phone.presses_while_listened_to("0")
    assert phone.operator("busy").heard == ("human.busy", "human.later", "goodbye")


def test_a_relative_who_calls_after_a_drop_reaches_the_menu(
    phone: Telephone, rt: Runtime, client: FlaskClient, enrolled: Person
) -> None:
    certifying_call(phone, rt, enrolled).hangs_up()
    relative = Telephone(rt, client, sid="CA2").dial()
    assert relative.heard == ("resume.welcome", "notice.recording", "pause.long", "who.tail")
    assert relative.press("2").heard == ("menu.main",)


def test_a_call_that_dropped_before_anybody_was_named_is_not_taken_up(
    phone: Telephone, rt: Runtime, client: FlaskClient, enrolled: Person
) -> None:
    phone.dial().press("1").says("认证").hangs_up()
    assert "resume.welcome" not in Telephone(rt, client, sid="CA2").dial().heard
