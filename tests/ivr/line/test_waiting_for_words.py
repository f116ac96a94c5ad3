"""Nobody can wait for words that they hold on tape: not within a call, and not call by call."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from certification import limits
from certification.runtime import Runtime
from certification.store import Attempt, Person
from tests.ivr.line.conftest import PIN
from tests.ivr.line.telephone import Telephone
from tests.ivr.line.walks import certifying_call, tail

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def attempts(rt: Runtime) -> list[str]:
    """Why each failed attempt failed."""
    with rt.sessions() as session:
        return list(session.scalars(select(Attempt.reason).order_by(Attempt.at)))


def again(rt: Runtime, client: FlaskClient, person: Person, number: int) -> Telephone:
    """A later call from the same telephone, which may be taken up where the one before broke off."""
    phone = Telephone(rt, client, sid=f"CA{number}").dial()
    if phone.heard[0] != "resume.welcome":
        phone.says("认证")
    return phone.press(tail(rt, person))


def test_another_language_does_not_draw_other_words(phone: Telephone, rt: Runtime, enrolled: Person) -> None:
    certifying_call(phone, rt, enrolled)
    assert phone.plan is not None
    asked = phone.plan.asked
    for _ in range(5):
        phone.presses_while_listened_to("9").press("1")
        assert phone.plan.asked == asked
    assert phone.repeats().heard[0] == "challenge.next"


@pytest.mark.parametrize(
    ("words", "dialect"),
    [("再说一遍", "mandarin"), ("四川话", "sichuanese"), ("昆明话", "kunming"), ("广东话", "cantonese")],
)
def test_what_is_asked_instead_of_repeating_costs_nothing_and_draws_nothing(
    phone: Telephone, rt: Runtime, enrolled: Person, words: str, dialect: str
) -> None:
    certifying_call(phone, rt, enrolled)
    assert phone.plan is not None
    asked = phone.plan.asked
    for _ in range(5):
        phone.says(words)
        assert (phone.plan.asked, phone.plan.dialect) == (asked, dialect)
        assert phone.heard[0] == "challenge.repeat"
    phone.repeats()
    assert phone.heard[:2] == ("challenge.next", "challenge.repeat")
    phone.hangs_up()
    assert attempts(rt) == []


def test_a_language_nobody_names_is_chosen_from_a_page_and_the_words_stay(
    phone: Telephone, rt: Runtime, enrolled: Person
) -> None:
    certifying_call(phone, rt, enrolled)
    assert phone.plan is not None
    asked = phone.plan.asked
    assert phone.says("换一种话").heard[-2:] == ("language.others", "digit.4")
    others = phone.press("4").heard
    assert others[2].endswith(":language.changsha")
    phone.press("2")
    assert (phone.plan.asked, phone.plan.dialect) == (asked, "changsha")


def test_asking_for_a_human_in_a_challenge_leads_to_one(phone: Telephone, rt: Runtime, enrolled: Person) -> None:
    certifying_call(phone, rt, enrolled).says("人工")
    assert phone.heard[0] == "human.connecting"
    assert attempts(rt) == []


def test_wrong_words_and_hanging_up_is_a_failed_attempt(phone: Telephone, rt: Runtime, enrolled: Person) -> None:
    certifying_call(phone, rt, enrolled).says().hangs_up().hangs_up()
    assert attempts(rt) == ["abandoned"]


@pytest.mark.parametrize("how", ["nothing said", "the first group right"])
def test_a_call_that_only_dropped_is_none(phone: Telephone, rt: Runtime, enrolled: Person, how: str) -> None:
    certifying_call(phone, rt, enrolled)
    if how == "the first group right":
        phone.repeats()
    phone.hangs_up()
    assert attempts(rt) == []


def test_a_key_after_wrong_words_does_not_make_them_unsaid(phone: Telephone, rt: Runtime, enrolled: Person) -> None:
    certifying_call(phone, rt, enrolled).says().presses_while_listened_to("5")
    assert phone.heard == ("pin.ask",)
    phone.hangs_up()
    assert attempts(rt) == ["abandoned"]


def test_a_pin_after_wrong_words_is_no_failed_attempt(phone: Telephone, rt: Runtime, enrolled: Person) -> None:
    certifying_call(phone, rt, enrolled).says().presses_while_listened_to("5").press(PIN).hangs_up()
    assert attempts(rt) == []


def test_after_three_abandoned_calls_only_a_human_goes_on(
    phone: Telephone, rt: Runtime, client: FlaskClient, enrolled: Person
) -> None:
    certifying_call(phone, rt, enrolled).says().hangs_up()
    for number in (2, 3):
        again(rt, client, enrolled, number).says().hangs_up()
    assert again(rt, client, enrolled, 4).heard == ("limit.human", "human.connecting")


def test_words_are_not_asked_for_without_end(
    phone: Telephone, rt: Runtime, client: FlaskClient, enrolled: Person
) -> None:
    certifying_call(phone, rt, enrolled).hangs_up()
    for number in range(2, limits.ASKED_IN_24H + 2):
        call = again(rt, client, enrolled, number)
        if call.heard[0] == "limit.human":
            break
        assert call.heard[0] == "challenge.repeat"
        call.hangs_up()
    assert call.heard == ("limit.human", "human.connecting")
    assert attempts(rt) == []


def test_at_the_limit_no_pin_certifies_whoever_says_that_they_cannot_speak(
    phone: Telephone, rt: Runtime, client: FlaskClient, enrolled: Person
) -> None:
    with rt.sessions.begin() as session:
        for ref in ("a", "b", "c"):
            limits.failed(session, rt, session.get_one(Person, enrolled.id), reason="words", ref=ref)
    phone.dial().press("1").says("不能说话").press(tail(rt, enrolled))
    assert phone.heard == ("limit.human", "human.connecting")
