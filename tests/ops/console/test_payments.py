"""Suspensions in the console: two supervisors sign, one alone cannot; taken off a list, lifted, paid again."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from certification import people
from certification.doors import TRIES
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import PaymentList, Person, Suspension
from certification.suspension import lists
from ops import releases
from tests.certification.conftest import Clock
from tests.certification.suspending import MAY, REGION, certify, journalled, overdue, restore, states, suspend
from tests.ops.console.browser import PASSWORD, Account, Browser, Hire

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Another = Callable[[str], Browser]
LISTS = "/console/suspensions"
_DIGEST = re.compile(r'name="digest" value="([0-9a-f]{64})"')
NASTY = "<script>alert(1)</script>\"'"


@pytest.fixture
def listed(rt: Runtime, clock: Clock) -> str:
    """A list for May with two people on it, proposed by a clerk; where its page is."""
    overdue(rt, clock)
    overdue(rt, clock, 1951, name=NASTY)
    return proposed(rt)


def proposed(rt: Runtime, by: str = "赵经办") -> str:
    with rt.sessions.begin() as session:
        return f"{LISTS}/{lists.propose(session, rt, REGION, MAY, by).id}"


@pytest.fixture
def wang(hired: Hire) -> Account:
    """Supervisor Wang of Kunming."""
    return hired("王主管", Role.SUPERVISOR, region=REGION)


@pytest.fixture
def at_wang(browser: Browser, wang: Account, listed: str) -> Browser:
    """Wang, signed in, once the list is there."""
    browser.signs_in(wang)
    return browser


def enters(
    another: Another, hired: Hire, name: str, role: Role, region: str | None = REGION
) -> tuple[Browser, Account]:
    browser, account = another("192.0.2.7"), hired(name, role, region=region)
    browser.signs_in(account)
    return browser, account


def signs(browser: Browser, account: Account, page: str, clock: Clock, *, password: str = PASSWORD) -> int:
    """Look at the list and sign what it shows; the answer's status."""
    clock.forward(seconds=30)  # each code is good once
    browser.open(page)
    [digest] = _DIGEST.findall(browser.page) or [""]
    form = {"digest": digest, "password": password, "code": account.otp.at(browser.rt.now())}
    return browser.send(f"{page}/sign", token=None, follow=True, **form).status_code


def test_two_supervisors_sign_and_the_list_is_released(
    at_wang: Browser, wang: Account, another: Another, hired: Hire, listed: str, clock: Clock, rt: Runtime
) -> None:
    assert signs(at_wang, wang, listed, clock) == 200
    assert "还需要另一位主管签名" in at_wang.page and "您已签名" in at_wang.page and "release" not in at_wang.page
    assert at_wang.send(f"{listed}/release", sure="yes").status_code == 409, "one alone cannot"
    assert len(journalled(rt, "release refused")) == 1
    at_li, li = enters(another, hired, "李主管", Role.SUPERVISOR)
    assert signs(at_li, li, listed, clock) == 200
    assert "两位主管的签名齐了" in at_li.page and "王主管" in at_li.page
    at_li.send(f"{listed}/release", sure="yes", follow=True)
    assert "正在逐人核对" in at_li.page and told(at_li, listed) == ("checking", 0)
    assert at_li.send(f"{listed}/file").status_code == 404, "no file before it is whole"
    with rt.sessions() as session:
        assert {state for state, _ in states(session).values()} == {"proposed"}
    assert releases.go_on_with_lists(rt) == 1
    at_li.open(listed)
    assert "暂停 2 人" in at_li.page and told(at_li, listed) == ("released", 100)
    with rt.sessions() as session:
        assert {state for state, _ in states(session).values()} == {"suspended"}
        kept = session.scalars(select(PaymentList)).one()
    answer = at_li.client.post(f"{listed}/file", data=form_of(at_li), **at_li._from())
    assert sha256(answer.get_data()).hexdigest() == kept.sha256
    assert "kunming-2026-05" in answer.headers["Content-Disposition"]
    assert len(journalled(rt, "list file taken")) == 1


def told(browser: Browser, listed: str) -> tuple[str, int]:
    """What the page of a list is told when it asks for an event."""
    answer = browser.client.get(f"{listed}/events", **browser._from()).get_data(as_text=True)
    return (said := json.loads(answer.split("data: ")[1]))["state"], said["percent"]


def form_of(browser: Browser) -> dict[str, str]:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.page)
    assert found is not None
    return {"csrf_token": found.group(1)}


def test_the_same_supervisor_twice_is_one_signature(
    at_wang: Browser, wang: Account, listed: str, clock: Clock, rt: Runtime
) -> None:
    assert signs(at_wang, wang, listed, clock) == 200
    with rt.sessions() as session:
        digest = lists.digest(session, session.scalars(select(PaymentList)).one())
    clock.forward(seconds=30)
    form = {"digest": digest, "password": PASSWORD, "code": wang.otp.at(rt.now())}
    at_wang.send(f"{listed}/sign", token=None, follow=True, **form)
    assert "还需要另一位主管签名" in at_wang.page
    assert at_wang.send(f"{listed}/release", sure="yes").status_code == 409
    with rt.sessions() as session:
        assert {state for state, _ in states(session).values()} == {"proposed"}


def test_who_proposed_a_list_does_not_sign_it(
    at_wang: Browser, wang: Account, clock: Clock, rt: Runtime, listed: str
) -> None:
    with rt.sessions.begin() as session:
        session.scalars(select(PaymentList)).one().proposed_by = wang.name
    at_wang.open(listed)
    assert "名单是您提出的" in at_wang.page and _DIGEST.search(at_wang.page) is None
    assert signs(at_wang, wang, listed, clock) == 409
    assert len(journalled(rt, "signature refused")) == 1


def test_without_the_password_nothing_is_signed_and_the_door_locks(
    at_wang: Browser, wang: Account, listed: str, clock: Clock, rt: Runtime
) -> None:
    for _ in range(TRIES):
        assert signs(at_wang, wang, listed, clock, password="wrong") == 409
    assert signs(at_wang, wang, listed, clock) == 409
    assert journalled(rt, "list signed") == []


def test_a_list_that_changed_since_it_was_looked_at_is_not_signed(
    at_wang: Browser, wang: Account, listed: str, clock: Clock, rt: Runtime
) -> None:
    at_wang.open(listed)
    [digest] = _DIGEST.findall(at_wang.page)
    with rt.sessions.begin() as session:
        certify(session, rt, session.scalars(select(Person).order_by(Person.id)).first() or pytest.fail("nobody"))
    proposed(rt)
    clock.forward(seconds=30)
    form = {"digest": digest, "password": PASSWORD, "code": wang.otp.at(rt.now())}
    assert at_wang.send(f"{listed}/sign", token=None, **form).status_code == 409
    assert "名单已变动" in at_wang.page


def entry(rt: Runtime, name: str = NASTY) -> Suspension:
    with rt.sessions() as session:
        for one in session.scalars(select(Suspension)):
            if people.reveal(rt.keys, session.get_one(Person, one.person_id)).name == name:
                return one
    pytest.fail(name)


def test_somebody_is_taken_off_and_put_back_with_a_reason(
    at_wang: Browser, wang: Account, listed: str, clock: Clock, rt: Runtime
) -> None:
    signs(at_wang, wang, listed, clock)
    one = entry(rt)
    there = f"{listed}/people/{one.person_id}"
    assert at_wang.send(f"{there}/off", why=" ").status_code == 409
    at_wang.open(listed)
    assert at_wang.send(f"{there}/off", why="电话 13888800000").status_code == 409
    at_wang.open(listed)
    at_wang.send(f"{there}/off", follow=True, why="家属来函")
    assert "签名须重新办理" in at_wang.page and "0 / 2" in at_wang.page and "主管已把此人从名单上移出" in at_wang.page
    assert entry(rt).state == "held"
    at_wang.send(f"{there}/back", follow=True, why="写错了人")
    assert entry(rt).state == "proposed"
    assert at_wang.send(f"{listed}/people/{'0' * 32}/off", why="x").status_code == 404


def test_a_suspension_is_lifted_taken_back_and_paid_again(
    browser: Browser, wang: Account, clock: Clock, rt: Runtime
) -> None:
    overdue(rt, clock)
    suspend(rt)
    browser.signs_in(wang)
    one = entry(rt, "吴先生")
    there = f"{LISTS}/entries/{one.id}"

    def turn(deed: str, password: str = PASSWORD) -> int:
        clock.forward(seconds=30)
        browser.open(f"{LISTS}/{one.list_id}")
        form = {"password": password, "code": wang.otp.at(rt.now()), "why": "文书有误"}
        return browser.send(f"{there}/{deed}", token=None, follow=True, **form).status_code

    assert turn("lift", password="wrong") == 409
    assert turn("lift") == 200
    assert entry(rt, "吴先生").state == "lifted" and "收回解除" in browser.page
    assert turn("suspend-again") == 200
    assert entry(rt, "吴先生").state == "suspended"
    assert turn("lift") == 200
    browser.open(LISTS)
    assert "等待恢复发放" in browser.page
    restore(rt)
    assert turn("suspend-again") == 409


def test_who_is_on_a_list_is_shown_masked_with_how_they_were_tried(at_wang: Browser, listed: str, rt: Runtime) -> None:
    at_wang.open(listed)
    with rt.sessions() as session:
        numbers = [people.reveal(rt.keys, one).number for one in session.scalars(select(Person))]
    assert not [number for number in numbers if number in at_wang.page]
    assert numbers[0][:4] + "*" in at_wang.page
    assert "短信" in at_wang.page and "电话（自动）" in at_wang.page and "还有 21 天" in at_wang.page
    raw = at_wang.client.get(listed, **at_wang._from()).get_data(as_text=True)
    assert "<script>alert" not in raw and "&lt;script&gt;" in raw
    assert len(journalled(rt, "list shown")) == 2
    at_wang.open(f"{listed}?state=held")
    assert "没有符合条件的人" in at_wang.page
    assert at_wang.open(f"{listed}?state=x").status_code == 404


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_list_is_exported_masked_and_journalled(at_wang: Browser, listed: str, rt: Runtime, kind: str) -> None:
    answer = at_wang.client.get(f"{listed}/people.{kind}?state=proposed", **at_wang._from())
    if kind == "csv":
        rows = list(csv.reader(answer.get_data().decode("utf-8-sig").splitlines()))
    else:
        sheet = load_workbook(BytesIO(answer.get_data())).active
        assert sheet is not None
        rows = [[str(cell.value) for cell in row] for row in sheet.iter_rows()]
    answer.close()
    assert len(rows) == 3 and {row[1] for row in rows[1:]} == {"吴先生", NASTY}
    assert all("*" in row[0] and "短信" in row[5] for row in rows[1:])
    assert len(journalled(rt, "list exported")) == 1
    assert at_wang.open(f"{listed}/people.pdf").status_code == 404


def test_lists_are_found_by_month_region_and_stage(browser: Browser, hired: Hire, listed: str) -> None:
    browser.signs_in(hired("周审计", Role.AUDITOR))
    for query, there in (
        ("", True),
        ("?month=2026-05&region=kunming&stage=open", True),
        ("?month=2026-06", False),
        ("?region=qingdao", False),
        ("?stage=released", False),
        ("?stage=restoration", False),
    ):
        browser.open(LISTS + query)
        assert (listed in browser.page) == there, query


def deeds(rt: Runtime, listed: str) -> list[str]:
    one = entry(rt)
    there = f"{listed}/people/{one.person_id}"
    entries = f"{LISTS}/entries/{one.id}"
    return [f"{listed}/sign", f"{listed}/release", f"{there}/off", f"{there}/back", f"{listed}/file"] + [
        f"{entries}/{deed}" for deed in ("lift", "suspend-again")
    ]


def test_another_regions_list_is_no_such_page(another: Another, hired: Hire, listed: str, rt: Runtime) -> None:
    browser, _ = enters(another, hired, "孙主管", Role.SUPERVISOR, "qingdao")
    browser.open("/console/")
    for deed in deeds(rt, listed):
        assert browser.send(deed, why="x", password=PASSWORD).status_code == 404, deed
    assert browser.open(listed).status_code == 404
    assert browser.open(f"{listed}/people.csv").status_code == 404
    browser.open(LISTS)
    assert listed not in browser.page and "还没有暂停名单" in browser.page
    assert entry(rt).state == "proposed"


def test_an_auditor_sees_and_changes_nothing(another: Another, hired: Hire, listed: str, rt: Runtime) -> None:
    browser, _ = enters(another, hired, "周审计", Role.AUDITOR, None)
    browser.open(listed)
    assert "拟暂停" in browser.page and f"{listed}/sign" not in browser.page and "移出" not in browser.page
    tried = deeds(rt, listed)
    for deed in tried:
        page = browser.page
        assert browser.send(deed, why="x").status_code == 403, deed
        browser.page = page
    assert len(journalled(rt, "page refused")) == len(tried)


def test_a_list_of_restored_payment_is_not_signed_nor_released(
    browser: Browser, wang: Account, clock: Clock, rt: Runtime
) -> None:
    person = overdue(rt, clock)
    suspend(rt)
    with rt.sessions.begin() as session:
        certify(session, rt, session.get_one(Person, person.id))
    restore(rt)
    browser.signs_in(wang)
    with rt.sessions() as session:
        [made] = session.scalars(select(PaymentList.id).where(PaymentList.kind == "restoration"))
    browser.open(f"{LISTS}/{made}")
    assert "恢复发放名单" in browser.page and "吴先生" in browser.page
    for deed in ("sign", "release", f"people/{person.id}/off", f"people/{person.id}/back"):
        page = browser.page
        assert browser.send(f"{LISTS}/{made}/{deed}", why="x").status_code == 404
        browser.page = page
    with rt.sessions() as session:
        assert lists.find(session, REGION, MAY).people == 1
