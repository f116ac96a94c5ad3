"""A mistake is taken back on its page: by whoever made it, soon; by a supervisor with a reason; by nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from certification import certifying, desks, review
from certification.evidence import Kind, Strength
from certification.review import Verdict
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Case, Evidence, Person, TakenBack, new_id
from tests.certification.conftest import Clock
from tests.certification.suspending import journalled
from tests.certification.test_review import decide, spoken
from tests.ops.console.browser import Browser, Hire

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Arrive = Callable[..., Browser]
WHY = "窗口点错了人"
SAID: dict[str, Any] = {"why": WHY, "sure": "yes"}
ZHAO, LI, WEI = "赵经办", "李审核", "魏主管"


@pytest.fixture
def arrive(another: Callable[[str], Browser], hired: Hire) -> Arrive:
    """Somebody signs in, in a browser of their own."""

    def arrived(name: str, role: Role, region: str | None = "kunming") -> Browser:
        browser = another(f"192.0.2.{len(name.encode()) + len(role)}")
        browser.signs_in(hired(name, role, region=region))
        return browser

    return arrived


@pytest.fixture
def clerk(arrive: Arrive) -> Browser:
    """Clerk Zhao of Kunming, signed in."""
    return arrive(ZHAO, Role.CLERK)


@pytest.fixture
def chief(arrive: Arrive) -> Browser:
    """Supervisor Wei of Kunming, signed in."""
    return arrive(WEI, Role.SUPERVISOR)


def sign(rt: Runtime, wu: Person, kind: Kind = Kind.VOICE) -> Evidence:
    with rt.sessions.begin() as session:
        known = {"kind": kind, "strength": Strength.OFFICIAL, "source": "test", "ref": new_id(), "actor": "worker"}
        one = session.get_one(Person, wu.id)
        return certifying.record(session, rt, one, observed_at=rt.now(), **known).evidence  # type: ignore[arg-type]


def at_desk(rt: Runtime, wu: Person, by: str = ZHAO) -> Evidence:
    with rt.sessions.begin() as session:
        recorded = desks.certify(session, rt, session.get_one(Person, wu.id), by)
        assert isinstance(recorded, certifying.Recorded)
        return recorded.evidence


def send(browser: Browser, person: str, evidence: str, deed: str = "withdraw", **form: str) -> int:
    browser.open(f"/console/people/{person}")
    return browser.send(f"/console/people/{person}/signs/{evidence}/{deed}", follow=True, **form).status_code


def standing(rt: Runtime, evidence: str) -> bool:
    with rt.sessions() as session:
        return session.get_one(Evidence, evidence).withdrawn_at is None


def test_the_clerk_takes_back_where_it_says_certified(clerk: Browser, rt: Runtime, wu: Person, clock: Clock) -> None:
    clerk.open(f"/console/people/{wu.id}")
    clerk.send(f"/console/people/{wu.id}/certify", seen="yes", follow=True)
    with rt.sessions() as session:
        one = session.scalars(select(Evidence)).one()
    assert "刚才登记错了人" in clerk.page and one.receipt in clerk.page
    assert send(clerk, wu.id, one.id, why=WHY) == 400, "without the tick it is no request of ours"
    assert send(clerk, wu.id, one.id, why="", sure="yes") == 409 and standing(rt, one.id)
    assert send(clerk, wu.id, one.id, **SAID) == 200
    assert "会请本人重新办理" in clerk.page and "本期还没有认证" in clerk.page and "已撤回" in clerk.page
    assert not standing(rt, one.id) and ZHAO in clerk.page
    assert "刚才登记错了人" not in clerk.page
    assert send(clerk, wu.id, one.id, **SAID) == 200 and "之前已经撤回" in clerk.page
    assert len(journalled(rt, "evidence withdrawn")) == 1


def test_not_after_half_an_hour_and_not_a_colleagues(clerk: Browser, rt: Runtime, wu: Person, clock: Clock) -> None:
    other, mine, voice = at_desk(rt, wu, "钱经办"), at_desk(rt, wu), sign(rt, wu)
    clerk.open(f"/console/people/{wu.id}")
    assert clerk.page.count("刚才登记错了人") == 1
    for one in (other, voice):
        assert send(clerk, wu.id, one.id, **SAID) == 409
    clock.forward(minutes=29)
    clerk.open(f"/console/people/{wu.id}")
    clock.forward(minutes=1, seconds=1)
    assert send(clerk, wu.id, mine.id, **SAID) == 409
    assert "请主管撤回" in clerk.page and "刚才登记错了人" not in clerk.page
    assert all(standing(rt, one.id) for one in (other, mine, voice))
    assert journalled(rt, "evidence withdrawn") == []


def test_a_supervisor_takes_any_back_and_puts_it_back(arrive: Arrive, rt: Runtime, wu: Person, clock: Clock) -> None:
    one = sign(rt, wu)
    clock.forward(days=2)
    chief = arrive(WEI, Role.SUPERVISOR)
    chief.open(f"/console/people/{wu.id}")
    assert "登记有误，撤回" in chief.page and "系统" in chief.page
    assert send(chief, wu.id, one.id, why=WHY) == 400
    assert send(chief, wu.id, one.id, **SAID | {"why": "吴先生没来"}) == 409 and standing(rt, one.id)
    assert send(chief, wu.id, one.id, **SAID | {"why": "x" * 201}) == 400
    assert send(chief, wu.id, one.id, **SAID) == 200
    assert WHY in chief.page and f"{WEI} 2026-03-12" in chief.page and "撤回错了，恢复" in chief.page
    assert send(chief, wu.id, one.id, "put-back", why="没有错") == 400
    assert send(chief, wu.id, one.id, "put-back", why="没有错", sure="yes") == 200
    assert standing(rt, one.id) and "照样有效" in chief.page and "本期已认证" in chief.page
    assert send(chief, wu.id, one.id, "put-back", why="没有错", sure="yes") == 200 and "没有改动" in chief.page


def test_what_came_with_a_comparison_or_a_verdict_goes_with_it(chief: Browser, rt: Runtime, wu: Person) -> None:
    record, case = sign(rt, wu, Kind.RECORD), spoken(rt, wu)
    confirmed = decide(rt, case, Verdict.CONFIRMED)
    assert confirmed is not None
    chief.open(f"/console/people/{wu.id}")
    assert "随那次比对撤销" in chief.page and f"/console/cases/{case}" in chief.page
    assert "登记有误，撤回" not in chief.page
    for evidence in (record.id, confirmed.evidence.id):
        for deed in ("withdraw", "put-back"):
            assert send(chief, wu.id, evidence, deed, **SAID) == 409
            assert standing(rt, evidence)


@pytest.mark.parametrize(("role", "seen"), [(Role.OPERATOR, False), (Role.AUDITOR, True)])
def test_others_see_and_take_nothing_back(arrive: Arrive, rt: Runtime, wu: Person, role: Role, seen: bool) -> None:
    other, one = arrive("某人", role), sign(rt, wu)
    for deed in ("withdraw", "put-back"):
        assert send(other, wu.id, one.id, deed, **SAID) == 403
    other.open(f"/console/people/{wu.id}")
    assert standing(rt, one.id) and ("登记更正" in other.page) == seen
    assert "登记有误，撤回" not in other.page


def test_of_another_region_there_is_nothing_and_it_is_journalled(arrive: Arrive, rt: Runtime, wu: Person) -> None:
    one, case = at_desk(rt, wu), spoken(rt, wu)
    decide(rt, case, Verdict.UNSURE, LI)
    for name, role in (("青岛甲", Role.CLERK), ("青岛乙乙", Role.SUPERVISOR)):
        other = arrive(name, role, "qingdao")
        other.open("/console/")
        assert other.send(f"/console/people/{wu.id}/signs/{one.id}/withdraw", **SAID).status_code == 404
    assert other.send(f"/console/people/{wu.id}/signs/{one.id}/put-back", **SAID).status_code == 404
    assert other.send(f"/console/cases/{case}/take-back", **SAID).status_code == 404
    assert len([said for said in journalled(rt, "page refused") if "another's" in said]) == 4
    assert standing(rt, one.id)
    with rt.sessions() as session:
        assert session.scalars(select(TakenBack)).all() == []


def test_a_sign_of_somebody_else_is_not_there(chief: Browser, rt: Runtime, wu: Person) -> None:
    assert send(chief, wu.id, new_id(), **SAID) == 404


@pytest.fixture
def li(arrive: Arrive) -> Browser:
    """Operator Li of Kunming, signed in."""
    return arrive(LI, Role.OPERATOR)


def verdict(rt: Runtime, case: str) -> str | None:
    with rt.sessions() as session:
        return session.get_one(Case, case).verdict


def judge(browser: Browser, case: str, said: str) -> None:
    browser.open("/console/cases")
    browser.send(f"/console/cases/{case}/take", follow=True)
    browser.send(f"/console/cases/{case}/decide", verdict=said, follow=True)


def test_the_queue_says_what_was_decided_and_one_key_takes_it_back(li: Browser, rt: Runtime, wu: Person) -> None:
    case = spoken(rt, wu)
    judge(li, case, "confirmed")
    assert "您刚才办结：声音有疑问，是本人。" in li.page
    assert li.send(f"/console/cases/{case}/take-back", follow=True).status_code == 200
    assert "结论已撤回；由它认证的，不再算数" in li.page and "领取" in li.page
    assert verdict(rt, case) is None
    with rt.sessions() as session:
        assert session.scalars(select(Evidence)).one().withdrawn_at is not None
    assert li.send(f"/console/cases/{case}/take-back").status_code == 409
    li.open("/console/cases")
    assert "您刚才办结" not in li.page
    judge(li, case, "unsure call_back")
    assert "您刚才办结：声音有疑问，这次来电不能确定。" in li.page


def test_a_colleague_does_not_nor_anybody_after_half_an_hour_but_a_supervisor(
    li: Browser, arrive: Arrive, rt: Runtime, wu: Person, clock: Clock
) -> None:
    case, wang = spoken(rt, wu), arrive("王审核", Role.OPERATOR)
    judge(li, case, "unsure")
    wang.open(f"/console/cases/{case}")
    assert "撤回结论" not in wang.page
    assert wang.send(f"/console/cases/{case}/take-back", **SAID).status_code == 409
    clock.forward(minutes=29)
    li.open(f"/console/cases/{case}")
    assert "撤回结论" in li.page
    clock.forward(minutes=2)
    li.open(f"/console/cases/{case}")
    assert "撤回结论" not in li.page
    assert li.send(f"/console/cases/{case}/take-back", **SAID).status_code == 409
    chief = arrive(WEI, Role.SUPERVISOR)
    chief.open(f"/console/cases/{case}")
    assert "撤回结论" in chief.page
    assert chief.send(f"/console/cases/{case}/take-back", why=WHY).status_code == 400
    assert chief.send(f"/console/cases/{case}/take-back", sure="yes").status_code == 409
    assert verdict(rt, case) == "unsure"
    chief.open(f"/console/cases/{case}")
    assert chief.send(f"/console/cases/{case}/take-back", follow=True, **SAID).status_code == 200
    assert verdict(rt, case) is None
    assert "撤回过的结论" in chief.page and LI in chief.page and WHY in chief.page
    wang.open(f"/console/cases/{case}")
    assert "撤回过的结论" not in wang.page and LI not in wang.page, "whoever judges it anew does not see it"


def test_after_the_second_look_it_stands(li: Browser, chief: Browser, rt: Runtime, wu: Person) -> None:
    case = spoken(rt, wu)
    li.open("/console/cases")
    li.send(f"/console/cases/{case}/take", follow=True)
    li.send(f"/console/cases/{case}/decide", verdict="unsure fraud", reason="口音不同", follow=True)
    assert "您刚才办结" in li.page
    with rt.sessions.begin() as session:
        second = session.scalars(select(Case).where(Case.kind == "second_look")).one()
        review.decide(session, rt, second.id, Verdict.UNSURE, "王审核")
    li.open("/console/cases")
    assert "您刚才办结" not in li.page
    for one in (li, chief):
        one.open(f"/console/cases/{case}")
        assert one.send(f"/console/cases/{case}/take-back", **SAID).status_code == 409


def test_an_auditor_sees_what_was_taken_back(arrive: Arrive, li: Browser, rt: Runtime, wu: Person) -> None:
    case, auditor = spoken(rt, wu), arrive("审计", Role.AUDITOR, None)
    judge(li, case, "confirmed")
    li.send(f"/console/cases/{case}/take-back")
    auditor.open(f"/console/cases/{case}")
    assert "撤回过的结论" in auditor.page and "是本人" in auditor.page
    assert auditor.send(f"/console/cases/{case}/take-back", **SAID).status_code == 403
