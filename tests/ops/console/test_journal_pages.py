"""The journal's pages: searched, verified, as a file; and who listened to which recording. Nobody changes anything."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from io import BytesIO, StringIO
from urllib.parse import urlencode

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser as Chromium
from sqlalchemy import select, text

from certification import cases, journal, people
from certification.cases import CaseKind
from certification.listened import LISTENED
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import JournalCheck, Person
from ops.console.language import LANGUAGES
from tests.certification.numbers import resident_number
from tests.certification.suspending import journalled
from tests.ops.console.browser import HERE, Browser, Hire
from tests.ops.console.chromium import SIZE, TABLET, Desk, served

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Another = Callable[[str], Browser]
JOURNAL = "/console/journal"
EVIL = "<script>alert(1)</script>\"'"


@pytest.fixture
def auditor(browser: Browser, hired: Hire) -> Browser:
    """Auditor Qian, who sees everything, signed in."""
    browser.signs_in(hired("钱审计", Role.AUDITOR))
    return browser


@pytest.fixture
def far(rt: Runtime) -> Person:
    """Ms He of Nanjing."""
    with rt.sessions.begin() as session:
        number = resident_number("320102", 1951, 3, 2)
        return people.add(session, rt, id_number=number, name="何女士", region="nanjing", phone="13905170001")


def writes(rt: Runtime, action: str, subject: str, actor: str = "line", **facts: object) -> None:
    with rt.sessions.begin() as session:
        journal.write(session, rt.now(), actor, action, subject, **facts)


def case_of(rt: Runtime, person: Person, cause: str = "a") -> str:
    with rt.sessions.begin() as session:
        mine = session.get_one(Person, person.id)
        return cases.open_case(session, rt, kind=CaseKind.VOICE_DOUBT, cause=cause, person=mine).id


def looks(browser: Browser, **given: object) -> int:
    return browser.open(f"{JOURNAL}?{urlencode(given)}").status_code


def rows(browser: Browser) -> list[str]:
    """The numbers of the entries on the page."""
    return [one.split('"')[0] for one in browser.page.split('<tr id="e')[1:]]


def test_entries_are_searched_by_filters_in_the_address(auditor: Browser, rt: Runtime, wu: Person) -> None:
    writes(rt, "case taken", "case:x", "李审核", kind="voice_doubt", many=[1, 2], none=None)
    assert looks(auditor) == 200
    assert "领取待办事项" in auditor.page and "many: 1, 2" in auditor.page and "none: –" in auditor.page
    everything = rows(auditor)
    assert "登录" in auditor.page and len(everything) >= 4 and "都与写入时一样" in auditor.page
    assert looks(auditor, action="case taken") == 200 and len(rows(auditor)) == 1
    assert looks(auditor, actor="李审核") == 200 and len(rows(auditor)) == 1
    assert looks(auditor, subject=f"person:{wu.id}") == 200
    assert f"/console/people/{wu.id}" in auditor.page, "auditors find people"
    assert len(journalled(rt, "journal searched")) == 2, "what was looked for of somebody"
    assert json.loads(journalled(rt, "journal searched")[0]) == {"who": "李审核"}
    assert looks(auditor, since="2030-01-01") == 200 and "没有符合条件的记录" in auditor.page
    for wrong in ({"since": "x"}, {"before": "x"}, {"before": "9" * 12}, {"actor": "x" * 201}):
        assert looks(auditor, **wrong) == 400


def test_the_page_of_a_person_leads_to_what_the_journal_says_of_them(auditor: Browser, wu: Person) -> None:
    auditor.open(f"/console/people/{wu.id}")
    [there] = re.findall(r'href="(/console/journal\?subject=[^"]+)"', auditor.page)
    assert auditor.open(there).status_code == 200
    assert len(rows(auditor)) > 0 and auditor.page.count("查看人员") > 1, "the choice, and the entry of that look"


def test_older_pages_go_on_where_the_last_one_ended(auditor: Browser, rt: Runtime) -> None:
    for n in range(25):
        with rt.sessions.begin() as session:
            for one in range(10):
                journal.write(session, rt.now(), "line", "call ended", f"call:{n}-{one}")
    looks(auditor, action="call ended")
    seen = rows(auditor)
    assert len(seen) == 100
    for number in (100, 50):
        [older] = re.findall(r'href="[^"]*before=(\d+)', auditor.page)
        assert older == seen[-1]
        looks(auditor, action="call ended", before=older)
        seen += rows(auditor)
        assert len(rows(auditor)) == number
    assert len(set(seen)) == 250 and seen == sorted(seen, key=int, reverse=True)
    assert "更早的" not in auditor.page and "回到最新" in auditor.page


def test_an_entry_that_was_tampered_with_is_found_on_its_page(auditor: Browser, rt: Runtime, wu: Person) -> None:
    writes(rt, "case taken", "case:x", "李审核")
    with rt.sessions.begin() as session:
        session.execute(text("UPDATE journal SET actor = '王审核' WHERE action = 'case taken'"))
    looks(auditor, action="case taken")
    assert "本页有 1 条对不上" in auditor.page and "写入后被改动过" in auditor.page
    looks(auditor, action="person added")
    assert "都与写入时一样" in auditor.page


def begun(browser: Browser) -> str:
    browser.open(f"{JOURNAL}/check")
    browser.send(f"{JOURNAL}/check", follow=True)
    return browser.page.split("/journal/check/")[1].split("/")[0]


def test_the_whole_journal_is_verified_and_the_first_broken_entry_is_named(auditor: Browser, rt: Runtime) -> None:
    assert looks(auditor) == 200 and "还没有核对过" in auditor.page
    answer = auditor.open(f"{JOURNAL}/check/{begun(auditor)}/events")
    assert answer.mimetype == "text/event-stream"
    auditor.open(f"{JOURNAL}/check")
    with rt.sessions() as session:
        [done] = session.scalars(select(JournalCheck))
    assert f"第 1 到 {done.until} 条完好" in auditor.page and done.head in auditor.page
    assert looks(auditor) == 200 and f"第 1 到 {done.until} 条完好" in auditor.page
    with rt.sessions.begin() as session:
        session.execute(text("UPDATE journal SET detail = '{}' WHERE seq = 2"))
    auditor.open(f"{JOURNAL}/check/{begun(auditor)}/events")
    auditor.open(f"{JOURNAL}/check")
    assert "第 2 条对不上：写入后被改动过" in auditor.page
    assert auditor.open(f"{JOURNAL}/check/{'0' * 32}/events").status_code == 404


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_entries_are_sent_as_a_file_which_is_journalled(auditor: Browser, rt: Runtime, kind: str) -> None:
    writes(rt, "case taken", "case:x", "=李审核", why="=1+1")
    answer = auditor.client.get(f"{JOURNAL}/file.{kind}?action=case+taken", base_url=HERE)
    content = answer.get_data()
    answer.close()
    if kind == "csv":
        [_, row] = csv.reader(StringIO(content.decode("utf-8-sig")))
    else:
        sheet = load_workbook(BytesIO(content)).active
        assert sheet is not None
        row = [str(cell.value) for cell in list(sheet.iter_rows())[1]]
    assert row[2] == ("'=李审核" if kind == "csv" else "=李审核")
    assert (row[3], row[4], json.loads(row[5])) == ("case taken", "case:x", {"why": "=1+1"})
    assert json.loads(journalled(rt, "journal exported")[0]) == {"kind": kind, "rows": 1, "what": "case taken"}
    assert auditor.open(f"{JOURNAL}/file.pdf").status_code == 404


def test_what_a_stranger_wrote_is_shown_and_not_run(auditor: Browser, rt: Runtime) -> None:
    writes(rt, EVIL, EVIL, EVIL, evil=EVIL)
    for path in (JOURNAL, f"{JOURNAL}?{urlencode({'subject': EVIL, 'actor': EVIL, 'action': EVIL})}"):
        page = auditor.client.get(path, base_url=HERE).get_data(as_text=True)
        assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_who_is_of_a_region_names_somebody_of_theirs_first(
    another: Another, hired: Hire, rt: Runtime, wu: Person, far: Person
) -> None:
    mine, theirs = case_of(rt, wu), case_of(rt, far, "b")
    for name, role, region in (("周主管", Role.SUPERVISOR, "kunming"), ("郑审计", Role.AUDITOR, "kunming")):
        browser = another("192.0.2.1")
        browser.signs_in(hired(name, role, region=region))
        assert looks(browser) == 200
        assert "您的账号只看本地区" in browser.page and rows(browser) == []
        assert looks(browser, actor="line") == 200 and rows(browser) == []
        for subject in (f"person:{wu.id}", f"case:{mine}"):
            assert looks(browser, subject=subject) == 200 and rows(browser)
        for subject in (f"person:{far.id}", f"case:{theirs}", "person:x", "staff:x", "case:x", "keys"):
            assert looks(browser, subject=subject) == 404, subject
            assert browser.open(f"{JOURNAL}/file.csv?{urlencode({'subject': subject})}").status_code == 404
        assert browser.open(f"{JOURNAL}/file.csv").status_code == 404, "not the whole of it"


def test_an_administrator_sees_what_happened_to_accounts_and_machines(
    another: Another, hired: Hire, rt: Runtime, wu: Person
) -> None:
    browser = another("192.0.2.1")
    browser.signs_in(hired("孙管理", Role.ADMINISTRATOR))
    writes(rt, "periods opened", "periods", "schedule", opened=3)
    assert looks(browser) == 200
    assert "认证期开启" in browser.page and "登录" in browser.page
    assert wu.id not in browser.page and "登记人员" not in browser.page
    for given in ({"action": "person added"}, {"subject": f"person:{wu.id}"}):
        assert looks(browser, **given) == 200 and rows(browser) == []
    answer = browser.client.get(f"{JOURNAL}/file.csv", base_url=HERE)
    assert wu.id not in answer.get_data(as_text=True)
    answer.close()
    assert browser.open(f"{JOURNAL}/listened").status_code == 403


def test_who_listened_is_counted_with_the_unusual_first(
    auditor: Browser, another: Another, hired: Hire, rt: Runtime, wu: Person, far: Person
) -> None:
    mine, theirs = case_of(rt, wu), case_of(rt, far, "b")
    writes(rt, "case taken", f"case:{mine}", "李审核")
    for by, case, recording in (("李审核", mine, "r1"), ("王审核", mine, "r1"), ("李审核", theirs, "r2")):
        writes(rt, LISTENED, f"recording:{recording}", by, case=case)
    today = rt.now().date().isoformat()
    auditor.open(f"{JOURNAL}/listened")
    assert auditor.page.count("异常</span>") == 2 and "共听了 3 次" in auditor.page
    auditor.open(f"{JOURNAL}/listened?by=person&until={today}")
    assert f"/console/people/{wu.id}" in auditor.page and far.id in auditor.page
    auditor.open(f"{JOURNAL}/listened?by=recording")
    assert "r1" in auditor.page and "r2" in auditor.page
    auditor.open(f"{JOURNAL}/listened?until=2020-01-01")
    assert "没有人听过录音" in auditor.page
    assert auditor.open(f"{JOURNAL}/listened?by=x").status_code == 404
    assert auditor.open(f"{JOURNAL}/listened?since=x").status_code == 400
    answer = auditor.client.get(f"{JOURNAL}/listened.csv?by=recording", base_url=HERE)
    [_, *found] = csv.reader(StringIO(answer.get_data(as_text=True).lstrip("\ufeff")))
    answer.close()
    assert sorted((one[0], one[1], one[4]) for one in found) == [("r1", "2", "1"), ("r2", "1", "1")]
    assert len(journalled(rt, "journal exported")) == 1
    supervisor = another("192.0.2.2")
    supervisor.signs_in(hired("周主管", Role.SUPERVISOR, region="nanjing"))
    supervisor.open(f"{JOURNAL}/listened?by=recording")
    assert "r2" in supervisor.page and "r1" not in supervisor.page


def test_the_journal_is_verified_before_ones_eyes(chromium: Chromium, rt: Runtime, hired: Hire) -> None:
    with served(rt) as url:
        desk = Desk.at(chromium, rt, url)
        desk.signs_in(hired("钱审计", Role.AUDITOR))
        desk.goes_to("日志")
        desk.goes_to("核对全部日志")
        desk.goes_to("开始核对")
        desk.page.get_by_text("条完好").first.wait_for()
        assert desk.page.get_by_role("button", name="开始核对").is_visible()
        assert desk.faults == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_and_no_page_is_wider_than_a_tablet(
    chromium: Chromium, rt: Runtime, hired: Hire, wu: Person, language: str
) -> None:
    case = case_of(rt, wu)
    writes(rt, LISTENED, "recording:" + "a" * 32, "李审核", case=case)
    hired("李审核", Role.OPERATOR)
    found = list[tuple[str, list[str]]]()
    with served(rt) as url:
        desk = Desk.at(chromium, rt, url)
        desk.page.goto(f"{url}sign-in")
        if language != "zh":
            desk.page.get_by_role("button", name=LANGUAGES[language]).click()
        desk.signs_in(hired("钱审计", Role.AUDITOR))
        pages = ["", "?actor=nobody", "/check", "/listened", "/listened?by=person", "/listened?until=2020-01-01"]
        for path in pages:
            desk.page.goto(f"{url}journal{path}")
            assert desk.page.locator("html").get_attribute("lang") == language
            found.append((path, desk.violations()))
            desk.page.set_viewport_size(TABLET)
            wide = desk.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, f"{path} is {wide} px too wide"
            desk.page.set_viewport_size(SIZE)
        with rt.sessions.begin() as session:
            session.execute(text("UPDATE journal SET actor = 'x' WHERE seq = 1"))
        desk.page.goto(f"{url}journal")
        found.append(("broken", desk.violations()))
        desk.page.goto(f"{url}journal/check")
        desk.page.locator("main form button").click()
        desk.page.locator("main table .differs").wait_for()
        found.append(("check", desk.violations()))
        assert desk.faults == []
    assert [one for one in found if one[1]] == []


@pytest.mark.parametrize("page", [JOURNAL, f"{JOURNAL}/listened", f"{JOURNAL}/file.csv"])
@pytest.mark.parametrize("day", ["since=0001-01-01", "until=0001-01-01", "until=9999-12-31", "since=x"])
def test_a_day_that_nothing_can_be_reckoned_from_is_none(auditor: Browser, page: str, day: str) -> None:
    assert auditor.open(f"{page}?{day}").status_code == 400
