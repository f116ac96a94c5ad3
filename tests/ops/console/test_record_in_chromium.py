"""Records at the desk in Chromium: found, corrected and printed by keys alone, and read by axe-core."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser as Chromium

from certification import people
from certification.runtime import Runtime
from certification.store import Person
from ops.console.language import LANGUAGES
from tests.certification.numbers import resident_number
from tests.ops.console.browser import Account
from tests.ops.console.chromium import SIZE, TABLET, Desk, served
from tests.ops.console.test_record import put, zhao

__all__ = ["zhao"]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def url(rt: Runtime) -> Iterator[str]:
    """The console's address, where there is a line to be called."""
    with served(replace(rt, settings=replace(rt.settings, voice_from="+8687112333"))) as address:
        yield address


def test_found_by_name_corrected_and_the_card_printed_by_keys_alone(
    chromium: Chromium, url: str, rt: Runtime, wu: Person, zhao: Account
) -> None:
    put(rt, "吴先生", 1944)
    desk = Desk.at(chromium, rt, url)
    desk.signs_in(zhao)
    desk.goes_to("找人")
    desk.page.wait_for_function("() => document.activeElement.name === 'wanted'")
    keys = desk.page.keyboard
    keys.insert_text("吴先生")
    with desk.page.expect_navigation():
        keys.press("Enter")
    desk.goes_to("吴先生 1950")
    desk.goes_to("更正档案")
    desk.page.wait_for_function("() => document.activeElement.name === 'name'")
    keys.press("Control+a")
    keys.insert_text("吴桂芳")
    with desk.page.expect_navigation():
        keys.press("Enter")
    desk.page.wait_for_function("() => document.activeElement.innerText === '确认更正'")
    with desk.page.expect_navigation():
        keys.press("Enter")
    assert "吴桂芳" in desk.page.locator("h1").inner_text()
    desk.goes_to("打印卡片")
    desk.page.evaluate("window.print = () => { window.printed = true; }")
    desk.page.wait_for_function("() => document.activeElement.id === 'print'")
    keys.press("Enter")
    assert desk.page.evaluate("window.printed") is True
    desk.page.emulate_media(media="print")
    assert not desk.page.locator("header").is_visible() and not desk.page.locator("#print").is_visible()
    assert desk.page.locator(".card").is_visible()
    assert desk.faults == []


def test_a_card_is_one_sheet_of_letters_that_old_people_read(
    chromium: Chromium, url: str, rt: Runtime, zhao: Account
) -> None:
    with rt.sessions.begin() as session:
        number = resident_number("530102", 1944, 5, 15)
        one = people.add(session, rt, id_number=number, name="买买提江·" * 12, region="kunming", phone="13888000009")
        card = f"{url}people/{one.id}/card"
    desk = Desk.at(chromium, rt, url)
    desk.signs_in(zhao)
    desk.page.goto(card)
    sheets = desk.page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type */Page\b", sheets)) == 1
    desk.page.emulate_media(media="print")
    size = "(one) => parseFloat(getComputedStyle(one).fontSize)"
    for line in desk.page.locator(".card small, .card p, .card li").all():
        assert line.evaluate(size) >= 18  # px: 13.5 points on paper


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_and_no_page_is_wider_than_a_tablet(
    chromium: Chromium, url: str, rt: Runtime, wu: Person, zhao: Account, language: str
) -> None:
    put(rt, "吴先生", 1944)
    desk = Desk.at(chromium, rt, url)
    desk.page.goto(f"{url}sign-in")
    if language != "zh":
        desk.page.get_by_role("button", name=LANGUAGES[language]).click()
    desk.signs_in(zhao)
    found = list[tuple[str, list[str]]]()

    def looks(where: str) -> None:
        found.append((where, desk.violations()))
        desk.page.set_viewport_size(TABLET)
        wide = desk.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{where} is {wide} px too wide"
        desk.page.set_viewport_size(SIZE)

    desk.page.goto(f"{url}people")
    desk.page.locator("input[name=wanted]").fill("吴先生")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_selector("tbody a")
    looks("several")
    for path in ("people/new", f"people/{wu.id}/record", f"people/{wu.id}/card", f"people/{wu.id}"):
        desk.page.goto(url + path)
        looks(path)
    desk.page.goto(f"{url}people/{wu.id}/record")
    desk.page.locator("main input[name=name]").fill("吴桂芳")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_selector("input[name=confirmed]", state="attached")
    looks("confirm")
    assert [one for one in found if one[1]] == []
