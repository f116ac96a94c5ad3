"""A certifying agent certifies its own people, in its name, and nobody else."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import agents, certifying, people
from certification.agents import AgentClosed, AgentKind, AgentUnknown, NotTheirs
from certification.certifying import Recorded
from certification.runtime import Runtime
from certification.store import Agent, Evidence, JournalEntry, Person
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number


@pytest.fixture
def factory(rt: Runtime, wu: Person) -> Agent:
    """An employer of Kunming whose only person is Mr Wu."""
    with rt.sessions.begin() as session:
        agent = agents.add(session, rt, name="昆明机床厂", kind=AgentKind.EMPLOYER, region="kunming", by="clerk")
        assert agents.assign(session, rt, agent, wu, "clerk")
        assert not agents.assign(session, rt, agent, wu, "clerk")
        return agent


def stranger(session: Session, rt: Runtime) -> Person:
    return people.add(session, rt, id_number=resident_number("530102", 1951, 5, 15), name="李", region="kunming")


def entries(rt: Runtime, action: str) -> list[tuple[str, dict[str, str]]]:
    with rt.sessions() as session:
        found = session.scalars(select(JournalEntry).where(JournalEntry.action == action).order_by(JournalEntry.seq))
        return [(entry.actor, json.loads(entry.detail)) for entry in found]


def test_its_own_are_certified_in_its_name(rt: Runtime, wu: Person, factory: Agent, clock: Clock) -> None:
    with rt.sessions.begin() as session:
        recorded = agents.certify(session, rt, factory, wu, by="王")
        assert isinstance(recorded, Recorded) and recorded.closed
        assert recorded.evidence.source == f"agent:{factory.code}"
        clock.forward(hours=1)
        again = agents.certify(session, rt, factory, wu, by="李")
        assert isinstance(again, Recorded) and again.evidence.id == recorded.evidence.id
    assert [actor for actor, _ in entries(rt, "evidence recorded")] == [f"agent:{factory.code}/王"]
    with rt.sessions.begin() as session:
        assert certifying.status(session, rt, wu).closed
        clock.forward(days=1)
        later = agents.certify(session, rt, factory, wu, by="王")
        assert isinstance(later, Recorded) and later.evidence.id != recorded.evidence.id


def test_anothers_are_refused_and_journalled(rt: Runtime, wu: Person, factory: Agent) -> None:
    with rt.sessions.begin() as session:
        other = stranger(session, rt)
        refused = agents.certify(session, rt, factory, other, by="王")
        assert isinstance(refused, NotTheirs)
        assert "不在“昆明机床厂”的名单里" in str(refused) and "not among those of 昆明机床厂" in str(refused)
    with rt.sessions.begin() as session:
        assert agents.release(session, rt, factory, wu, "clerk")
        assert not agents.release(session, rt, factory, wu, "clerk")
        assert isinstance(agents.certify(session, rt, factory, wu, by="王"), NotTheirs)
        assert session.scalars(select(Evidence)).all() == []
    assert [(actor, facts["why"]) for actor, facts in entries(rt, "certification refused")] == [
        (f"agent:{factory.code}/王", "NotTheirs")
    ] * 2


def test_a_closed_account_certifies_nobody(rt: Runtime, wu: Person, factory: Agent) -> None:
    with rt.sessions.begin() as session:
        assert agents.close(session, rt, factory, "clerk")
        assert not agents.close(session, rt, factory, "clerk")
    with rt.sessions.begin() as session:
        closed = agents.find(session, factory.code)
        assert isinstance(agents.certify(session, rt, closed, wu, by="王"), AgentClosed)
    assert len(entries(rt, "agent closed")) == 1


def test_codes_are_drawn_anew_when_taken_and_unknown_ones_named(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        two = [
            agents.add(session, replace(rt, random=Random(7)), name=name, kind=AgentKind.AGENCY, region="a", by="c")
            for name in ("一", "二")
        ]
        assert two[0].code != two[1].code
        assert agents.find(session, f" {two[1].code} ").id == two[1].id
        with pytest.raises(AgentUnknown, match="000"):
            agents.find(session, "0000000000")
