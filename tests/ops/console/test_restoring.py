"""Payment made again, asked for in the console and done behind it; and a release that was called off, in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Errand, PaymentList, Person, Suspension
from certification.suspension import releasing
from ops import errands as behind
from tests.certification.conftest import Clock
from tests.certification.suspending import REGION, certify, overdue, suspend
from tests.certification.test_suspension_slices import begun, closes_an_account, in_order, one_slice
from tests.ops.console.browser import PASSWORD, Account, Browser, Hire
from tests.ops.console.test_work import told

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Another = Callable[[str], Browser]
LISTS = "/console/suspensions"
ONCE = "e" * 32
HERE = f"/console/errands/{ONCE}"


@pytest.fixture
def wang(hired: Hire) -> Account:
    """Supervisor Wang of Kunming."""
    return hired("王主管", Role.SUPERVISOR, region=REGION)


@pytest.fixture
def at_wang(browser: Browser, wang: Account, clock: Clock) -> Browser:
    """Wang, signed in."""
    clock.at += timedelta(days=31)  # in April, where whoever is overdue here is
    browser.signs_in(wang)
    return browser


def certified(rt: Runtime, *people: Person) -> None:
    with rt.sessions.begin() as session:
        for person in people:
            certify(session, rt, session.get_one(Person, person.id))


def asks(browser: Browser, once: str = ONCE, **form: str) -> TestResponse:
    browser.open(LISTS)
    given = {"once": once, "region": REGION, "month": "2026-05", **form}
    return browser.send(f"{LISTS}/restore", **given)  # type: ignore[arg-type]


def made(rt: Runtime) -> list[PaymentList]:
    with rt.sessions() as session:
        mine = select(PaymentList).where(PaymentList.kind == "restoration").order_by(PaymentList.part)
        return list(session.scalars(mine))


def test_payment_is_restored_behind_the_page_once_for_each_form(at_wang: Browser, rt: Runtime, clock: Clock) -> None:
    one, _ = overdue(rt, clock), overdue(rt, clock, 1951)
    suspend(rt)
    certified(rt, one)
    at_wang.open(LISTS)
    assert "等待恢复发放" in at_wang.page and 'name="once"' in at_wang.page
    for _ in range(2):
        answer = asks(at_wang)
        assert (answer.status_code, answer.location) == (302, HERE)
    assert made(rt) == [], "nothing is done in the request"
    at_wang.open(HERE)
    assert "正在办" in at_wang.page and "2026-05" in at_wang.page
    assert told(at_wang, f"{HERE}/events")["state"] == "asked"
    assert behind.work(rt) == 1
    [part] = made(rt)
    at_wang.open(HERE)
    assert "已办好" in at_wang.page and f"{LISTS}/{part.id}" in at_wang.page
    assert "恢复发放名单" in at_wang.page and "1 人" in at_wang.page
    at_wang.open(LISTS)
    assert "等待恢复发放" not in at_wang.page


def test_each_part_that_came_of_it_is_shown_and_no_other(at_wang: Browser, rt: Runtime, clock: Clock) -> None:
    people = in_order(rt, clock, 3)
    suspend(rt)
    certified(rt, people[0])
    asks(at_wang)
    behind.work(rt)
    certified(rt, *people[1:])
    asks(at_wang, "f" * 32)
    with rt.sessions() as session:
        errand = session.get_one(Errand, "f" * 32)
    behind.restore(rt, errand, size=1)
    assert errand.of == 2
    first, *others = made(rt)
    at_wang.open("/console/errands/" + "f" * 32)
    assert first.id not in at_wang.page
    assert [one.id in at_wang.page for one in others] == [True, True]
    assert [f"第 {part} 份" in at_wang.page for part in (1, 2, 3)] == [False, True, True]


def test_where_nobody_waits_it_says_so(at_wang: Browser, rt: Runtime, clock: Clock) -> None:
    overdue(rt, clock)
    suspend(rt)
    asks(at_wang)
    assert behind.work(rt) == 1
    at_wang.open(HERE)
    assert "已办好" in at_wang.page and "没有需要恢复发放的人" in at_wang.page and made(rt) == []


def test_what_cannot_be_asked_for_is_not_and_why_it_was_not_done_is_said(
    at_wang: Browser, another: Another, hired: Hire, rt: Runtime, clock: Clock
) -> None:
    overdue(rt, clock)
    suspend(rt)
    for form, status in (
        ({"region": "qingdao"}, 404),
        ({"region": "atlantis"}, 404),
        ({"month": "soon"}, 400),
        ({"month": "2026-09"}, 409),
        ({"once": "x"}, 400),
    ):
        assert asks(at_wang, **form).status_code == status, form
    asks(at_wang)
    clock.forward(days=60)
    assert behind.work(rt) == 1
    boss = another("192.0.2.3")
    boss.signs_in(hired("孙管理", Role.ADMINISTRATOR))
    boss.open(HERE)
    assert "没有办" in boss.page and "只能从本月或下月起" in boss.page
    boss.send("/console/language/en")
    boss.open(HERE)
    assert "Payment is made again from this month or the next" in boss.page


def test_an_administrator_sees_that_it_is_done_and_no_list(
    at_wang: Browser, another: Another, hired: Hire, rt: Runtime, clock: Clock
) -> None:
    certified_one = overdue(rt, clock)
    suspend(rt)
    certified(rt, certified_one)
    asks(at_wang)
    behind.work(rt)
    boss = another("192.0.2.3")
    boss.signs_in(hired("孙管理", Role.ADMINISTRATOR))
    boss.open(HERE)
    assert "恢复发放名单" in boss.page and f"{LISTS}/" not in boss.page


def test_while_a_release_stands_still_they_are_shown_lifted_and_restored(
    at_wang: Browser, wang: Account, rt: Runtime, clock: Clock
) -> None:
    first, second = in_order(rt, clock, 2)
    listed = begun(rt, 3)
    certified(rt, first)
    at_wang.open(LISTS)
    assert "等待恢复发放" in at_wang.page
    with rt.sessions() as session:
        entry = session.scalars(select(Suspension.id).where(Suspension.person_id == second.id)).one()
    at_wang.open(f"{LISTS}/{listed}")
    assert f"entries/{entry}/lift" in at_wang.page
    clock.forward(seconds=30)
    form = {"password": PASSWORD, "code": wang.otp.at(rt.now()), "why": "文书有误"}
    assert at_wang.send(f"{LISTS}/entries/{entry}/lift", follow=True, **form).status_code == 200
    asks(at_wang)
    behind.work(rt)
    assert [part.people for part in made(rt)] == [2]


def test_a_release_that_was_called_off_says_when_and_why(at_wang: Browser, rt: Runtime, clock: Clock) -> None:
    in_order(rt, clock, 2)
    listed = begun(rt, 1)
    at_wang.open(f"{LISTS}/{listed}")
    assert "交办的发出" not in at_wang.page
    closes_an_account(rt, clock)
    assert isinstance(one_slice(rt, listed), releasing.NotSigned)
    at_wang.open(f"{LISTS}/{listed}")
    assert "陈主管 交办的发出已于 2026-04-10 10:00 停止" in at_wang.page and "有效签名不足两个" in at_wang.page
    at_wang.send("/console/language/en")
    at_wang.open(f"{LISTS}/{listed}")
    assert "called off at 2026-04-10 10:00" in at_wang.page and "two signatures no longer held" in at_wang.page
