"""Certifying agents: employers, agencies and communities, each limited to its own people, each act in its name."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Select, and_, delete, select, update
from sqlalchemy.orm import Session

from certification import certifying, journal, routes
from certification.certifying import Recorded
from certification.errors import Problem
from certification.evidence import Kind, Strength
from certification.receipts import draw
from certification.regions import Route
from certification.routes import NotTakenHere
from certification.runtime import Runtime
from certification.store import Agent, AgentPerson, Period, Person, insert_once, new_id


class NobodyTicked(Problem):
    """People are certified whom somebody ticked in the list."""

    def __init__(self) -> None:
        super().__init__(
            "还没有勾选人：请在名单里勾选今天见到的人，再点“认证勾选的人”。",
            "Nobody is ticked: tick in the list whom you saw today, then certify them.",
        )


class AgentKind(StrEnum):
    """What an agent is."""

    EMPLOYER = "employer"
    AGENCY = "agency"
    COMMUNITY = "community"


class AgentUnknown(Problem):
    """There is no agent of this code."""

    def __init__(self, code: str) -> None:
        super().__init__(
            f"没有编号为 {code[:20]} 的代办单位，请核对编号。",
            f"No certifying agent has the code {code[:20]}; please check it.",
        )


class AgentClosed(Problem):
    """The agent's account was closed."""

    def __init__(self, agent: Agent) -> None:
        super().__init__(
            f"代办单位“{agent.name}”已停用，请到社保窗口办理。",
            f"The account of the agent {agent.name} is closed; please go to the office.",
        )


class NotTheirs(Problem):
    """The person is not among the agent's people."""

    def __init__(self, agent: Agent) -> None:
        super().__init__(
            f"此人不在“{agent.name}”的名单里，该单位不能为其认证；请社保机构先把此人划给该单位。",
            f"This person is not among those of {agent.name}, who cannot certify them before the office assigns them.",
        )


def add(session: Session, rt: Runtime, *, name: str, kind: AgentKind, region: str, by: str) -> Agent:
    """Open an account; its code is drawn."""
    while True:  # a second round when the code is taken
        agent_id, code = new_id(), draw(rt.random)
        row = {"id": agent_id, "code": code, "name": name, "kind": kind.value, "region": region, "opened_at": rt.now()}
        if insert_once(session, Agent, **row):
            break
    journal.write(session, rt.now(), by, "agent added", f"agent:{agent_id}", kind=kind.value, region=region)
    return session.get_one(Agent, agent_id)


def find(session: Session, code: str) -> Agent:
    """The agent of this code. Raises AgentUnknown."""
    agent = session.scalars(select(Agent).where(Agent.code == code.strip())).first()
    if agent is None:
        raise AgentUnknown(code)
    return agent


def close(session: Session, rt: Runtime, agent: Agent, by: str) -> bool:
    """Close an account, once; what was certified by it stands. True when it was done here."""
    still_open = update(Agent).where(Agent.id == agent.id, Agent.closed_at.is_(None))
    if session.scalar(still_open.values(closed_at=rt.now()).returning(Agent.id)) is None:
        return False
    journal.write(session, rt.now(), by, "agent closed", f"agent:{agent.id}")
    return True


def assign(session: Session, rt: Runtime, agent: Agent, person: Person, by: str) -> bool:
    """Put a person among the agent's; False when they are there already. A person may have several agents."""
    row = {"agent_id": agent.id, "person_id": person.id, "assigned_by": by, "assigned_at": rt.now()}
    if not insert_once(session, AgentPerson, **row):
        return False
    journal.write(session, rt.now(), by, "person assigned", f"person:{person.id}", agent=agent.id)
    return True


def release(session: Session, rt: Runtime, agent: Agent, person: Person, by: str) -> bool:
    """Take a person from the agent's; False when they are not there."""
    theirs = delete(AgentPerson).where(AgentPerson.agent_id == agent.id, AgentPerson.person_id == person.id)
    if session.scalar(theirs.returning(AgentPerson.person_id)) is None:
        return False
    journal.write(session, rt.now(), by, "person released", f"person:{person.id}", agent=agent.id)
    return True


def has(session: Session, agent_id: str, person_id: str) -> bool:
    """Whether a person is among the agent's."""
    return session.get(AgentPerson, (agent_id, person_id)) is not None


def people_of(agent_id: str, today: date) -> Select[str, date | None, datetime | None]:
    """The agent's people, each with the last day of their present period, and when it was certified."""
    present = and_(Period.person_id == AgentPerson.person_id, Period.opens <= today, Period.due >= today)
    theirs = select(AgentPerson.person_id, Period.due, Period.closed_at).outerjoin(Period, present)
    return theirs.where(AgentPerson.agent_id == agent_id)


def certify(session: Session, rt: Runtime, agent: Agent, person: Person, *, by: str) -> Recorded | Problem:
    """Record that somebody at the agent saw the person, in both names; the refusal, journalled, when they may not.

    `by`: who at the agent. A second time on one day it is the same evidence.
    """
    actor = f"agent:{agent.code}/{by}"
    refusal = _refusal(session, rt, agent, person)
    if refusal is not None:
        return routes.refuse(session, rt, person, refusal, actor, agent=agent.id)
    return certifying.record(
        session,
        rt,
        person,
        kind=Kind.AGENT,
        strength=Strength.LIVE,
        source=f"agent:{agent.code}",
        ref=f"{agent.id}:{person.id}:{certifying.day_of(rt.now())}",
        observed_at=rt.now(),
        detail={"agent": agent.id, "by": by},
        actor=actor,
    )


def _refusal(session: Session, rt: Runtime, agent: Agent, person: Person) -> Problem | None:
    region = rt.regions[person.region]
    if not region.opens(Route.AGENT):
        return NotTakenHere(region, Route.AGENT)
    if agent.closed_at is not None:
        return AgentClosed(agent)
    if session.get(AgentPerson, (agent.id, person.id), with_for_update={"read": True, "key_share": True}) is None:
        return NotTheirs(agent)
    return None
