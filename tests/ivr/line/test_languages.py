"""Choosing a dialect: what is offered is what a key chooses, from page to page, whoever calls and wherever they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from certification import people
from certification.regions import BUILT_IN, RegionFileInvalid, Regions
from certification.runtime import Runtime
from certification.store import Call, Person
from ivr.dialects import HOME, dialects
from ivr.scripts.common import ON_A_PAGE
from tests.ivr.line.conftest import PIN
from tests.ivr.line.telephone import Telephone, line
from tests.ivr.line.walks import certifying_call, tail, whole

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

MINE = "+8613888000001"
PAGES = -(-len(dialects()) // ON_A_PAGE)


def offers(phone: Telephone) -> list[str]:
    """The dialects on the page that is heard, each in its own voice, in the order of their keys."""
    names = [name.rpartition(":")[2] for name in phone.heard]
    shown = [name.removeprefix("language.") for name in names if name.removeprefix("language.") in dialects()]
    for code in shown:
        assert (code == HOME and f"language.{code}" in phone.heard) or f"{code}:language.{code}" in phone.heard
    assert len([name for name in names if name.startswith("digit.")]) <= ON_A_PAGE + 1
    return shown


def speaks(phone: Telephone) -> str:
    assert phone.plan is not None
    return phone.plan.dialect


def test_others_leads_through_every_dialect_once_and_back_to_the_first(phone: Telephone, rt: Runtime) -> None:
    first = offers(phone.dial())
    pages = [first, *(offers(phone.press("4")) for _ in range(PAGES - 1))]
    assert tuple(first) == rt.regions.default.dialects
    assert sorted(code for page in pages for code in page) == sorted(dialects())
    assert offers(phone.press("4")) == first


@pytest.mark.parametrize("code", dialects())
def test_every_dialect_is_chosen_by_the_key_it_was_offered_with(
    rt: Runtime, client: FlaskClient, wu: Person, code: str
) -> None:
    phone = Telephone(rt, client).dial()
    while code not in offers(phone):
        phone.press("4")
    phone.press(str(1 + offers(phone).index(code)))
    assert (speaks(phone), phone.heard) == (code, ("menu.main",))
    again = Telephone(rt, client, sid="CA2").dial()
    assert (speaks(again), again.heard) == (code, ("greeting", "language.change", "menu.main"))


def test_a_key_chooses_what_was_offered_after_the_caller_has_said_who_they_are(
    rt: Runtime, client: FlaskClient, enrolled: Person
) -> None:
    """The region of a telephone that nobody knows is the default's; the person's own may begin with others."""
    assert rt.regions["kunming"].dialects != rt.regions.default.dialects
    phone = Telephone(rt, client, number="+862882345678").dial().press("1")
    phone.says("认证").press(whole(rt, enrolled))
    for key in "123":
        offered = offers(phone.presses_while_listened_to("9"))
        assert tuple(offered) == rt.regions["kunming"].dialects
        phone.press(key)
        assert speaks(phone) == offered[int(key) - 1]


def test_whoever_comes_again_to_the_languages_begins_at_the_first_page(phone: Telephone) -> None:
    first = offers(phone.dial())
    assert offers(phone.press("4")) != first
    phone.stays_silent().stays_silent().stays_silent()
    assert phone.heard[-1] == "menu.main", "silence goes on"
    assert offers(phone.presses_while_listened_to("9")) == first


def test_9_among_the_languages_asks_again_and_then_goes_back(phone: Telephone) -> None:
    phone.dial().press("1").presses_while_listened_to("9")
    offered = offers(phone)
    assert phone.press("9").heard[:2] == ("keys.first", "language.again")
    assert offers(phone) == offered
    phone.press("9")
    assert phone.press("9").heard == ("menu.main",)


def test_a_key_by_which_nothing_is_offered_says_the_page_again(rt: Runtime, client: FlaskClient, wu: Person) -> None:
    phone = Telephone(rt, client).dial()
    for _ in range(PAGES):
        offered = offers(phone)
        if len(offered) < ON_A_PAGE:
            assert offers(phone.press(str(ON_A_PAGE))) == offered
        phone.press("4")


def test_a_dialect_that_is_spoken_no_more_is_asked_for_again(
    rt: Runtime, client: FlaskClient, wu: Person, caplog: pytest.LogCaptureFixture
) -> None:
    with rt.sessions.begin() as session:
        people.remember_dialect(session, rt.keys, MINE, "klingon", rt.now())
    phone = Telephone(rt, client).dial()
    assert phone.heard[0] == "greeting"
    assert "klingon" in caplog.text
    assert speaks(phone.press("1")) == HOME


def test_a_call_that_broke_off_in_a_dialect_spoken_no_more_is_taken_up_in_mandarin(
    phone: Telephone, rt: Runtime, client: FlaskClient, enrolled: Person, caplog: pytest.LogCaptureFixture
) -> None:
    certifying_call(phone, rt, enrolled).hangs_up()
    with rt.sessions.begin() as session:
        session.execute(update(Call).values(state=phone.call().state | {"dialect": "klingon"}))
    again = Telephone(rt, client, sid="CA2").dial()
    assert again.heard[0] == "resume.welcome"
    assert "klingon" in caplog.text
    assert speaks(again.press(tail(rt, enrolled))) == HOME


def test_whoever_cannot_speak_says_so_in_their_dialect_and_goes_on_by_pin(
    phone: Telephone, rt: Runtime, enrolled: Person
) -> None:
    certifying_call(phone, rt, enrolled).says("广东话").says("唔讲得话")
    assert phone.heard == ("cantonese:pin.ask",)
    assert phone.press(PIN).heard[0].startswith("cantonese:result.")


def test_a_region_cannot_begin_with_a_dialect_that_has_no_folder(rt: Runtime, tmp_path: Path) -> None:
    rules = (BUILT_IN / "kunming.toml").read_text("utf-8").replace('"sichuanese"', '"klingon"', 1)
    (tmp_path / "kunming.toml").write_text(rules, "utf-8")
    with pytest.raises(RegionFileInvalid, match=r"kunming\.toml: dialects .*klingon.*mandarin"):
        line(replace(rt, regions=Regions.load(tmp_path)))
