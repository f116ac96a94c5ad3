"""Where the focus is, in a real browser: on what went wrong, seen, past the head of the page, and held by no page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser as Chromium

from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Person
from tests.certification.conftest import Clock
from tests.certification.suspending import journalled
from tests.ops.console.browser import PASSWORD, Hire
from tests.ops.console.chromium import Desk
from tests.ops.console.test_by_keys import STAND, seated, told

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_password_is_changed_and_what_went_wrong_has_the_focus(
    chromium: Chromium, url: str, rt: Runtime, clock: Clock, hired: Hire
) -> None:
    li = hired("李审核", Role.OPERATOR, region="kunming")
    desk = Desk.at(chromium, rt, url)
    desk.page.goto(url)
    for part in (li.name, "wrong", "000000"):
        desk.page.wait_for_function(f"() => {STAND}.matches('input')")
        desk.page.keyboard.insert_text(part)
        desk.page.keyboard.press("Tab")
    desk.page.keyboard.press("Enter")
    focused(desk, "不对")
    desk.signs_in(li)
    clock.forward(seconds=30)
    for again in ("quite another one", "a new password it is"):
        desk.goes_to("李审核")
        for name, text in (
            ("现在的密码", PASSWORD),
            ("动态码", li.otp.at(rt.now())),
            ("新密码", "a new password it is"),
            ("再输一次新密码", again),
        ):
            desk.types(name, text)
        desk.goes_to("换密码", "button")
        if again.startswith("quite"):
            focused(desk, "两次")
            desk.goes_to("返回", "main a")
    assert "密码已换" in told(desk)
    assert len(journalled(rt, "password changed")) == 1
    desk.page.goto(f"{url}nowhere")
    focused(desk, "没有")


def focused(desk: Desk, said: str) -> None:
    """What went wrong is said where the focus is, and that is seen."""
    desk.page.wait_for_function(f"() => {STAND}.getAttribute('role') === 'alert'")
    text, outline = desk.page.evaluate(f"[{STAND}.innerText, getComputedStyle({STAND}).outlineStyle]")
    assert said in text and outline == "solid", (text, outline)


def test_what_is_typed_wrong_has_the_focus(chromium: Chromium, url: str, rt: Runtime, hired: Hire) -> None:
    desk = seated(chromium, rt, url, hired("赵经办", Role.CLERK, region="kunming"))
    desk.goes_to("找人", "nav a")
    desk.types("身份证号", "530102195005150010")
    desk.goes_to("查找", "button")
    focused(desk, "身份证")
    desk.reaches("身份证号", "input")
    desk.page.goto(f"{url}people/new")
    desk.types("身份证上的姓名", "王先生")
    desk.types("身份证号", "1")
    desk.goes_to("", "main form button")
    focused(desk, "身份证")


CONTRAST = """() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[0-9.]+/g).slice(0, 3).map((one) => one / 255)
      .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let behind = document.activeElement.parentElement;
  const see = (one) => getComputedStyle(one).backgroundColor;
  while (behind && see(behind) === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
  const both = [getComputedStyle(document.activeElement).outlineColor, behind ? see(behind) : "rgb(255, 255, 255)"];
  const [low, high] = both.map(light).sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}"""
LEAST = 3  # : 1, as WCAG 2.2 has it for what shows where the focus is


def test_the_first_key_skips_the_head_the_focus_stands_out_and_no_page_holds_it(
    chromium: Chromium, url: str, rt: Runtime, wu: Person, hired: Hire
) -> None:
    desk = seated(chromium, rt, url, hired("王主管", Role.SUPERVISOR))
    for path in ("roll", "prompts/sichuanese/greeting", f"people/{wu.id}/ways"):
        desk.page.goto(url + path)
        desk.page.keyboard.press("Tab")
        assert desk.page.evaluate(f"{STAND}.innerText") == "跳到正文"
        assert desk.page.evaluate(f"{STAND}.getBoundingClientRect().left") >= 0
        desk.page.keyboard.press("Enter")
        desk.page.keyboard.press("Tab")
        assert desk.page.evaluate(f"document.getElementById('content').contains({STAND})")
        assert desk.page.evaluate(CONTRAST) >= LEAST
        for _ in range(60):  # and backwards out of it
            desk.page.keyboard.press("Shift+Tab")
            if desk.page.evaluate(f"{STAND}.className") == "skip":
                break
            assert desk.page.evaluate(CONTRAST) >= LEAST
        assert desk.page.evaluate(f"{STAND}.className") == "skip"
