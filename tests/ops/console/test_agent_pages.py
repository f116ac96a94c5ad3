"""A certifying agent's pages: its own people, certified where somebody there saw them, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from certification import agents, desks, people
from certification.agents import AgentKind
from certification.errors import Problem
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Agent, Evidence, Person, TakenBack
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.suspending import journalled
from tests.ops.console.browser import Browser, Hire
from tests.ops.console.test_roll import SCRIPT, fetched

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Another = Callable[[str], Browser]
WHY = "点错了人"
NUMBER = resident_number("530102", 1950, 5, 15)


def worker(rt: Runtime, agent: Agent | None, year: int, name: str) -> Person:
    with rt.sessions.begin() as session:
        number = resident_number("530102", year, 5, 15)
        person = people.add(session, rt, id_number=number, name=name, region="kunming")
        if agent is not None:
            agents.assign(session, rt, session.get_one(Agent, agent.id), person, "clerk")
        return person


@pytest.fixture
def factory(rt: Runtime, wu: Person) -> Agent:
    """An employer whose people are Mr Wu and Mrs Zheng."""
    with rt.sessions.begin() as session:
        agent = agents.add(session, rt, name="昆明机床厂", kind=AgentKind.EMPLOYER, region="kunming", by="clerk")
        agents.assign(session, rt, agent, wu, "clerk")
    worker(rt, agent, 1951, "郑女士")
    return agent


@pytest.fixture
def wang(browser: Browser, hired: Hire, factory: Agent) -> Browser:
    """Wang of the factory, signed in."""
    browser.signs_in(hired("王代办", Role.AGENT, agent=factory))
    return browser


def certify(wang: Browser, *persons: str, follow: bool = True, **form: str) -> int:
    wang.open("/console/mine")
    return wang.send("/console/mine/certify", follow=follow, person=list(persons), **form).status_code  # type: ignore[arg-type]


def evidence(rt: Runtime) -> list[Evidence]:
    with rt.sessions() as session:
        return list(session.scalars(select(Evidence)))


def ids(rt: Runtime) -> list[str]:
    with rt.sessions() as session:
        return sorted(session.scalars(select(Person.id)))


def test_its_people_are_listed_and_nobody_else(wang: Browser, rt: Runtime, factory: Agent) -> None:
    worker(rt, None, 1952, "外人")
    wang.open("/console/")
    assert "/console/mine" in wang.page
    wang.open("/console/mine")
    assert "吴先生" in wang.page and "郑女士" in wang.page and "外人" not in wang.page
    assert NUMBER not in wang.page and f"{NUMBER[:4]}**********{NUMBER[-4:]}" in wang.page
    wang.open("/console/mine?stand=done")
    assert "吴先生" not in wang.page and "没有这样的人" in wang.page


def test_several_are_certified_at_once_when_they_were_seen(wang: Browser, rt: Runtime, factory: Agent) -> None:
    both = ids(rt)
    assert certify(wang, *both) == 409 and "核对本人和身份证" in wang.page
    assert certify(wang, seen="yes") == 409 and "还没有勾选人" in wang.page
    assert evidence(rt) == []
    assert certify(wang, *both, seen="yes") == 200
    found = evidence(rt)
    assert {one.person_id for one in found} == set(both)
    assert all(one.receipt in wang.page and one.kind == "agent" for one in found)
    wang.open("/console/mine?stand=open")
    assert "吴先生" not in wang.page
    wang.open("/console/mine?stand=done")
    assert "吴先生" in wang.page and "checkbox" in wang.page
    assert certify(wang, *both, seen="yes") == 200 and len(evidence(rt)) == 2  # the same evidence on one day
    assert certify(wang, *(f"{one:032}" for one in range(51)), seen="yes") == 400


@pytest.mark.parametrize("beside", [True, False], ids=["beside its own", "alone"])
def test_nobody_elses_are_certified(wang: Browser, rt: Runtime, factory: Agent, wu: Person, beside: bool) -> None:
    stranger = worker(rt, None, 1952, "外人")
    chosen = [wu.id, stranger.id] if beside else [stranger.id]
    assert certify(wang, *chosen, seen="yes") == 404
    assert evidence(rt) == [] and len(journalled(rt, "certification refused")) == 1
    assert certify(wang, "0" * 32, seen="yes") == 404


def test_one_of_its_people_is_found_by_number_and_a_stranger_is_not(wang: Browser, rt: Runtime, factory: Agent) -> None:
    stranger = resident_number("530102", 1952, 5, 15)
    worker(rt, None, 1952, "外人")
    wang.open("/console/mine")
    assert wang.send("/console/mine/find", number=NUMBER).status_code == 200
    assert "吴先生" in wang.page and "郑女士" not in wang.page
    assert wang.send("/console/mine/find", number=stranger).status_code == 200
    assert "外人" not in wang.page and "名单里没有" in wang.page
    assert wang.send("/console/mine/find", number="x").status_code == 409
    assert len(journalled(rt, "people looked for")) == 2


def test_another_agent_sees_none_of_them(
    another: Another, hired: Hire, rt: Runtime, factory: Agent, wu: Person
) -> None:
    with rt.sessions.begin() as session:
        other = agents.add(session, rt, name="烟厂", kind=AgentKind.EMPLOYER, region="kunming", by="clerk")
    browser = another("192.0.2.9")
    browser.signs_in(hired("钱代办", Role.AGENT, agent=other))
    browser.open("/console/mine")
    assert "吴先生" not in browser.page and "没有这样的人" in browser.page
    browser.send("/console/mine/find", number=NUMBER)
    assert "吴先生" not in browser.page
    browser.open("/console/mine")
    assert browser.send("/console/mine/certify", person=wu.id, seen="yes").status_code == 404
    assert evidence(rt) == [] and browser.open(f"/console/people/{wu.id}").status_code == 403


def test_an_agent_that_was_closed_certifies_nobody(wang: Browser, rt: Runtime, factory: Agent, wu: Person) -> None:
    wang.open("/console/mine")
    with rt.sessions.begin() as session:
        agents.close(session, rt, session.get_one(Agent, factory.id), "clerk")
    assert wang.send("/console/mine/certify", person=wu.id, seen="yes").status_code == 409
    assert "已停用" in wang.page and evidence(rt) == []
    assert wang.open("/console/mine").status_code == 409


def test_a_name_is_text(wang: Browser, rt: Runtime, factory: Agent) -> None:
    worker(rt, factory, 1953, SCRIPT)
    said = fetched(wang, "mine").decode()
    assert "<script>alert" not in said and "&lt;script&gt;" in said


def back(browser: Browser, person: str, evidence: str, **form: str) -> int:
    browser.open("/console/mine")
    path = f"/console/mine/{person}/signs/{evidence}/withdraw"
    return browser.send(path, follow=True, **form).status_code


def test_it_takes_its_own_back_within_half_an_hour(
    wang: Browser, rt: Runtime, factory: Agent, wu: Person, clock: Clock
) -> None:
    assert certify(wang, wu.id, seen="yes") == 200
    [one] = evidence(rt)
    action = f"/console/mine/{wu.id}/signs/{one.id}/withdraw"
    assert "30 分钟内撤回" in wang.page and action in wang.page
    assert back(wang, wu.id, one.id, why=WHY) == 400, "without the tick it is no request of ours"
    assert back(wang, wu.id, one.id, why="", sure="yes") == 409
    assert back(wang, wu.id, one.id, why="吴先生没来", sure="yes") == 409
    assert evidence(rt)[0].withdrawn_at is None
    wang.open("/console/mine")
    assert "刚才认证的" in wang.page and action in wang.page
    wang.send("/console/mine/find", number=NUMBER)
    assert action in wang.page
    assert back(wang, wu.id, one.id, why=WHY, sure="yes") == 200
    assert "会请本人重新办理" in wang.page and "刚才认证的" not in wang.page
    with rt.sessions() as session:
        [row] = session.scalars(select(TakenBack))
        assert (row.evidence_id, row.by, row.why, row.tell) == (one.id, "王代办", WHY, True)
    assert len(journalled(rt, "evidence withdrawn")) == 1
    assert back(wang, wu.id, one.id, why=WHY, sure="yes") == 200 and "之前已经撤回" in wang.page
    assert certify(wang, wu.id, seen="yes") == 200 and len(evidence(rt)) == 2, "on the same day, it is seen anew"
    [again] = [each for each in evidence(rt) if each.withdrawn_at is None]
    clock.forward(minutes=29)
    wang.open("/console/mine")
    assert "刚才认证的" in wang.page
    clock.forward(minutes=1, seconds=1)
    wang.open("/console/mine")
    assert "吴先生" in wang.page and "刚才认证的" not in wang.page
    assert back(wang, wu.id, again.id, why=WHY, sure="yes") == 409 and "请主管撤回" in wang.page


def test_it_takes_nothing_of_others_back(
    wang: Browser, another: Another, hired: Hire, rt: Runtime, factory: Agent, wu: Person
) -> None:
    said: dict[str, Any] = {"why": WHY, "sure": "yes"}
    with rt.sessions.begin() as session:
        other = agents.add(session, rt, name="烟厂", kind=AgentKind.EMPLOYER, region="kunming", by="clerk")
        agents.assign(session, rt, other, session.get_one(Person, wu.id), "clerk")
        ours = session.get_one(Agent, factory.id)
        person = session.get_one(Person, wu.id)
        theirs = agents.certify(session, rt, other, person, by="王代办")
        colleagues = agents.certify(session, rt, ours, person, by="钱代办")
        desk = desks.certify(session, rt, person, "王代办")
        assert not isinstance(theirs, Problem) and not isinstance(colleagues, Problem)
        assert not isinstance(desk, Problem)
    stranger = worker(rt, other, 1952, "外人")
    with rt.sessions.begin() as session:
        far = agents.certify(session, rt, other, session.get_one(Person, stranger.id), by="王代办")
        assert not isinstance(far, Problem)
    wang.open("/console/mine")
    assert "刚才认证的" not in wang.page
    assert back(wang, wu.id, theirs.evidence.id, **said) == 404
    assert back(wang, wu.id, desk.evidence.id, **said) == 404
    assert back(wang, stranger.id, far.evidence.id, **said) == 404
    assert len([one for one in journalled(rt, "page refused") if "another's" in one]) == 3
    assert back(wang, wu.id, colleagues.evidence.id, **said) == 409, "a colleague's is a supervisor's to take back"
    assert back(wang, wu.id, far.evidence.id, **said) == back(wang, "0" * 32, far.evidence.id, **said) == 404
    assert len([one for one in journalled(rt, "page refused") if "another's" in one]) == 3
    assert all(one.withdrawn_at is None for one in evidence(rt))
    clerk = another("192.0.2.8")
    clerk.signs_in(hired("某经办", Role.CLERK, region="kunming"))
    clerk.open("/console/")
    path = f"/console/mine/{wu.id}/signs/{colleagues.evidence.id}/withdraw"
    assert clerk.send(path, **said).status_code == 403


def test_one_that_was_taken_from_it_or_an_agent_that_was_closed_takes_nothing_back(
    wang: Browser, rt: Runtime, factory: Agent, wu: Person
) -> None:
    certify(wang, *ids(rt), seen="yes")
    mine, zheng = sorted(evidence(rt), key=lambda one: one.person_id != wu.id)
    with rt.sessions.begin() as session:
        agents.release(session, rt, session.get_one(Agent, factory.id), session.get_one(Person, wu.id), "clerk")
    assert back(wang, wu.id, mine.id, why=WHY, sure="yes") == 404
    with rt.sessions.begin() as session:
        agents.close(session, rt, session.get_one(Agent, factory.id), "clerk")
    path = f"/console/mine/{zheng.person_id}/signs/{zheng.id}/withdraw"
    assert wang.send(path, why=WHY, sure="yes").status_code == 409 and "已停用" in wang.page
    assert all(one.withdrawn_at is None for one in evidence(rt))


def test_auditors_see_the_agents_and_their_people_and_change_nothing(
    another: Another, hired: Hire, factory: Agent, rt: Runtime
) -> None:
    auditor = another("192.0.2.5")
    auditor.signs_in(hired("周审计", Role.AUDITOR))
    auditor.open("/console/agents?kind=employer")
    assert "昆明机床厂" in auditor.page and factory.code in auditor.page
    auditor.open("/console/agents?kind=community")
    assert "昆明机床厂" not in auditor.page
    auditor.open(f"/console/agents/{factory.id}?stand=open")
    assert "郑女士" in auditor.page and NUMBER not in auditor.page
    assert 'action="/console/mine' not in auditor.page
    assert len(journalled(rt, "people listed")) == 1


def test_a_supervisor_sees_the_agents_of_their_region_and_people_of_it(
    another: Another, hired: Hire, factory: Agent, rt: Runtime
) -> None:
    with rt.sessions.begin() as session:
        number = resident_number("370202", 1952, 5, 15)
        far = people.add(session, rt, id_number=number, name="青岛人", region="qingdao")
        agents.assign(session, rt, session.get_one(Agent, factory.id), far, "clerk")
    here, there = another("192.0.2.6"), another("192.0.2.7")
    here.signs_in(hired("李主管", Role.SUPERVISOR, region="kunming"))
    there.signs_in(hired("王主管", Role.SUPERVISOR, region="qingdao"))
    here.open(f"/console/agents/{factory.id}")
    assert "郑女士" in here.page and "青岛人" not in here.page
    there.open("/console/agents")
    assert "昆明机床厂" not in there.page
    assert there.open(f"/console/agents/{factory.id}").status_code == 404
