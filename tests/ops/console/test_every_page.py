"""Every page, in both languages: axe-core finds nothing, none is too wide or too small, and keys reach everything."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from certification import agents, consent, errands, people, staff, visits, withdrawing
from certification.agents import AgentKind
from certification.certifying import Recorded
from certification.errands import Kind
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Agent, Person, Staff, Visit, new_id
from ops import sittings
from ops.console.language import FIRST, LANGUAGES
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.test_review import spoken
from tests.ops.console.browser import Account, Hire
from tests.ops.console.chromium import SIZE, TABLET, Desk, launched, served
from tests.ops.console.test_matrix import MATRIX
from tests.ops.console.test_other_routes_in_chromium import town
from tests.ops.console.test_payments_in_chromium import everything
from tests.ops.console.test_review_room import heard
from tests.ops.console.test_rounds import given

PERSON = "people/<person_id>"
PAGES: dict[str, Role | None] = {
    "sign-in": None,
    "": Role.OPERATOR,
    "cases": Role.OPERATOR,
    "cases/<case_id>": Role.OPERATOR,
    "operators": Role.OPERATOR,
    "operators/<staff_id>": Role.OPERATOR,
    "people": Role.CLERK,
    "people/new": Role.CLERK,
    PERSON: Role.CLERK,
    f"{PERSON}/record": Role.CLERK,
    f"{PERSON}/card": Role.CLERK,
    f"{PERSON}/ways": Role.CLERK,
    f"{PERSON}/enrol": Role.CLERK,
    f"{PERSON}/enrol/microphone": Role.CLERK,
    "roll": Role.CLERK,
    "papers": Role.CLERK,
    "papers/<paper_id>": Role.CLERK,
    "visits": Role.CLERK,
    "visits/<visit_id>": Role.CLERK,
    "appointments": Role.CLERK,
    "password": Role.CLERK,
    "rounds": Role.VISITOR,
    "rounds/<visit_id>": Role.VISITOR,
    "mine": Role.AGENT,
    "suspensions": Role.SUPERVISOR,
    "suspensions/<list_id>": Role.SUPERVISOR,
    "runs": Role.SUPERVISOR,
    "runs/<run_id>": Role.SUPERVISOR,
    "errands": Role.SUPERVISOR,
    "errands/<errand_id>": Role.SUPERVISOR,
    "campaigns": Role.SUPERVISOR,
    "campaigns/<campaign_id>": Role.SUPERVISOR,
    "prompts": Role.SUPERVISOR,
    "prompts/<dialect>/<name>": Role.SUPERVISOR,
    "reports": Role.SUPERVISOR,
    "reports/equity": Role.SUPERVISOR,
    "agents": Role.AUDITOR,
    "agents/<agent_id>": Role.AUDITOR,
    "journal": Role.AUDITOR,
    "journal/check": Role.AUDITOR,
    "journal/listened": Role.AUDITOR,
    "staff": Role.ADMINISTRATOR,
}
"""Who opens each page here; what stands in < > is of `things`."""
BESIDES = {
    Role.OPERATOR: ("cases?kind=no_pin", "staff", "nowhere"),
    Role.CLERK: ("", f"{PERSON}/enrol?step=pin", "papers?state=accepted", "visits/<undone_id>"),
    Role.VISITOR: ("", "rounds/<undone_id>"),
    Role.AGENT: ("mine?stand=done",),
    Role.SUPERVISOR: ("cases/<case_id>", "roll", "operators", "journal"),
    Role.AUDITOR: ("cases/<case_id>", PERSON, f"{PERSON}/card", "suspensions/<list_id>", "runs/<run_id>", "staff"),
    Role.ADMINISTRATOR: ("", "campaigns/<campaign_id>"),
}
"""The same for others, empty lists, and what is refused: in the first language."""
KINDS = {"suspensions": "list_id", "runs": "run_id", "campaigns": "campaign_id"}
PROVIDERS = {"sign-in/provider", "sign-in/back", "sign-in/code"}
"""Only where there is a provider: read by test_provider_in_chromium."""


_WATCH = """() => {
  const main = document.getElementById("content"), head = document.querySelector("header nav");
  const part = head && !location.pathname.endsWith("/console/") ? main : document;  // the head is the same on all
  const all = "a[href], button, input:not([type=hidden]), select, textarea, summary, audio[controls], [tabindex='0']";
  window.wanted = [...part.querySelectorAll(all)].filter((one) => !one.disabled && one.checkVisibility());
  window.reached = new Set();
  window.unseen = new Set();
  document.addEventListener("focusin", ({target}) => {
    window.reached.add(target.type === "radio" ? target.name : target);
    if (target === main || getComputedStyle(target).outlineStyle !== "none") return;
    window.unseen.add(`focus unseen: ${target.outerHTML}`);
  });
  if (part === main) main.focus();
  const parts = (one) => one.matches("audio") ? 8 : one.matches("[type=date], [type=month]") ? 5 : 1;
  return window.wanted.reduce((sum, one) => sum + parts(one), 3);
}"""
_SMALL = """() => {
  const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const one = node.parentElement, drawn = one.ownerSVGElement, said = node.textContent.trim();
    if (!said || one.matches("script, style, option") || !one.checkVisibility()) continue;
    const size = parseFloat(getComputedStyle(one).fontSize) * (drawn ? one.getScreenCTM().a : 1);
    if (size < 17.9) found.push(`${size.toFixed(1)} px: ${said.slice(0, 30)}`);
  }
  for (const one of document.querySelectorAll("img.picture, img.drawn")) {  // their letters are 18 px in their own size
    if (one.complete && one.clientWidth < one.naturalWidth - 1) found.push(`shrunk: ${one.src}`);
  }
  return found;
}"""
_MISSING = """() => window.wanted.filter((one) => !window.reached.has(one.type === "radio" ? one.name : one))
  .map((one) => one.outerHTML.slice(0, 120))"""


def are_pages(path: str) -> bool:
    """Whether what has this address is read by people, and no file, picture, sound or stream."""
    return not ("." in path or path.endswith(("events", "/photo", "<path:filename>")))


def test_each_page_is_opened_here() -> None:
    got = {path.removeprefix("/console/") for method, path in MATRIX if method == "GET" and are_pages(path)}
    assert got == set(PAGES) | PROVIDERS


def things(rt: Runtime, clock: Clock, folder: Path) -> tuple[dict[str, str], Person]:
    """What stands for each part of an address, of a town in which everything was done; and somebody who lives there."""
    resident, visit, addresses = town(rt)
    paper = next(one for one in addresses if one.startswith("papers/")).partition("/")[2]
    more = everything(rt, clock, folder)
    found = {
        kind: next(one for one in reversed(more) if one.startswith(f"{kind}/")).partition("/")[2] for kind in KINDS
    }
    with rt.sessions.begin() as session:
        one = session.get_one(Person, resident.id)
        consent.record(session, rt, one, text="同意", how="desk", by="clerk")
        sittings.begin(session, rt, one, "clerk")
    case = spoken(rt, resident)
    heard(rt, case)
    with rt.sessions.begin() as session:
        errand = errands.ask(session, rt, new_id(), Kind.KNOWN_CASES, one.region, "clerk", of=3, recordings=5).id
    known = {"errand_id": errand, "person_id": resident.id, "case_id": case, "paper_id": paper, "visit_id": visit}
    return known | {part: found[kind] for kind, part in KINDS.items()} | {
        "dialect": "mandarin",
        "name": "greeting",
    }, one


def undone(rt: Runtime, account: Account, agent_id: str, resident: Person) -> str:
    """A visit whose sign of life was taken back; and whoever acts for the agent has just certified somebody."""
    with rt.sessions.begin() as session:
        number = resident_number("320102", 1953, 5, 15)
        sun = people.add(session, rt, id_number=number, name="孙女士", region=resident.region)
    visit = given(rt, sun)
    with rt.sessions.begin() as session:
        row = session.get_one(Visit, visit)
        met = visits.report(session, rt, row, visitor="李上门", outcome=visits.Outcome.MET, text="在家")
        assert met is not None
        withdrawing.withdraw(session, rt, met.evidence.id, by="魏主管", why="走错了门", supervisor=True)
        agent, person = session.get_one(Agent, agent_id), session.get_one(Person, resident.id)
        assert isinstance(agents.certify(session, rt, agent, person, by=account.name), Recorded)
    return visit


def staff_of(rt: Runtime, hired: Hire, resident: Person) -> dict[Role, Account]:
    """Somebody of each role."""
    with rt.sessions.begin() as session:
        agent = agents.add(session, rt, name="机床厂", kind=AgentKind.EMPLOYER, region=resident.region, by="cli")
        agents.assign(session, rt, agent, session.get_one(Person, resident.id), "cli")
    names = {role: f"某{role.value}" for role in Role} | {Role.VISITOR: "李上门"}
    return {role: hired(name, role, agent=agent if role is Role.AGENT else None) for role, name in names.items()}


def addresses(role: Role | None, known: dict[str, str], *, besides: bool) -> list[str]:
    """The pages that somebody of this role opens; `besides`: and what stands in BESIDES."""
    mine = [path for path, whose in PAGES.items() if whose is role] + list(BESIDES[role] if role and besides else ())
    for part, value in known.items():
        mine = [path.replace(f"<{part}>", value) for path in mine]
    return mine


def faults(desk: Desk, path: str, language: str) -> list[str]:
    """What is wrong with a page."""
    desk.page.set_viewport_size(SIZE)
    answer = desk.page.goto(desk.url + path)
    assert answer is not None
    found = [] if desk.page.url == desk.url + path else [f"leads to {desk.page.url}"]
    if answer.status != {"nowhere": 404}.get(path, 200) and (path, answer.status) != ("staff", 403):
        found.append(f"answers {answer.status}")
    if desk.page.locator("html").get_attribute("lang") != language or desk.page.locator("h1").count() != 1:
        found.append("has another language, or not one heading")
    found += desk.violations()
    for size in (SIZE, TABLET):
        desk.page.set_viewport_size(size)
        wide = desk.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        found += [f"is {wide} px too wide for {size['width']}"] if wide > 0 else []
        found += [f"has small letters, {one}" for one in desk.page.evaluate(_SMALL)]
    return found


def unreached(desk: Desk) -> list[str]:
    """What no Tab reaches behind the link that skips the head of the page, or is not seen to be reached."""
    desk.page.set_viewport_size(SIZE)
    presses = desk.page.evaluate(_WATCH)
    for _ in range(2):  # the second time from wherever it came to
        for _ in range(presses):
            desk.page.keyboard.press("Tab")
        if not (missing := desk.page.evaluate(_MISSING)):
            break
    return [f"no key reaches {one}" for one in missing] + list(desk.page.evaluate("[...window.unseen]"))


def identifier(rt: Runtime, account: Account) -> str:
    """By which an account is known."""
    with rt.sessions() as session:
        return session.scalars(select(Staff.id).where(Staff.name == account.name)).one()


def speaks(desk: Desk, language: str) -> None:
    """Have the pages in a language from here on."""
    if desk.page.locator("html").get_attribute("lang") != language:
        desk.page.get_by_role("button", name=LANGUAGES[language]).click()
        desk.page.locator(f"html[lang={language}]").wait_for(state="attached")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_axe_finds_nothing_no_page_is_too_wide_and_keys_reach_everything(
    rt: Runtime, clock: Clock, hired: Hire, tmp_path: Path
) -> None:
    known, resident = things(rt, clock, tmp_path)
    team = staff_of(rt, hired, resident)
    hired("钱某", Role.CLERK)
    with rt.sessions.begin() as session:
        staff.close(session, rt, "钱某", "孙管理")
    known["staff_id"] = identifier(rt, team[Role.OPERATOR])
    with rt.sessions() as session:
        known["agent_id"] = session.scalars(select(Agent.id).where(Agent.name == "机床厂")).one()
    known["undone_id"] = undone(rt, team[Role.AGENT], known["agent_id"], resident)
    wrong = dict[str, list[str]]()
    with served(rt) as url, launched() as chromium:
        for role in (None, *team):
            desk = Desk.at(chromium, rt, url)
            desk.page.goto(f"{url}sign-in")
            if role is not None:
                desk.signs_in(team[role])
            for language in LANGUAGES:
                speaks(desk, language)
                for path in addresses(role, known, besides=language == FIRST):
                    found = faults(desk, path, language) + (unreached(desk) if language == FIRST else [])
                    wrong[f"{role} {language} {path}"] = found
            if role is None:
                desk.page.evaluate("document.querySelector('main button').tabIndex = -1")
                assert unreached(desk), "a button that no key reaches is found"
            desk.page.context.close()
    assert [f"{page}: {one[:200]}" for page, found in wrong.items() for one in found] == []
