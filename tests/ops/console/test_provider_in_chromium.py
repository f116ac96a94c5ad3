"""Signing in through the provider in a real browser: its own page, our code, and on to where one was going."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import TimeoutError as TooSlow

from certification import providers
from certification.runtime import Runtime
from certification.staff import Role
from ops.console.language import LANGUAGES
from tests.ops.console.arriving import with_provider
from tests.ops.console.browser import Account, Hire
from tests.ops.console.chromium import Desk, served
from tests.ops.console.provider import PASSWORD, Provider, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TRIES, AGAIN_MS = 4, 8000


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    """A glewlwyd that asks for a password, and knows somebody called li."""
    folder = tmp_path / "glewlwyd"
    folder.mkdir()
    with running(folder) as found:
        found.asks_for()
        found.adds("li")
        yield found


@pytest.fixture
def li(hired: Hire) -> Account:
    """Operator Li of Kunming."""
    return hired("李审核", Role.OPERATOR, region="kunming")


def proves(desk: Desk) -> None:
    """Sign in at the provider, whose page draws itself anew when it has loaded, and forgets what was typed by then."""
    field = desk.page.locator("#password")
    for _ in range(TRIES):
        desk.page.locator("#username").fill("li")
        field.fill(PASSWORD)
        desk.page.keyboard.press("Enter")
        try:
            field.wait_for(state="detached", timeout=AGAIN_MS)
        except TooSlow:
            continue
        return
    pytest.fail(f"the provider lets nobody in: {desk.page.locator('body').inner_text()}")


def goes_on(desk: Desk) -> None:
    """Agree at the provider to go on to the console."""
    desk.page.get_by_role("button", name="Continue").click()
    desk.page.wait_for_url(f"{desk.url}**")


def test_who_signed_in_there_is_asked_for_a_code_and_is_where_they_meant_to_go(
    chromium: Browser, rt: Runtime, provider: Provider, li: Account
) -> None:
    here = with_provider(rt, provider.issuer)
    with served(here) as url:
        provider.knows(f"{url}sign-in/back")
        desk = Desk.at(chromium, here, url)
        desk.page.goto(f"{url}cases")
        desk.goes_to("用单位统一登录")
        proves(desk)
        goes_on(desk)
        said = desk.page.get_by_role("alert").inner_text()
        assert "还没有您的账号" in said
        with here.sessions.begin() as session:
            providers.bind(session, here, li.name, said.rpartition("：")[2], "cli")
        desk.goes_to("用单位统一登录")
        goes_on(desk)
        desk.page.wait_for_url("**/sign-in/code")
        desk.page.wait_for_function("() => document.activeElement.id === 'code'")
        desk.page.keyboard.insert_text(li.otp.at(here.now()))
        desk.page.keyboard.press("Enter")
        desk.page.wait_for_url(f"{url}cases")
        assert "李审核" in desk.page.locator("header").inner_text()
        desk.page.get_by_role("button", name="退出").click()
        desk.page.wait_for_url("**/sign-in")
        desk.goes_to("用单位统一登录")
        proves(desk)  # who comes after Li at this screen is not taken for them
        goes_on(desk)
        desk.page.wait_for_url("**/sign-in/code")


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_on_the_way(
    chromium: Browser, rt: Runtime, provider: Provider, hired: Hire, language: str
) -> None:
    here, found = with_provider(rt, provider.issuer), dict[str, list[str]]()
    with served(here) as url:
        provider.knows(f"{url}sign-in/back")
        desk = Desk.at(chromium, here, url)
        desk.page.goto(f"{url}sign-in")
        if language != "zh":
            desk.page.get_by_role("button", name=LANGUAGES[language]).click()
        assert desk.page.locator("html").get_attribute("lang") == language
        found["sign-in"] = desk.violations()
        desk.page.goto(f"{url}sign-in/back?error=access_denied")
        found["denied"] = desk.violations()
        li, office = hired("李审核", Role.OPERATOR), Desk.at(chromium, here, url)
        office.signs_in(hired("孙管理", Role.ADMINISTRATOR))
        office.page.goto(f"{url}staff")
        found["staff"] = office.violations()
        desk.page.locator("main a.button").click()
        proves(desk)
        goes_on(desk)
        sub = desk.page.get_by_role("alert").inner_text().replace("：", ": ").rpartition(": ")[2]
        with here.sessions.begin() as session:
            providers.bind(session, here, li.name, sub, "cli")
        desk.page.locator("main a.button").click()
        goes_on(desk)
        desk.page.wait_for_url("**/sign-in/code")
        found["code"] = desk.violations()
    assert {path: one for path, one in found.items() if one} == {}
