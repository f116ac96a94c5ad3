"""Certifying agents, for those who check: which there are, and whom each may certify. Nothing is done here."""

from __future__ import annotations

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certification import agents, certifying, journal
from certification.agents import AgentKind
from certification.runtime import Runtime
from certification.store import Agent, AgentPerson, Person, only_read
from ops.console import access, listing, shown
from ops.console.listing import Field, Rows
from ops.console.routes import agent as theirs


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the list of agents, and the page of one."""

    @console.get("/agents")
    @access.for_(access.OVERSEE)
    def agents_() -> ResponseReturnValue:
        kind = Field(
            "kind", gettext("agents.kind"), {one.value: gettext(f"agent_kind.{one.value}") for one in AgentKind}
        )
        asked = listing.read(*listing.region_field(rt), kind)
        with rt.sessions() as session:
            only_read(session)
            page = listing.page(session, _found(asked), (Agent.code,), asked)
        named = {one.code: shown.region(one) for one in rt.regions}
        return render_template("agents.html", asked=asked, page=page, regions=named)

    @console.get("/agents/<agent_id>")
    @access.for_(access.OVERSEE)
    def agent(agent_id: str) -> ResponseReturnValue:
        asked = theirs.asked()
        with rt.sessions.begin() as session:
            found = _agent(session, agent_id)
            people = theirs.standing(agents.people_of(found.id, certifying.day_of(rt.now())), asked)
            if (mine := access.who().region) is not None:  # an agent may have people of other regions, too
                people = people.join(Person, Person.id == AgentPerson.person_id).where(Person.region == mine)
            page = listing.page(session, people, theirs.BY, asked)
            rows = [theirs.row(session, rt, row) for row in page.rows]
            facts = {"found": len(rows), "filter": asked.values}
            journal.write(session, rt.now(), access.who().name, "people listed", f"agent:{found.id}", **facts)
        region = shown.place(rt.regions, found.region)
        return render_template("agent.html", agent=found, region=region, asked=asked, page=page, rows=rows)


def _agent(session: Session, agent_id: str) -> Agent:
    found = session.get(Agent, agent_id) or abort(404)
    if not access.sees(found.region):
        access.not_theirs(f"agent:{found.id}")
    return found


def _found(asked: listing.Asked) -> Rows:
    one = Agent
    counted = select(func.count()).select_from(AgentPerson).where(AgentPerson.agent_id == one.id)
    if (mine := access.who().region) is not None:
        counted = counted.join(Person, Person.id == AgentPerson.person_id).where(Person.region == mine)
    people = counted.scalar_subquery().label("people")
    found = select(one.id, one.code, one.name, one.kind, one.region, one.opened_at, one.closed_at, people)
    if asked.region is not None:
        found = found.where(one.region == asked.region)
    return found if asked["kind"] is None else found.where(one.kind == asked["kind"])
