"""A list proposed, recordings sent and an account opened again in a real browser, by keys alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select

from certification import staff
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Errand, Person
from certification.suspension import lists
from ops import errands, seeding
from tests.certification.conftest import Clock
from tests.certification.suspending import MAY, REGION, certify, overdue, suspend
from tests.ops.console.browser import Hire
from tests.ops.console.chromium import Desk
from tests.ops.console.test_known_recordings import WHOLE

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_supervisor_proposes_a_list_and_sees_it_done(
    chromium: Browser, url: str, rt: Runtime, clock: Clock, hired: Hire
) -> None:
    overdue(rt, clock)
    desk = Desk.at(chromium, rt, url)
    desk.signs_in(hired("王主管", Role.SUPERVISOR, region=REGION))
    desk.goes_to("暂停名单")
    desk.goes_to("提出暂停名单")
    assert desk.page.url.endswith("/errands#proposal")
    desk.ticks("我知道，名单由我提出后，我不能签名")
    desk.goes_to("提出名单")
    assert "正在办" in desk.page.locator("#work > p").first.inner_text()
    desk.page.evaluate("window.loaded = 'once'")
    errands.work(rt)
    desk.page.get_by_role("link", name="看名单").wait_for()
    assert desk.page.evaluate("window.loaded") == "once"
    assert "已办好" in desk.page.locator("#work > p").first.inner_text()
    desk.page.reload()
    desk.goes_to("看名单")
    with rt.sessions() as session:
        listed = lists.find(session, REGION, MAY)
    assert desk.page.url.endswith(f"/suspensions/{listed.id}") and listed.proposed_by == "王主管"
    assert desk.page.locator("#sign").count() == 0, "who proposed it does not sign it"
    assert desk.faults == []


def test_a_supervisor_restores_payment_and_takes_the_file(
    chromium: Browser, url: str, rt: Runtime, clock: Clock, hired: Hire
) -> None:
    person = overdue(rt, clock)
    suspend(rt)
    with rt.sessions.begin() as session:
        certify(session, rt, session.get_one(Person, person.id))
    desk = Desk.at(chromium, rt, url)
    desk.signs_in(hired("王主管", Role.SUPERVISOR, region=REGION))
    desk.goes_to("暂停名单")
    desk.reaches("恢复发放", "summary")
    desk.page.keyboard.press("Enter")
    desk.goes_to("恢复发放", "button")
    assert "正在办" in desk.page.locator("#work > p").first.inner_text()
    errands.work(rt)
    desk.page.get_by_role("link", name="恢复发放名单（第 1 份）").wait_for()
    desk.page.reload()
    desk.goes_to("昆明")
    with desk.page.expect_download() as taken:
        desk.page.get_by_role("button", name="下载", exact=True).click()
    assert taken.value.suggested_filename.startswith("restorations-kunming-2026-0")
    assert desk.faults == []


def test_the_administrator_opens_an_account_again(chromium: Browser, url: str, rt: Runtime, hired: Hire) -> None:
    hired("赵经办", Role.CLERK)
    with rt.sessions.begin() as session:
        staff.close(session, rt, "赵经办", "孙管理")
    desk = Desk.at(chromium, rt, url)
    desk.signs_in(hired("孙管理", Role.ADMINISTRATOR))
    desk.goes_to("账号")
    for _ in range(60):
        desk.page.keyboard.press("Tab")
        if desk.page.evaluate("document.activeElement.innerText || ''").startswith("重新启用"):
            break
    desk.page.keyboard.press("Enter")
    desk.ticks("我确认是本人要用")
    desk.goes_to("重新启用")
    assert "赵经办 的账号已开" in desk.page.get_by_role("status").first.inner_text()
    assert desk.page.locator("dd.code").count() == 1 and desk.page.locator("main svg").count() == 1
    assert desk.faults == []


def test_a_supervisor_sends_recordings_with_their_list(
    chromium: Browser, url: str, rt: Runtime, hired: Hire, tmp_path: Path
) -> None:
    for name, content in WHOLE:
        (tmp_path / name).write_bytes(content)
    desk = Desk.at(chromium, rt, url)
    desk.signs_in(hired("王主管", Role.SUPERVISOR, region="kunming"))
    desk.goes_to("交办")
    desk.page.locator("#known input[type=file]").set_input_files([tmp_path / name for name, _ in WHOLE])
    desk.ticks("说话的人同意这样用")
    desk.goes_to("放入这些案件")
    assert "正在办" in desk.page.locator("#work > p").first.inner_text()
    with rt.sessions() as session:
        once = session.scalars(select(Errand.id)).one()
    while seeding.seed(rt, once):
        pass
    desk.page.get_by_role("link", name="审核情况").nth(1).wait_for()
    assert "3 / 3" in desk.page.locator("dl.facts").inner_text()
    assert desk.violations() == [] and desk.faults == []
