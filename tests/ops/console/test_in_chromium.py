"""The pages in a real browser: by keys alone, read by axe-core in both languages, on an office PC and on a tablet."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select

from certification import cases
from certification.cases import CaseKind
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Case, Evidence, Person
from ops.console.language import LANGUAGES
from tests.certification.suspending import journalled
from tests.certification.test_review import spoken
from tests.ops.console.browser import Account, Hire
from tests.ops.console.chromium import SIZE, TABLET, Desk
from tests.ops.console.test_review_room import heard

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def li(hired: Hire) -> Account:
    """Operator Li of Kunming."""
    return hired("李审核", Role.OPERATOR, region="kunming")


def ask(rt: Runtime, wu: Person, kind: CaseKind, cause: str) -> str:
    with rt.sessions.begin() as session:
        person = session.get_one(Person, wu.id)
        return cases.open_case(session, rt, kind=kind, cause=cause, person=person, detail={"first": True}).id


def test_a_voice_is_heard_and_certified_by_keys_alone(
    chromium: Browser, url: str, rt: Runtime, wu: Person, li: Account
) -> None:
    case = spoken(rt, wu)
    heard(rt, case)
    desk = Desk.at(chromium, rt, url)
    desk.signs_in(li)
    desk.goes_to("待办事项")
    desk.goes_to("领取")
    desk.page.wait_for_url(f"**/cases/{case}")
    playing = "side => [...document.querySelectorAll(`audio[data-side=${side}]`)].some((one) => one.readyState >= 3)"
    for side in ("A", "B"):
        desk.page.keyboard.press(side)
        desk.page.wait_for_function(playing, arg=side)
    assert len(journalled(rt, "recording listened to")) == 2
    desk.goes_to("是本人，认证通过")
    desk.page.wait_for_url("**/cases")
    with rt.sessions() as session:
        [evidence] = session.scalars(select(Evidence))
        assert session.get_one(Case, case).taken_by == li.name
    assert evidence.receipt in desk.page.get_by_role("status").first.inner_text()
    assert desk.faults == []


def test_a_new_case_appears_without_a_reload(chromium: Browser, url: str, rt: Runtime, wu: Person, li: Account) -> None:
    desk = Desk.at(chromium, rt, url)
    desk.signs_in(li)
    desk.page.goto(f"{url}cases")
    desk.page.get_by_text("现在没有等人处理的事").wait_for()
    desk.page.evaluate("window.loaded = 'once'")
    with desk.page.expect_response("**/cases/events"):
        pass
    ask(rt, wu, CaseKind.CALL_BACK, "x")
    desk.page.get_by_role("link", name="答应回电").wait_for()
    assert "已更新" in desk.page.get_by_role("status").inner_text()
    assert desk.page.evaluate("window.loaded") == "once"
    assert desk.faults == []


def pages(rt: Runtime, wu: Person) -> list[str]:
    voice = spoken(rt, wu)
    heard(rt, voice)
    more = [ask(rt, wu, kind, kind.value) for kind in (CaseKind.DEATH_REPORTED, CaseKind.CALL_BACK, CaseKind.URGENT)]
    people = ["people", f"people/{wu.id}"]
    return [
        "",
        "cases",
        "cases?kind=no_pin",
        *(f"cases/{one}" for one in (voice, *more)),
        *people,
        "password",
        "nowhere",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_and_no_page_is_wider_than_a_tablet(
    chromium: Browser, url: str, rt: Runtime, wu: Person, li: Account, language: str
) -> None:
    found, paths = list[tuple[str, list[str]]](), pages(rt, wu)
    desk = Desk.at(chromium, rt, url)
    desk.page.goto(f"{url}sign-in")
    if language != "zh":
        desk.page.get_by_role("button", name=LANGUAGES[language]).click()
    found.append(("sign-in", desk.violations()))
    desk.page.evaluate("document.querySelector('label').remove()")
    assert desk.violations(), "a field without a name is found"
    desk.signs_in(li)
    for path in paths:
        desk.page.goto(url + path)
        assert desk.page.locator("html").get_attribute("lang") == language
        if path.startswith("cases/"):
            desk.page.locator("main form button").click()  # take it
            desk.page.wait_for_load_state()
        found.append((path, desk.violations()))
        desk.page.set_viewport_size(TABLET)
        wide = desk.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{path} is {wide} px too wide"
        desk.page.set_viewport_size(SIZE)
    assert [one for one in found if one[1]] == []
