"""Certifying agents, for those who check: which there are, and whom each may certify. Nothing is done here."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certification import agents, certifying, journal
from certification.agents import AgentKind
from certification.runtime import Runtime
from certification.store import Agent, AgentPerson, Person, only_read
from ops.console import access, exporting, listing, shown
from ops.console.listing import Asked, Field, Rows
from ops.console.routes import agent as theirs

_BY = (Agent.code,)


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the list of agents, and the page of one."""

    @console.get("/agents")
    @access.for_(access.OVERSEE)
    def agents_() -> ResponseReturnValue:
        asked = _asked(rt)
        with rt.sessions() as session:
            only_read(session)
            page = listing.page(session, _found(asked), _BY, asked)
        named = {one.code: shown.region(one) for one in rt.regions}
        return render_template("agents.html", asked=asked, page=page, regions=named)

    @console.get("/agents.<kind>")
    @access.for_(access.OVERSEE)
    def agents_file(kind: str) -> ResponseReturnValue:
        asked = _asked(rt)
        heading = [gettext("staff.name"), gettext("agents.code"), gettext("agents.kind"), gettext("list.region")]
        heading += [gettext("agents.people"), gettext("staff.since"), gettext("staff.closed_since")]
        entry: dict[str, Any] = {"did": "agents exported", "of": "agents", "filter": asked.values}
        return exporting.handed(rt, kind, "agents", heading, partial(_lines, rt, asked), **entry)

    @console.get("/agents/<agent_id>.<kind>")
    @access.for_(access.OVERSEE)
    def agent_file(agent_id: str, kind: str) -> ResponseReturnValue:
        asked = theirs.asked()
        with rt.sessions() as session:
            only_read(session)
            found = _agent(session, agent_id)
        entry: dict[str, Any] = {"did": "people exported", "of": f"agent:{found.id}", "filter": asked.values}
        rows = partial(theirs.lines, rt, found, asked)
        return exporting.handed(rt, kind, f"people-{found.code}", theirs.heading(), rows, **entry)

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


def _asked(rt: Runtime) -> Asked:
    kinds = {one.value: gettext(f"agent_kind.{one.value}") for one in AgentKind}
    return listing.read(*listing.region_field(rt), Field("kind", gettext("agents.kind"), kinds))


def _lines(rt: Runtime, asked: Asked, session: Session) -> Iterator[exporting.Row]:
    for one in listing.everything(session, _found(asked), _BY):
        what = (one.name, one.code, gettext(f"agent_kind.{one.kind}"), shown.place(rt.regions, one.region))
        yield [*what, one.people, shown.moment(one.opened_at), shown.moment(one.closed_at)]


def _agent(session: Session, agent_id: str) -> Agent:
    found = session.get(Agent, agent_id) or abort(404)
    if not access.sees(found.region):
        access.not_theirs(f"agent:{found.id}")
    return found


def _found(asked: Asked) -> Rows:
    one = Agent
    counted = select(func.count()).select_from(AgentPerson).where(AgentPerson.agent_id == one.id)
    if (mine := access.who().region) is not None:
        counted = counted.join(Person, Person.id == AgentPerson.person_id).where(Person.region == mine)
    people = counted.scalar_subquery().label("people")
    found = select(one.id, one.code, one.name, one.kind, one.region, one.opened_at, one.closed_at, people)
    if asked.region is not None:
        found = found.where(one.region == asked.region)
    return found if asked["kind"] is None else found.where(one.kind == asked["kind"])
