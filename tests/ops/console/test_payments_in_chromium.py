"""Suspensions and long work in a real browser: two supervisors sign, a bar moves by itself, axe finds nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy.orm import Session

from certification import errands, journal
from certification.comparison import standing
from certification.errands import Kind
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Campaign, ComparisonRun, PaymentList, new_id
from certification.suspension import lists, restoring
from ops import releases
from ops.console.language import LANGUAGES
from tests.certification.comparing import compare, number, residents, signals
from tests.certification.conftest import Clock
from tests.certification.suspending import MAY, REGION, overdue, states
from tests.ops.console.browser import PASSWORD, Account, Hire
from tests.ops.console.chromium import SIZE, TABLET, Desk
from tests.ops.console.test_words import catalogue

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def looks_at(desk: Desk, list_id: str) -> None:
    """Open the page of a list from the navigation, by keys alone."""
    desk.goes_to("暂停名单")
    desk.goes_to(f"{MAY:%Y-%m}")
    desk.page.wait_for_url(f"**/suspensions/{list_id}")


def signs_the_list(desk: Desk, who: Account, clock: Clock) -> str:
    """Sign the list whose page is open, by keys alone; what the page says then. A new code is good from here on."""
    clock.forward(seconds=30)
    desk.page.locator("#sign input[type=password]").focus()
    desk.page.keyboard.insert_text(PASSWORD)
    desk.page.keyboard.press("Tab")
    desk.page.keyboard.insert_text(who.otp.at(desk.rt.now()))
    desk.goes_to("我已核对，签名")
    return desk.page.get_by_role("status").first.inner_text()


def test_a_list_is_signed_by_two_supervisors_and_one_alone_cannot(
    chromium: Browser, url: str, rt: Runtime, clock: Clock, hired: Hire
) -> None:
    person = overdue(rt, clock)
    with rt.sessions.begin() as session:
        list_id = lists.propose(session, rt, REGION, MAY, "赵经办").id
    wang, li = (hired(name, Role.SUPERVISOR, region=REGION) for name in ("王主管", "李主管"))
    first = Desk.at(chromium, rt, url)
    first.signs_in(wang)
    looks_at(first, list_id)
    with rt.sessions() as session:
        digest = lists.digest(session, lists.find(session, REGION, MAY))
    confirmation = first.page.locator("#sign").inner_text()
    assert "1 人" in confirmation and digest in confirmation
    assert "还需要另一位主管签名" in signs_the_list(first, wang, clock)
    assert first.page.locator("#sign").count() == first.page.locator("#release").count() == 0, "one alone cannot"
    second = Desk.at(chromium, rt, url)
    second.signs_in(li)
    looks_at(second, list_id)
    assert "签名齐了" in signs_the_list(second, li, clock)
    second.page.locator("#release input[type=checkbox]").focus()
    second.page.keyboard.press("Space")
    second.goes_to("发出")
    expect(second.page.locator("progress")).to_be_visible()
    assert releases.go_on_with_lists(rt) == 1
    expect(second.page.locator("#work > .said")).to_contain_text("暂停 1 人")
    with rt.sessions() as session:
        assert states(session) == {person.id: ("suspended", ())}
    with second.page.expect_download() as taken:
        second.page.get_by_role("button", name="下载", exact=True).click()
    assert taken.value.suggested_filename == "suspensions-kunming-2026-05.csv"
    assert first.faults == second.faults == []


def a_run(rt: Runtime, tmp_path: Path) -> ComparisonRun:
    """A comparison of Qingdao, ready: one certified, one unresolved, one dead."""
    residents(rt, 3)
    rows = [(number(1), "medical", "2026-03-02", "alive"), (number(3), "civil_affairs", "2026-03-03", "death")]
    return compare(rt, signals(tmp_path / "signals.csv", rows))


def test_a_bar_moves_and_the_page_follows_without_a_reload(
    chromium: Browser, url: str, rt: Runtime, tmp_path: Path, hired: Hire
) -> None:
    run = a_run(rt, tmp_path)
    desk = Desk.at(chromium, rt, url)
    desk.signs_in(hired("王主管", Role.SUPERVISOR))
    desk.page.goto(f"{url}runs/{run.id}")
    desk.page.locator("#release input[type=checkbox]").focus()
    desk.page.keyboard.press("Space")
    desk.goes_to("发布")
    desk.page.wait_for_url(f"**/runs/{run.id}")
    bar = desk.page.get_by_role("progressbar")
    assert bar.get_attribute("value") == "0"
    desk.page.evaluate("window.loaded = 'once'")
    reach(rt, run.id, "80" + "0" * 30)
    desk.page.wait_for_function("() => document.querySelector('progress').value === 50")
    assert "50%" in desk.page.locator("[data-said]").inner_text()
    with rt.sessions.begin() as session:
        session.get_one(ComparisonRun, run.id).state = "released"
    bar.wait_for(state="detached")
    assert desk.page.locator("#work > p").first.inner_text() == "已发布"
    assert desk.page.evaluate("window.loaded") == "once"
    assert desk.faults == []


def reach(rt: Runtime, run_id: str, to: str) -> None:
    with rt.sessions.begin() as session:
        session.get_one(ComparisonRun, run_id).released_to = to


def everything(rt: Runtime, clock: Clock, tmp_path: Path) -> list[str]:
    """Something on each page; where the pages are."""
    ready = a_run(rt, tmp_path)
    overdue(rt, clock)
    with rt.sessions.begin() as session:
        listed = lists.propose(session, rt, REGION, MAY, "赵经办")
        journal.write(session, rt.now(), "王主管", "release called off", lists.subject(listed), why="NotSigned")
        restored(session, rt)
        going = ComparisonRun(**{one.key: getattr(ready, one.key) for one in ComparisonRun.__table__.columns})
        going.id, going.inputs = new_id(), "x"
        session.add(going)
        session.flush()
        standing.let_go(session, rt, going.id, "王主管")
        counts = {"people": 3, "messages": 2, "segments": 4, "calls": 1}
        campaign = {"region": REGION, "on": MAY, "name": "reminders", "planned_by": "schedule", "planned_at": rt.now()}
        session.add(Campaign(id="c" * 32, state="planned", counts=counts, **campaign))
        going_id = going.id
    runs = ["runs", f"runs/{ready.id}", f"runs/{going_id}"]
    lists_ = ["suspensions", "suspensions?stage=restoration", f"suspensions/{listed.id}"]
    return [*lists_, *runs, "campaigns", f"campaigns/{'c' * 32}", f"errands/{'e' * 32}"]


def restored(session: Session, rt: Runtime) -> None:
    """A restoration that was asked for and is done, in two parts."""
    errand = errands.ask(session, rt, "e" * 32, Kind.RESTORATION, REGION, "王主管", of=3, month=MAY.isoformat())
    for part in (1, 2):
        row = {"kind": restoring.RESTORATION, "region": REGION, "month": MAY, "part": part, "errand_id": errand.id}
        by = {"proposed_by": "王主管", "released_by": "王主管", "proposed_at": rt.now(), "released_at": rt.now()}
        session.add(PaymentList(**row, **by, people=part, sha256="0" * 64))
    errands.end(session, rt, errand)


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_and_no_page_is_wider_than_a_tablet(
    chromium: Browser, url: str, rt: Runtime, clock: Clock, tmp_path: Path, hired: Hire, language: str
) -> None:
    paths = everything(rt, clock, tmp_path)
    desk, found = Desk.at(chromium, rt, url), list[tuple[str, list[str]]]()
    desk.signs_in(hired("王主管", Role.SUPERVISOR))
    if language != "zh":
        desk.page.get_by_role("button", name=LANGUAGES[language]).click()
    for path in paths:
        desk.page.goto(url + path)
        assert desk.page.locator("html").get_attribute("lang") == language
        for one in desk.page.locator("main details summary").all():
            one.click()
        found.append((path, desk.violations()))
        desk.page.set_viewport_size(TABLET)
        wide = desk.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{path} is {wide} px too wide"
        desk.page.set_viewport_size(SIZE)
    assert [one for one in found if one[1]] == []
    assert catalogue(language)["nav.campaigns"] in desk.page.content()
    assert desk.faults == []
