"""The room in a real browser: both sides heard and compared by keys alone, and read by axe-core in both languages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Person
from ops.console.language import LANGUAGES
from tests.certification.suspending import journalled
from tests.certification.test_review import spoken
from tests.ops.console.browser import Hire
from tests.ops.console.chromium import SIZE, TABLET, Desk, served
from tests.ops.console.heard import told

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PLAYING = """([side, number]) => {
  const clips = [...document.querySelectorAll(`.clip[data-side=${side}]`)];
  const playing = [...document.querySelectorAll("audio")].filter((one) => !one.paused);
  const [one] = playing;
  return playing.length === 1 && clips[number - 1].contains(one) && one.readyState >= 3 && one.currentTime > 0;
}"""
AT = """(side) => {
  const clip = document.querySelector(`.clip[data-side=${side}]:has(input:checked)`), one = clip.querySelector("audio");
  return one.currentTime / (one.duration || Number(clip.dataset.seconds));
}"""

BELOW = """() => ["A", "B"].flatMap((side) => [`.clip[data-side=${side}] .spoken`, `.clip[data-side=${side}] audio`])
  .map((what) => document.querySelector(what))
  .concat([...document.querySelectorAll("main .wrong, .verdict textarea, .verdict button")])
  .filter((one) => one.getBoundingClientRect().bottom > window.innerHeight).map((one) => one.outerHTML.slice(0, 80))"""
"""What of the words, both voices and the decision is not seen without going down the page."""


@pytest.fixture
def desk(chromium: Browser, rt: Runtime, hired: Hire) -> Iterator[Desk]:
    """Operator Li of Kunming before a screen, signed in."""
    with served(rt) as url:
        one = Desk.at(chromium, rt, url)
        one.signs_in(hired("李审核", Role.OPERATOR, region="kunming"))
        yield one


def plays(desk: Desk, side: str, number: int = 1) -> None:
    desk.page.wait_for_function(PLAYING, arg=[side, number])


def test_two_voices_are_compared_by_keys_alone(desk: Desk, rt: Runtime, wu: Person) -> None:
    of, press = told(rt, wu), desk.page.keyboard.press
    desk.page.goto(f"{desk.url}cases/{of.case}")
    press("b")
    plays(desk, "B")
    desk.page.wait_for_function("() => document.querySelector('.clip[data-side=B] audio').currentTime > 1")
    before = desk.page.evaluate(AT, "B")
    press("a")
    plays(desk, "A")
    assert desk.page.evaluate(AT, "A") >= before - 0.02, "it goes on where the other side was"
    head = "document.querySelector('.clip[data-side=A] .head')"
    assert desk.page.evaluate(f"!{head}.hidden && parseFloat({head}.style.left) > 7")
    press("b")
    plays(desk, "B")
    press("3")
    plays(desk, "B", 3)
    press("o")
    plays(desk, "B", 3)
    assert desk.page.evaluate("document.querySelector('.clip.current audio').src").endswith("?level=original")
    press("l")
    assert desk.page.evaluate("[...document.querySelectorAll('audio')].every((one) => one.loop)")
    press("s")
    assert desk.page.evaluate("[...document.querySelectorAll('audio')].every((one) => one.paused)")
    heard = journalled(rt, "recording listened to")
    assert len(heard) == 3, "each once, however often it was played, as loud as the others and as it came"
    assert desk.faults == []


def test_letters_may_be_switched_off_for_whoever_speaks_to_their_machine(desk: Desk, rt: Runtime, wu: Person) -> None:
    of = told(rt, wu)
    desk.page.goto(f"{desk.url}cases/{of.case}")
    desk.page.focus("#letters")
    desk.page.keyboard.press("Space")
    desk.page.keyboard.press("a")
    desk.page.focus(".clip[data-side=B] input[type=radio]")
    desk.page.keyboard.press("ArrowDown")
    assert desk.page.evaluate("document.querySelectorAll('.clip[data-side=B] input')[1].checked")
    assert desk.page.evaluate("[...document.querySelectorAll('audio')].every((one) => one.paused)")
    desk.page.focus("#letters")
    desk.page.keyboard.press("Space")
    desk.page.keyboard.press("b")
    plays(desk, "B", 2)
    assert desk.faults == []


def test_what_a_decision_needs_is_on_one_screen_of_an_old_office_pc(desk: Desk, rt: Runtime, wu: Person) -> None:
    of = told(rt, wu, suspicions={"replay": {}})
    desk.page.goto(f"{desk.url}cases/{of.case}")
    desk.page.get_by_role("button", name="领取").click()
    for code, name in LANGUAGES.items():
        if desk.page.evaluate("document.documentElement.lang") != code:
            with desk.page.expect_navigation():
                desk.page.get_by_role("button", name=name).click()
        assert desk.page.locator(".verdict button").count() == 6
        assert desk.page.evaluate(BELOW) == []
    desk.page.set_viewport_size(TABLET)
    assert desk.page.evaluate(BELOW) != [], "what is further down is found"


def test_axe_finds_nothing_in_either_language_and_nothing_is_too_wide(desk: Desk, rt: Runtime, wu: Person) -> None:
    spoken(rt, wu)
    of = told(rt, wu, suspicions={"replay": {}})
    found = []
    for code, name in LANGUAGES.items():
        desk.page.goto(f"{desk.url}cases/{of.case}")
        if desk.page.evaluate("document.documentElement.lang") != code:
            with desk.page.expect_navigation():
                desk.page.get_by_role("button", name=name).click()
        desk.page.locator("summary").first.click()
        found += [f"{code}: {one}" for one in desk.violations()]
        desk.page.set_viewport_size(TABLET)
        assert desk.page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        desk.page.set_viewport_size(SIZE)
    assert found == []
