"""The pages of reports: what was counted shown, drawn and taken along; only of the region that somebody answers for."""

from __future__ import annotations

import csv
import re
from io import BytesIO

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser as Chromium
from sqlalchemy import select

from certification.reports import making
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Report
from ops.console.language import LANGUAGES
from ops.console.reports import drawing
from tests.certification.conftest import Clock, Queue
from tests.certification.reported import MONTHS, Known, recount, town
from tests.certification.suspending import journalled
from tests.ops.console.browser import Browser, Hire
from tests.ops.console.chromium import SIZE, TABLET, Desk, served

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SVG = ("reports/picture.svg", "reports/equity/picture.svg")


@pytest.fixture
def known(rt: Runtime, clock: Clock) -> list[Known]:
    """A town, counted."""
    found = town(rt, clock, 130)
    making.make(rt, "clerk", MONTHS)
    return found


@pytest.fixture
def zhou(browser: Browser, hired: Hire, known: list[Known]) -> Browser:
    """Supervisor Zhou of Kunming, signed in."""
    browser.signs_in(hired("周主管", Role.SUPERVISOR, region="kunming"))
    return browser


@pytest.fixture
def auditor(browser: Browser, hired: Hire, known: list[Known]) -> Browser:
    """An auditor of every region."""
    browser.signs_in(hired("郑审计", Role.AUDITOR))
    return browser


def lines(browser: Browser, path: str) -> list[list[str]]:
    """The lines of a CSV file."""
    answer = browser.client.get(f"/console/{path}", base_url="https://line.example")
    assert answer.status_code == 200 and answer.mimetype == "text/csv"
    text = answer.get_data().decode("utf-8-sig")
    answer.close()
    return list(csv.reader(text.splitlines()))


def certified(known: list[Known], region: str | None, month: str) -> int:
    """How many were certified in a month, by the plain recount."""
    return sum(
        count
        for (_, measure, of, _, place, *_), count in recount(known).items()
        if measure == "certified" and str(of)[:7] == month and region in (None, place)
    )


def test_a_table_and_its_file_say_what_was_counted(auditor: Browser, known: list[Known], rt: Runtime) -> None:
    assert auditor.open("/console/reports").status_code == 200
    heading, *rows, total = lines(auditor, "reports/table.csv")
    assert heading[:2] == ["月份", "已认证（人）"] and total[0] == "合计"
    for month, number, *_ in rows:
        assert int(number) == certified(known, None, month)
        assert re.search(rf'<th scope="row">{month}</th>\s*<td>{number}</td>', auditor.page)
    assert int(total[1]) == sum(int(row[1]) for row in rows)
    [journal] = journalled(rt, "report exported")
    assert "asked" in journal


def test_a_file_for_a_spreadsheet_holds_numbers(auditor: Browser) -> None:
    answer = auditor.client.get("/console/reports/table.xlsx?by=dialect", base_url="https://line.example")
    sheet = load_workbook(BytesIO(answer.get_data())).active
    answer.close()
    assert sheet is not None
    found = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert found[0][0] == "方言" and {row[0] for row in found[1:]} >= {"普通话", "四川话", "没有登记方言"}
    assert {type(row[1]) for row in found[1:]} <= {int, str} and any(isinstance(row[1], int) for row in found[1:])
    assert auditor.open("/console/reports/table.pdf").status_code == 404


def test_small_numbers_are_not_shown(auditor: Browser) -> None:
    auditor.open("/console/reports?by=phone&age=90")
    assert "不显示" in auditor.page and "人数" in auditor.page
    cells = [cell for row in lines(auditor, "reports/table.csv?by=phone&age=90")[1:] for cell in row[1:6]]
    assert "不显示" in cells
    assert not [cell for cell in cells if cell.isdigit() and 0 < int(cell) < 10]


def test_a_region_sees_its_own_alone(zhou: Browser, known: list[Known]) -> None:
    _, *rows, _ = lines(zhou, "reports/table.csv")
    assert [int(row[1]) for row in rows] == [certified(known, "kunming", row[0]) for row in rows]
    zhou.open("/console/reports")
    assert "青岛" not in zhou.page
    zhou.open("/console/reports/equity")
    assert "青岛" not in zhou.page and zhou.page.count("昆明") == zhou.page.count("dialect=kunming")
    for path in ("reports", "reports/picture.svg", "reports/table.csv", "reports/equity"):
        assert zhou.open(f"/console/{path}?region=qingdao").status_code == 404
        assert zhou.open(f"/console/{path}?region=kunming").status_code == 200
        assert zhou.open(f"/console/{path}?by=region").status_code == 404
    for path in ("reports/equity/picture.svg", "reports/equity/table.csv"):
        assert zhou.open(f"/console/{path}?region=qingdao").status_code == 404
    assert {row[0] for row in lines(zhou, "reports/equity/table.csv")[1:]} == {
        "",
        "方言",
        "年龄",
        "性别",
        "电话",
        "需要",
    }


def test_what_is_none_of_ours_is_no_page(auditor: Browser) -> None:
    for asked in (
        "by=name",
        "by=region%22%3E",
        "region=nowhere",
        "age=65",
        "route=x",
        "from=2026-13",
        "from=x",
        "dialect=<script>alert(1)</script>",
    ):
        assert auditor.open(f"/console/reports?{asked}").status_code == 404, asked
    assert auditor.open("/console/reports/equity?harm=x").status_code == 404


def test_whatever_is_asked_for_has_its_page_picture_and_file(auditor: Browser) -> None:
    for asked in (
        "by=route",
        "route=visit",
        "by=age&sex=female&region=kunming",
        "from=2026-02&to=2026-01",
        "from=1999-01&to=2999-01",
        "need=unknown&dialect=unknown",
        "region=xian&by=sex",
        "by=need&route=pin&from=2026-03",
    ):
        for path in ("reports", "reports/picture.svg", "reports/table.csv"):
            assert auditor.open(f"/console/{path}?{asked}").status_code == 200, (path, asked)


def test_the_equity_report_says_who_fares_worst_first(auditor: Browser) -> None:
    auditor.open("/console/reports/equity")
    heading, everybody, *rows = lines(auditor, "reports/equity/table.csv")
    assert len(heading) == 11 and everybody[1] == "全体"
    ranked = [row for row in rows if row[8]]
    assert [float(row[8]) for row in ranked] == sorted((float(row[8]) for row in ranked), reverse=True)
    shown = re.findall(r'<th scope="row">([^<（]+)（', auditor.page)
    assert shown == [row[1] for row in ranked], "the page has them in the same order"
    assert "没有哪一组确实比全体差" in auditor.page or "不像是偶然" in auditor.page
    for harm in ("suspended", "pin", "left"):
        assert auditor.open(f"/console/reports/equity?harm={harm}&by=dialect&region=kunming").status_code == 200
        assert auditor.open(f"/console/reports/equity/picture.svg?harm={harm}&by=dialect").status_code == 200


def test_a_picture_says_its_words_as_text(auditor: Browser) -> None:
    for path in SVG:
        answer = auditor.client.get(f"/console/{path}", base_url="https://line.example")
        text = answer.get_data(as_text=True)
        assert answer.mimetype == "image/svg+xml" and "system-ui" in text and "DejaVu" not in text, path
        assert "2026-02" in text if path == SVG[0] else "（方言）" in text
        assert not re.search(r"@\d+@", text), path


def test_words_in_a_picture_are_no_markup(database_url: str) -> None:
    text = drawing.bars(["<script>alert(1)</script>\"'"], [drawing.Panel("<b>", [1], ["&"])]).decode()
    assert "<script>" not in text and "&lt;script&gt;" in text and "&lt;b&gt;" in text


def test_before_the_first_count_it_is_said_what_to_do(browser: Browser, hired: Hire, queue: Queue, rt: Runtime) -> None:
    browser.signs_in(hired("孙管理", Role.ADMINISTRATOR))
    for path in ("reports", "reports/equity"):
        assert browser.open(f"/console/{path}").status_code == 200
        assert "还没有统计结果" in browser.page and "重新统计" in browser.page
        assert browser.open(f"/console/{path}/picture.svg").status_code == 404
        assert browser.open(f"/console/{path}/table.csv").status_code == 404


def test_a_count_is_asked_for_and_told_of_while_it_goes_on(
    zhou: Browser, rt: Runtime, queue: Queue, clock: Clock
) -> None:
    zhou.open("/console/reports")
    assert zhou.open("/console/reports/events").get_data(as_text=True) == "retry: 2000\ndata: \n\n"
    assert zhou.send("/console/reports/make", page="equity", follow=True).status_code == 200
    with rt.sessions() as session:
        report = session.scalars(select(Report).where(Report.state == making.MAKING)).one()
    assert (report.asked_by, queue.jobs) == ("周主管", [(making.JOB, report.id)])
    assert "已开始重新统计" in zhou.page and "正在统计" in zhou.page
    making.go_on(rt, report.id, 60)
    assert "正在统计：60 / 131 人" in zhou.open("/console/reports/events").get_data(as_text=True)
    zhou.open("/console/reports")
    assert "正在统计：60 / 131 人" in zhou.page and "重新统计</button>" not in zhou.page
    while making.go_on(rt, report.id, 60):
        pass
    assert zhou.open("/console/reports/events").get_data(as_text=True) == "retry: 2000\ndata: \n\n"


def test_an_auditor_sees_and_has_nothing_counted(auditor: Browser, rt: Runtime, queue: Queue) -> None:
    auditor.open("/console/reports")
    assert "重新统计" not in auditor.page.replace("report.make", "")
    assert auditor.send("/console/reports/make").status_code == 403
    assert queue.jobs == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_reports_by_keys_alone_and_axe_finds_nothing(
    chromium: Chromium, rt: Runtime, hired: Hire, known: list[Known], clock: Clock, language: str
) -> None:
    who = hired("周主管", Role.SUPERVISOR)
    with served(rt) as url:
        desk = Desk.at(chromium, rt, url)
        desk.page.goto(f"{url}sign-in")
        if language != "zh":
            desk.page.get_by_role("button", name=LANGUAGES[language]).click()
        desk.signs_in(who)
        desk.goes_to("报表" if language == "zh" else "Reports")
        desk.page.wait_for_url("**/reports")
        desk.goes_to("公平性" if language == "zh" else "Fairness")
        desk.page.wait_for_url("**/equity")
        for path in ("reports", "reports?by=dialect", "reports/equity", "reports/equity?harm=suspended"):
            desk.page.goto(url + path)
            drawn = "[...document.images].every((one) => one.complete && one.naturalWidth > 300)"
            desk.page.wait_for_function(drawn)
            assert desk.violations() == [], path
            desk.page.set_viewport_size(TABLET)
            assert desk.page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, path
            desk.page.set_viewport_size(SIZE)
        assert desk.faults == []


def test_the_page_shows_a_new_count_when_it_is_done(
    chromium: Chromium, rt: Runtime, hired: Hire, known: list[Known], clock: Clock
) -> None:
    who = hired("周主管", Role.SUPERVISOR)
    with served(rt) as url:
        desk = Desk.at(chromium, rt, url)
        desk.signs_in(who)
        clock.forward(minutes=5)
        desk.page.goto(f"{url}reports")
        desk.goes_to("重新统计")
        desk.page.get_by_text("正在统计").wait_for()
        with rt.sessions() as session:
            report = session.scalars(select(Report).where(Report.state == making.MAKING)).one()
        with desk.page.expect_navigation():
            while making.go_on(rt, report.id):
                pass
        desk.page.get_by_text("统计时间 2026-03-20 10:05").wait_for()
        assert desk.faults == []
