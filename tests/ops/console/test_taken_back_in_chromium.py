"""Mistakes taken back in a real browser, by keys alone: a verdict, a clerk's, an agent's and a visitor's mistake."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select

from certification import agents, visits, withdrawing
from certification.agents import AgentKind
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Case, Evidence, Person, Visit
from ops.console.language import FIRST, LANGUAGES
from tests.certification.test_review import spoken
from tests.ops.console.browser import Hire
from tests.ops.console.chromium import SIZE, TABLET, Desk
from tests.ops.console.test_review_room import heard
from tests.ops.console.test_rounds import given

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ZHAO, LI, WEI = "赵经办", "李审核", "魏主管"


def faults(desk: Desk) -> list[str]:
    """What axe-core finds on the page that is open, and whether a tablet is too narrow for it."""
    found = desk.violations()
    for size in (TABLET, SIZE):
        desk.page.set_viewport_size(size)
        wide = desk.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        found += [f"{wide} px too wide"] if wide > 0 else []
    return found


def tabs_to(desk: Desk, selector: str) -> None:
    """Go on by Tab until something is focused."""
    for _ in range(60):
        desk.page.keyboard.press("Tab")
        if desk.page.evaluate(f"document.activeElement.matches({selector!r})"):
            return
    pytest.fail(f"{selector} is reached by no Tab")


def test_a_verdict_is_taken_back_from_the_queue_by_keys_alone(
    chromium: Browser, url: str, rt: Runtime, wu: Person, hired: Hire
) -> None:
    case = spoken(rt, wu)
    heard(rt, case)
    desk = Desk.at(chromium, rt, url)
    desk.signs_in(hired(LI, Role.OPERATOR, region="kunming"))
    for name in ("待办事项", "领取", "是本人，认证通过"):
        desk.goes_to(name)
    desk.page.wait_for_url("**/cases")
    assert faults(desk) == []
    desk.goes_to("撤回结论")
    desk.page.wait_for_url(f"**/cases/{case}")
    with rt.sessions() as session:
        assert session.get_one(Case, case).verdict is None
        assert session.scalars(select(Evidence)).one().withdrawn_at is not None
    desk.goes_to("领取")
    desk.goes_to("听不出来，请他换一种办法")
    with rt.sessions() as session:
        assert session.get_one(Case, case).verdict == "unsure"
    assert desk.faults == []


def test_the_wrong_person_at_the_desk_is_taken_back_by_keys_alone_and_put_back_by_a_supervisor(
    chromium: Browser, url: str, rt: Runtime, wu: Person, hired: Hire
) -> None:
    desk, chief = Desk.at(chromium, rt, url), Desk.at(chromium, rt, url)
    for one, account in ((desk, hired(ZHAO, Role.CLERK, region="kunming")), (chief, hired(WEI, Role.SUPERVISOR))):
        one.signs_in(account)
        one.page.goto(f"{url}people/{wu.id}")
    tabs_to(desk, "input[name=seen]")
    desk.page.keyboard.press("Space")
    desk.goes_to("当面认证")
    with rt.sessions() as session:
        evidence = session.scalars(select(Evidence)).one()
    tabs_to(desk, "summary")
    desk.page.keyboard.press("Enter")
    assert faults(desk) == []
    tabs_to(desk, "input[name=why]")
    desk.page.keyboard.insert_text("窗口点错了人")
    tabs_to(desk, "input[name=sure]")
    desk.page.keyboard.press("Space")
    desk.goes_to("登记有误，撤回")
    assert "已撤回" in desk.page.get_by_role("status").first.inner_text()
    chief.page.reload()
    for language in LANGUAGES:
        if language != FIRST:
            chief.page.get_by_role("button", name=LANGUAGES[language]).click()
            chief.page.locator(f"html[lang={language}]").wait_for(state="attached")
        assert faults(chief) == []
    tabs_to(chief, f"#sign-{evidence.id} summary")
    chief.page.keyboard.press("Enter")
    assert faults(chief) == []
    tabs_to(chief, "input[name=why]")
    chief.page.keyboard.insert_text("没有点错")
    tabs_to(chief, "input[name=sure]")
    chief.page.keyboard.press("Space")
    chief.goes_to("No mistake")
    with rt.sessions() as session:
        assert session.get_one(Evidence, evidence.id).withdrawn_at is None
    assert desk.faults == chief.faults == []


def test_an_agent_takes_its_own_back_and_a_visitor_goes_once_more_by_keys_alone(
    chromium: Browser, url: str, rt: Runtime, wu: Person, hired: Hire
) -> None:
    with rt.sessions.begin() as session:
        agent = agents.add(session, rt, name="机床厂", kind=AgentKind.EMPLOYER, region="kunming", by="cli")
        agents.assign(session, rt, agent, session.get_one(Person, wu.id), "cli")
    visit, li = given(rt, wu), hired("李上门", Role.VISITOR, region="kunming")
    with rt.sessions.begin() as session:
        row = session.get_one(Visit, visit)
        met = visits.report(session, rt, row, visitor=li.name, outcome=visits.Outcome.MET, text="在家")
        assert met is not None
        withdrawing.withdraw(session, rt, met.evidence.id, by=WEI, why="走错了门", supervisor=True)
    wang, chief = Desk.at(chromium, rt, url), Desk.at(chromium, rt, url)
    wang.signs_in(hired("王代办", Role.AGENT, agent=agent))
    wang.page.goto(f"{url}mine")
    for box in ("input[name=person]", "input[name=seen]"):
        tabs_to(wang, box)
        wang.page.keyboard.press("Space")
    wang.goes_to("认证勾选的人")
    tabs_to(wang, "summary")
    wang.page.keyboard.press("Enter")
    assert faults(wang) == []
    tabs_to(wang, "input[name=why]")
    wang.page.keyboard.insert_text("看错了人")
    tabs_to(wang, "input[name=sure]")
    wang.page.keyboard.press("Space")
    wang.goes_to("登记有误，撤回")
    assert "已撤回" in wang.page.get_by_role("status").first.inner_text()
    with rt.sessions() as session:
        assert all(one.withdrawn_at is not None for one in session.scalars(select(Evidence)))

    chief.signs_in(hired(WEI, Role.SUPERVISOR, region="kunming"))
    chief.page.goto(f"{url}visits/{visit}")
    assert faults(chief) == []
    chief.goes_to("再去一次")
    assert "已派 李上门" in chief.page.get_by_role("status").first.inner_text()
    with rt.sessions() as session:
        made = session.scalars(select(Visit).where(Visit.id != visit)).one()
        assert (made.state, made.visitor) == ("assigned", li.name)
    assert wang.faults == chief.faults == []
