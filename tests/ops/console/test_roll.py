"""The roll: filters in the address, names as they are written, numbers masked, and files that are journalled."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from certification import desks, needs, people
from certification.needs import Declared
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import JournalEntry, Person
from tests.certification.numbers import resident_number
from tests.ops.console.browser import HERE, Browser, Hire

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Another = Callable[[str], Browser]
SCRIPT = """<script>alert(1)</script>"'"""
NUMBER = resident_number("530102", 1950, 5, 15)


def resident(rt: Runtime, year: int, name: str, region: str = "kunming") -> Person:
    with rt.sessions.begin() as session:
        number = resident_number("530102", year, 5, 15)
        return people.add(session, rt, id_number=number, name=name, region=region, dialect="sichuanese")


def fetched(browser: Browser, path: str) -> bytes:
    """What a page or a file holds, as it is sent."""
    answer = browser.client.get(f"/console/{path}", base_url=HERE)
    assert answer.status_code == 200
    content = answer.get_data()
    answer.close()
    return content


def entries(rt: Runtime, action: str) -> list[dict[str, object]]:
    with rt.sessions() as session:
        found = session.scalars(select(JournalEntry.detail).where(JournalEntry.action == action))
        return [json.loads(one) for one in found]


@pytest.fixture
def supervisor(browser: Browser, hired: Hire) -> Browser:
    """Supervisor Sun of Kunming, signed in."""
    browser.signs_in(hired("孙主管", Role.SUPERVISOR, region="kunming"))
    return browser


def test_filters_stand_in_the_address(supervisor: Browser, rt: Runtime, wu: Person) -> None:
    zheng = resident(rt, 1951, "郑女士")
    with rt.sessions.begin() as session:
        needs.declare(session, rt, session.get_one(Person, zheng.id), Declared.ALONE, "clerk")
        desks.certify(session, rt, session.get_one(Person, zheng.id), "clerk")
    assert supervisor.open("/console/roll").status_code == 200
    assert "吴先生" in supervisor.page and "郑女士" in supervisor.page
    assert NUMBER not in supervisor.page and f"{NUMBER[:4]}**********{NUMBER[-4:]}" in supervisor.page
    for query, who, others in (
        ("stand=certified&route=desk", "郑女士", "吴先生"),
        ("stand=due&days=30", "吴先生", "郑女士"),
        ("dialect=sichuanese", "郑女士", "吴先生"),
        ("need=alone", "郑女士", "吴先生"),
    ):
        supervisor.open(f"/console/roll?{query}")
        assert who in supervisor.page and others not in supervisor.page, query
    supervisor.open("/console/roll?stand=suspended")
    assert "没有符合条件的人" in supervisor.page
    assert entries(rt, "people listed")[-1] == {"filter": {"stand": "suspended"}, "found": 0}


@pytest.mark.parametrize("query", ["stand=x", "days=31", "after=x~y~z", "stand=due&after=x", "before=x", "need=x"])
def test_what_cannot_be_asked_is_no_such_page(supervisor: Browser, wu: Person, query: str) -> None:
    assert supervisor.open(f"/console/roll?{query}").status_code == 404


def test_pages_follow_each_other(supervisor: Browser, rt: Runtime) -> None:
    for year in range(1900, 1953):
        resident(rt, year, f"某{year}")
    supervisor.open("/console/roll")
    following = supervisor.page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    assert supervisor.page.count("某19") == 50
    assert supervisor.open(following).status_code == 200
    assert supervisor.page.count("某19") == 3 and 'rel="next"' not in supervisor.page


def test_a_region_sees_its_own_people_alone(another: Another, hired: Hire, rt: Runtime, wu: Person) -> None:
    elsewhere = another("192.0.2.9")
    elsewhere.signs_in(hired("钱主管", Role.SUPERVISOR, region="qingdao"))
    for path in ("roll", "roll?region=kunming", "roll?stand=due"):
        assert elsewhere.open(f"/console/{path}").status_code == 200
        assert "吴先生" not in elsewhere.page
    assert "吴先生" not in fetched(elsewhere, "roll.csv").decode()
    everybody = another("192.0.2.10")
    everybody.signs_in(hired("周审计", Role.AUDITOR))
    everybody.open("/console/roll?region=kunming")
    assert "吴先生" in everybody.page
    everybody.open("/console/roll?region=qingdao")
    assert "吴先生" not in everybody.page


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_masks_numbers_and_is_journalled(supervisor: Browser, rt: Runtime, wu: Person, kind: str) -> None:
    resident(rt, 1951, "=1+1")
    content = fetched(supervisor, f"roll.{kind}?stand=due&days=90")
    if kind == "csv":
        rows = list(csv.reader(content.decode("utf-8-sig").splitlines()))
    else:
        sheet = load_workbook(BytesIO(content)).active
        assert sheet is not None
        rows = [[str(cell.value or "") for cell in row] for row in sheet.iter_rows()]
    assert rows[0][0] == "姓名"
    names = {row[0].removeprefix("'") for row in rows[1:]}
    assert names == {"吴先生", "=1+1"}
    assert NUMBER not in str(rows) and f"{NUMBER[:4]}**********{NUMBER[-4:]}" in str(rows)
    facts = {"filter": {"stand": "due", "days": "90"}, "kind": kind, "rows": 2}
    assert entries(rt, "people exported") == [facts]
    assert supervisor.open("/console/roll.pdf").status_code == 404


def test_a_name_is_text(supervisor: Browser, rt: Runtime) -> None:
    resident(rt, 1951, SCRIPT)
    said = fetched(supervisor, "roll").decode()
    assert "<script>alert" not in said and "&lt;script&gt;" in said
