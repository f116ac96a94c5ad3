"""A visit, a paper or an appointment whose sign of life is taken back: its pages say so, and the work goes on."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from certification import appointments, certifying, people, visits
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Evidence, Paper, Person, Visit
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.suspending import journalled
from tests.certification.test_withdrawing import put_back, take_back
from tests.ops.console.browser import Browser
from tests.ops.console.files import table
from tests.ops.console.test_rounds import ADDRESS, given, report
from tests.ops.console.test_taken_back import SAID, WEI, WHY, ZHAO, Arrive, arrive, chief

__all__ = ["arrive", "chief"]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
LI = "李上门"
MET: dict[str, Any] = {"outcome": "met", "text": "在家", "sure": "yes", "seen": "yes"}


@pytest.fixture
def li(arrive: Arrive) -> Browser:
    """Visitor Li of Kunming, signed in."""
    return arrive(LI, Role.VISITOR)


def sign(rt: Runtime) -> Evidence:
    """The last sign of life."""
    with rt.sessions() as session:
        return session.scalars(select(Evidence).order_by(Evidence.recorded_at.desc(), Evidence.id)).all()[0]


def other_than(rt: Runtime, visit: str) -> Visit:
    with rt.sessions() as session:
        return session.scalars(select(Visit).where(Visit.id != visit)).one()


def test_a_visitor_goes_once_more(li: Browser, chief: Browser, rt: Runtime, wu: Person) -> None:
    visit = given(rt, wu)
    assert report(li, visit, **MET) == 200
    chief.open(f"/console/visits/{visit}")
    assert "再去一次" not in chief.page and "撤回" not in chief.page
    assert chief.send(f"/console/visits/{visit}/again", visitor=LI, on="2026-03-10", address="x").status_code == 409
    chief.open(f"/console/people/{wu.id}")
    chief.send(f"/console/people/{wu.id}/signs/{sign(rt).id}/withdraw", follow=True, **SAID)

    li.open("/console/rounds")
    assert "认证已撤回" in li.page and f"{WEI} 2026-03-10" in li.page
    li.open(f"/console/rounds/{visit}")
    assert f"认证已由 {WEI} 于 2026-03-10 10:00 撤回" in li.page and WHY not in li.page and ADDRESS not in li.page
    chief.open("/console/visits?state=reported")
    assert "认证已撤回" in chief.page and f"{WEI} 2026-03-10" in chief.page
    chief.open(f"/console/visits/{visit}")
    assert WHY in chief.page and ADDRESS in chief.page and "见到本人" in chief.page and "在家" in chief.page

    form: dict[str, Any] = {"visitor": LI, "on": "2026-03-10", "address": ADDRESS}
    for wrong in ({"visitor": "别人"}, {"on": "2026-03-09"}, {"on": "x"}):
        assert chief.send(f"/console/visits/{visit}/again", **form | wrong).status_code == 400
        chief.open(f"/console/visits/{visit}")
    assert chief.send(f"/console/visits/{visit}/again", follow=True, **form).status_code == 200
    made = other_than(rt, visit).id
    assert "已派" in chief.page and f"/console/visits/{visit}" in chief.page and "上一次登记的认证撤回了" in chief.page
    assert chief.send(f"/console/visits/{visit}/again", follow=True, **form).status_code == 200
    assert "没有另开" in chief.page and other_than(rt, visit).id == made
    chief.open(f"/console/visits/{visit}")
    assert "已有一次上门待办" in chief.page and f"/console/visits/{made}" in chief.page

    li.open("/console/rounds")
    assert f"/console/rounds/{made}" in li.page
    li.open(f"/console/rounds/{made}")
    assert "请再去一次" in li.page and WEI in li.page and ADDRESS in li.page
    assert report(li, made, **MET) == 200
    li.open(f"/console/rounds/{made}")
    assert "再去一次" not in li.page and "不再算数" not in li.page and ADDRESS not in li.page
    chief.open(f"/console/visits/{made}")
    assert "撤回了" in chief.page and "不再算数" not in chief.page
    chief.open("/console/visits?state=reported")
    assert chief.page.count("认证已撤回") == 1
    header, *rows = table(chief, "visits.csv")
    back = header.index("登记更正")
    assert sorted(row[back] for row in rows) == ["", f"{WEI} 2026-03-10 10:00 撤回"]


def test_put_back_nobody_goes(li: Browser, chief: Browser, rt: Runtime, wu: Person) -> None:
    visit = given(rt, wu)
    report(li, visit, **MET)
    assert take_back(rt, sign(rt).id)
    chief.open(f"/console/visits/{visit}")
    chief.send(f"/console/visits/{visit}/again", visitor=LI, on="2026-03-10", address=ADDRESS)
    made = other_than(rt, visit).id
    assert put_back(rt, sign(rt).id)
    assert li.open(f"/console/rounds/{made}").status_code == 404
    li.open("/console/rounds")
    assert "撤回" not in li.page and made not in li.page
    for path in (f"visits/{visit}", "visits?state=reported"):
        chief.open(f"/console/{path}")
        assert "认证已" not in chief.page and "再去一次" not in chief.page
    chief.open(f"/console/visits/{made}")
    assert "已取消" in chief.page


def test_who_may_not_send_a_visitor_sees_and_sends_nobody(arrive: Arrive, li: Browser, rt: Runtime, wu: Person) -> None:
    visit = given(rt, wu)
    report(li, visit, **MET)
    assert take_back(rt, sign(rt).id)
    form: dict[str, Any] = {"visitor": LI, "on": "2026-03-10", "address": ADDRESS}
    for name, role in (("审计员", Role.AUDITOR), ("李审核", Role.OPERATOR)):
        other = arrive(name, role)
        other.open(f"/console/visits/{visit}")
        assert "认证已由" in other.page and (WHY in other.page) == (role is Role.AUDITOR)
        assert "/again" not in other.page
        assert other.send(f"/console/visits/{visit}/again", **form).status_code == 403
    far = arrive("青岛主管", Role.SUPERVISOR, "qingdao")
    far.open("/console/")
    assert far.send(f"/console/visits/{visit}/again", **form).status_code == 404
    assert li.send(f"/console/visits/{visit}/again", **form).status_code == 403
    with rt.sessions() as session:
        assert len(session.scalars(select(Visit)).all()) == 1
    assert len([said for said in journalled(rt, "page refused") if "another's" in said]) == 1


def test_a_paper_that_is_with_us_again_says_so(arrive: Arrive, rt: Runtime, wu: Person) -> None:
    clerk = arrive(ZHAO, Role.CLERK)
    clerk.open(f"/console/people/{wu.id}/ways")
    clerk.send(f"/console/people/{wu.id}/forms", kind="own", follow=True)
    with rt.sessions() as session:
        paper = session.scalars(select(Paper.id)).one()
    accept = {"sure": "yes", "signed_on": "2026-03-10"}
    for step, form in (("receive", {}), ("accept", accept)):
        assert clerk.send(f"/console/papers/{paper}/{step}", follow=True, **form).status_code == 200
    assert take_back(rt, sign(rt).id)
    for path in (f"papers/{paper}", "papers?state=received"):
        clerk.open(f"/console/{path}")
        assert "认证已" in clerk.page and f"{WEI}" in clerk.page and WHY not in clerk.page
    clerk.open(f"/console/papers/{paper}")
    assert clerk.send(f"/console/papers/{paper}/accept", follow=True, **accept).status_code == 200
    assert "认证已" not in clerk.page, "it was accepted anew"


def test_whoever_was_not_there_is_awaited_again(arrive: Arrive, rt: Runtime, clock: Clock) -> None:
    with rt.sessions.begin() as session:
        number = resident_number("320102", 1951, 5, 15)
        zheng = people.add(session, rt, id_number=number, name="郑女士", region="nanjing")
        slot = appointments.free(session, rt, rt.regions["nanjing"])[0]
        booked = appointments.book(session, rt, zheng, slot.office, slot.at, "line").id
    clerk = arrive(ZHAO, Role.CLERK, "nanjing")
    clerk.open("/console/appointments")
    clerk.send(f"/console/appointments/{booked}/keep", seen="yes", follow=True)
    assert f"/console/appointments/{booked}/keep" not in clerk.page
    clerk.open(f"/console/people/{zheng.id}")
    assert "刚才登记错了人" in clerk.page
    clerk.send(f"/console/people/{zheng.id}/signs/{sign(rt).id}/withdraw", follow=True, **SAID)
    clerk.open("/console/appointments")
    assert "认证已撤回" in clerk.page and f"/console/appointments/{booked}/keep" in clerk.page
    clerk.send(f"/console/appointments/{booked}/keep", seen="yes", follow=True)
    assert "认证已撤回" not in clerk.page
    with rt.sessions() as session:
        assert certifying.status(session, rt, session.get_one(Person, zheng.id)).closed


def test_an_address_that_does_not_open_is_asked_for(chief: Browser, li: Browser, rt: Runtime, wu: Person) -> None:
    visit = given(rt, wu, address=None)
    report(li, visit, **MET)
    assert take_back(rt, sign(rt).id)
    with rt.sessions.begin() as session:
        session.get_one(Visit, visit).address_sealed = b"broken"
    assert chief.open(f"/console/visits/{visit}").status_code == 200 and "再去一次" in chief.page
    assert chief.send(f"/console/visits/{visit}/again", visitor=LI, on="2026-03-10", address=" ").status_code == 409
    with rt.sessions() as session:
        assert session.scalars(select(Visit)).one().id == visit and visits.waiting(session) == []
