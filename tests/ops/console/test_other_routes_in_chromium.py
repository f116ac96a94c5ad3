"""The other routes in a real browser: a visitor's round by touch and by keys on a tablet; axe-core on every page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, ViewportSize
from sqlalchemy import select

from certification import agents, appointments, cases, certifying, needs, papers, people, visits
from certification.agents import AgentKind
from certification.cases import CaseKind
from certification.needs import Declared
from certification.papers import Document, DocumentKind, PaperKind
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Evidence, Person, Visit
from ops.console.language import LANGUAGES
from tests.certification.numbers import resident_number
from tests.ops.console.browser import Hire
from tests.ops.console.chromium import SIZE, Desk
from tests.ops.console.test_rounds import given

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TABLET = ViewportSize(width=820, height=1180)
LEAST = 44  # px: as WCAG 2.2 has it for what a finger is to hit


def tablet(chromium: Browser, rt: Runtime, url: str) -> Desk:
    """Somebody with a tablet in their hands."""
    page, faults = chromium.new_context(viewport=TABLET, has_touch=True).new_page(), list[str]()
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    return Desk(page, rt, url, faults)


def outcomes(rt: Runtime) -> list[str | None]:
    with rt.sessions() as session:
        return list(session.scalars(select(Visit.outcome).order_by(Visit.reported_at)))


def test_a_round_is_made_by_touch(chromium: Browser, url: str, rt: Runtime, wu: Person, hired: Hire) -> None:
    given(rt, wu, address="翠湖北路 1 号")
    desk = tablet(chromium, rt, url)
    desk.signs_in(hired("李上门", Role.VISITOR, region="kunming"))
    page = desk.page
    page.locator("main").get_by_role("link", name="我的上门任务").tap()
    page.get_by_role("link", name="吴先生").tap()
    page.get_by_text("翠湖北路 1 号").wait_for()
    for target in page.locator("main .choice, main button, main a.button").all():
        box = target.bounding_box()
        assert box is not None and box["height"] >= LEAST, target.inner_text()
    page.get_by_label("见到本人", exact=True).tap()
    page.get_by_label("核对了身份证").tap()
    page.get_by_label("核对无误").tap()
    page.get_by_label("照片").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff x"})
    page.get_by_role("button", name="登记").tap()
    page.get_by_text("今天没有上门任务").wait_for()
    with rt.sessions() as session:
        [evidence] = session.scalars(select(Evidence))
        [visit] = session.scalars(select(Visit))
        assert visit.photo_sealed is not None
    assert evidence.receipt in page.get_by_role("status").inner_text()
    assert desk.faults == []


def test_a_round_is_made_by_keys(chromium: Browser, url: str, rt: Runtime, wu: Person, hired: Hire) -> None:
    given(rt, wu)
    desk = tablet(chromium, rt, url)
    desk.signs_in(hired("李上门", Role.VISITOR, region="kunming"))
    desk.goes_to("我的上门任务")
    desk.goes_to("吴先生")
    focused, press = desk.page.evaluate, desk.page.keyboard.press
    for _ in range(30):
        press("Tab")
        if focused("document.activeElement.name") == "outcome":
            break
    press("ArrowDown")  # past the first: not at home
    assert focused("document.querySelector('[name=outcome]:checked').value") == "absent"
    for _ in range(10):
        press("Tab")
        if focused("document.activeElement.name") == "sure":
            break
    press("Space")
    desk.goes_to("登记")
    desk.page.get_by_text("今天没有上门任务").wait_for()
    assert outcomes(rt) == ["absent"] and desk.faults == []


def town(rt: Runtime) -> tuple[Person, str, list[str]]:
    """Somebody of Nanjing with everything there is; a visit to be made, and the pages on which it is all shown."""
    with rt.sessions.begin() as session:
        number = resident_number("320102", 1950, 5, 15)
        he = people.add(session, rt, id_number=number, name="何女士", region="nanjing", phone="13888000009")
        needs.declare(session, rt, he, Declared.ALONE, "clerk")
        day = certifying.day_of(rt.now())
        letter = papers.letter(session, rt, he, [Document(DocumentKind.BOOKLET, day)], "clerk")
        form = papers.issue(session, rt, he, PaperKind.OWN, "clerk")
        asked = visits.ask(session, rt, he, cause="a", by="clerk")
        other = people.add(
            session, rt, id_number=resident_number("320102", 1951, 5, 15), name="郑女士", region="nanjing"
        )
        at = appointments.free(session, rt, rt.regions["nanjing"])[0]
        appointments.book(session, rt, he, at.office, at.at, "clerk")
        cases.open_case(session, rt, kind=CaseKind.NO_TEMPLATE, cause="x", person=other)
        cancelled = appointments.book(session, rt, other, at.office, at.at, "clerk")
        appointments.cancel(session, rt, other, "clerk")
        assert cancelled.state == "cancelled"
    visit = given(rt, other)
    day_of = certifying.day_of(at.at).isoformat()
    return (
        other,
        visit,
        [
            "roll",
            "roll?stand=overdue",
            "papers",
            "papers?state=accepted",
            f"papers/{letter.id}",
            f"papers/{form.id}",
            "visits",
            f"visits/{asked.id}",
            f"visits/{visit}",
            f"people/{he.id}/ways",
            f"people/{other.id}/ways",
            f"appointments?day={day_of}",
            "appointments?day=2026-01-01",
        ],
    )


def looked_at(desk: Desk, paths: list[str], language: str) -> list[tuple[str, list[str]]]:
    """What axe finds on each page, and whether it is wider than a tablet."""
    found = list[tuple[str, list[str]]]()
    for path in paths:
        desk.page.set_viewport_size(SIZE)
        desk.page.goto(desk.url + path)
        assert desk.page.locator("html").get_attribute("lang") == language
        found.append((path, desk.violations()))
        desk.page.set_viewport_size(TABLET)
        wide = desk.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{path} is {wide} px too wide"
    return [one for one in found if one[1]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_on_any_page(
    chromium: Browser, url: str, rt: Runtime, hired: Hire, wu: Person, language: str
) -> None:
    other, visit, pages = town(rt)
    with rt.sessions.begin() as session:
        kind = AgentKind.EMPLOYER
        agent = agents.add(session, rt, name="机床厂", kind=kind, region="nanjing", by="clerk")
        agents.assign(session, rt, agent, other, "clerk")
    accounts = [
        (hired("赵经办", Role.CLERK, region="nanjing"), pages),
        (hired("周审计", Role.AUDITOR), ["roll", "papers", "visits", "appointments"]),
        (hired("李上门", Role.VISITOR, region="nanjing"), ["", "rounds", f"rounds/{visit}"]),
        (hired("王代办", Role.AGENT, agent=agent), ["", "mine", "mine?stand=done"]),
    ]
    found = list[tuple[str, list[str]]]()
    for account, paths in accounts:
        desk = Desk.at(chromium, rt, url)
        desk.page.goto(f"{url}sign-in")
        if language != "zh":
            desk.page.get_by_role("button", name=LANGUAGES[language]).click()
            desk.page.wait_for_load_state()
        desk.signs_in(account)
        found += looked_at(desk, paths, language)
        desk.page.context.close()
    assert found == []
