"""The pages of a certifying agent: its own people, and certifying those of them whom somebody there saw."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import agents, certifying, desks, journal, people, withdrawing
from certification.certifying import Recorded
from certification.evidence import Kind
from certification.identity import ResidentNumber
from certification.keys import SealBroken
from certification.runtime import Runtime
from certification.store import Agent, AgentPerson, Evidence, Period, Person, only_read
from ops.console import access, exporting, language, listing, shown
from ops.console import asked as form
from ops.console.desk import signs
from ops.console.desk.find import named
from ops.console.listing import Asked, Field, Page

BY = (AgentPerson.person_id,)
"""The order of an agent's people."""


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the agent's list, its file, and what is done with it."""

    @console.get("/mine")
    @access.for_(access.AGENTS)
    def mine() -> ResponseReturnValue:
        given = asked()
        with rt.sessions.begin() as session:
            agent = _agent(session)
            found = agents.people_of(agent.id, certifying.day_of(rt.now()))
            page = listing.page(session, standing(found, given), BY, given)
            rows = [row(session, rt, one) for one in page.rows]
            facts = {"found": len(rows), "filter": given.values}
            journal.write(session, rt.now(), access.who().name, "people listed", f"agent:{agent.id}", **facts)
            just = _just(session, rt, agent, [one["id"] for one in rows])
        return _page(rt, agent, given, page, rows, just=just)

    @console.get("/mine.<kind>")
    @access.for_(access.AGENTS)
    def mine_file(kind: str) -> ResponseReturnValue:
        given = asked()
        with rt.sessions() as session:
            only_read(session)
            agent = _agent(session)
        entry: dict[str, Any] = {"did": "people exported", "of": f"agent:{agent.id}", "filter": given.values}
        return exporting.handed(rt, kind, f"people-{agent.code}", heading(), partial(lines, rt, agent, given), **entry)

    _deeds(console, rt)


def _deeds(console: Blueprint, rt: Runtime) -> None:
    """Add looking for one of them, and certifying."""

    @console.post("/mine/find")
    @access.for_(access.AGENTS)
    def find_mine() -> ResponseReturnValue:
        number = ResidentNumber.parse(request.form.get("number", ""))
        with rt.sessions.begin() as session:
            agent = _agent(session)
            person = people.find_by_number(session, rt.keys, number)
            theirs = person is not None and agents.has(session, agent.id, person.id)
            actor, facts = access.who().name, {"found": int(theirs)}
            journal.write(session, rt.now(), actor, "people looked for", f"agent:{agent.id}", **facts)
            rows = []
            if person is not None and theirs:
                found = agents.people_of(agent.id, certifying.day_of(rt.now()))
                rows = [row(session, rt, session.execute(found.where(AgentPerson.person_id == person.id)).one())]
            just = _just(session, rt, agent, [one["id"] for one in rows])
        return _page(rt, agent, asked(), Page([], None, None), rows, just=just, looked=True)

    @console.post("/mine/certify")
    @access.for_(access.AGENTS)
    def certify_mine() -> ResponseReturnValue:
        chosen = list(dict.fromkeys(request.form.getlist("person")))
        if request.form.get("seen") != "yes":
            raise desks.CardNotSeen
        if not chosen:
            raise agents.NobodyTicked
        if len(chosen) > listing.SIZE:
            abort(400)
        by = access.who().name
        with rt.sessions.begin() as session:
            agent = _agent(session)
            found = [session.get(Person, one) for one in chosen]
            strangers = [one for one in found if one is None or not agents.has(session, agent.id, one.id)]
            if strangers:  # refused and journalled, and nobody is certified
                for one in strangers:
                    if one is not None:
                        agents.certify(session, rt, agent, one, by=by)
            else:
                done = [_done(session, rt, agent, one, by) for one in found if one is not None]
        if strangers:
            abort(404)
        return render_template("certified.html", agent=agent, done=done)

    @console.post("/mine/<person_id>/signs/<evidence_id>/withdraw")
    @access.for_(access.AGENTS)
    def withdraw_mine(person_id: str, evidence_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            agent = _agent(session)
            one = _theirs(session, agent, person_id, evidence_id)
            form.sure()
            by, why = access.who().name, form.reason()
            row = withdrawing.withdraw(session, rt, one.id, by=by, why=why, agent=agent.id)
        flash(signs.said(row))
        return redirect(url_for("console.mine"))


def _agent(session: Session) -> Agent:
    """The agent of whoever is signed in. Raises AgentClosed."""
    agent = session.get_one(Agent, access.who().agent_id)
    if agent.closed_at is not None:
        raise agents.AgentClosed(agent)
    return agent


def _theirs(session: Session, agent: Agent, person_id: str, evidence_id: str) -> Evidence:
    """A sign of life that this agent put on record, of somebody who is among its people; anything else is not there."""
    person, evidence = session.get(Person, person_id), session.get(Evidence, evidence_id)
    if person is None:
        abort(404)
    if not agents.has(session, agent.id, person.id):
        access.not_theirs(f"person:{person.id}")
    if evidence is None or evidence.person_id != person.id:
        abort(404)
    if evidence.kind != Kind.AGENT or evidence.detail.get("agent") != agent.id:
        access.not_theirs(f"person:{person.id}")
    return evidence


def _just(session: Session, rt: Runtime, agent: Agent, persons: Collection[str]) -> dict[str, Evidence]:
    """What whoever is signed in put on record of these people just now, and may take back; by person."""
    now, by = rt.now(), access.who().name
    lately = (Evidence.recorded_at >= now - withdrawing.SOON, Evidence.withdrawn_at.is_(None))
    found = session.scalars(select(Evidence).where(Evidence.person_id.in_(persons), *lately)).all()
    theirs = (one for one in found if withdrawing.by_them_just_now(one, by, now, agent=agent.id))
    return {one.person_id: one for one in theirs}


def asked() -> Asked:
    """Which of an agent's people the address asks for."""
    choices = {"open": gettext("mine.open"), "done": gettext("mine.done")}
    return listing.read(Field("stand", gettext("roll.stand"), choices))


def standing(found: Any, given: Asked) -> Any:
    """Those of an agent's people who stand as was asked for."""
    if given["stand"] is None:
        return found
    closed = Period.closed_at.is_not(None)
    return found.where(closed if given["stand"] == "done" else ~closed)


def heading() -> list[str]:
    """What a file says of each of an agent's people."""
    return [gettext("roll.name"), gettext("person.number"), gettext("roll.due"), gettext("roll.stand")]


def lines(rt: Runtime, agent: Agent, given: Asked, session: Session) -> Iterator[exporting.Row]:
    """The same of those who stand as was asked for, and whom whoever is signed in may see."""
    people = standing(agents.people_of(agent.id, certifying.day_of(rt.now())), given)
    found = people.join(Person, Person.id == AgentPerson.person_id).add_columns(Person)
    if (mine := access.who().region) is not None and access.who().agent_id is None:
        found = found.where(Person.region == mine)
    for each in listing.everything(session, found, BY):
        one = _shown(rt, each.Person, each)
        stand = gettext("mine.done") if one["done"] else gettext("mine.open")
        yield [one["name"], one["number"], shown.day(one["due"]), stand]


def row(session: Session, rt: Runtime, one: Any) -> dict[str, Any]:
    """One of an agent's people as a list shows them, the middle of their number hidden."""
    return _shown(rt, session.get_one(Person, one.person_id), one)


def _shown(rt: Runtime, person: Person, one: Any) -> dict[str, Any]:
    try:
        number = shown.masked(people.number_of(rt.keys, person).text)
    except SealBroken:
        number = shown.NOTHING
    return {
        "id": person.id,
        "name": named(rt, person),
        "number": number,
        "due": one.due,
        "done": one.closed_at is not None,
    }


def _page(
    rt: Runtime,
    agent: Agent,
    given: Asked,
    page: Page,
    rows: list[dict[str, Any]],
    *,
    just: dict[str, Evidence],
    looked: bool = False,
) -> str:
    facts = {"agent": agent, "region": rt.regions[agent.region], "looked": looked, "just": just}
    return render_template("mine.html", asked=given, page=page, rows=rows, **facts)


def _done(session: Session, rt: Runtime, agent: Agent, person: Person, by: str) -> dict[str, Any]:
    """What became of one: the receipt, or why not."""
    outcome = agents.certify(session, rt, agent, person, by=by)
    if isinstance(outcome, Recorded):
        receipt = outcome.evidence.receipt
        key = (
            gettext("desk.certified", receipt=receipt) if outcome.closed else gettext("desk.recorded", receipt=receipt)
        )
        mine = _just(session, rt, agent, [person.id]).get(person.id)
        return {"name": named(rt, person), "said": key, "refused": False, "just": mine}
    return {"name": named(rt, person), "said": language.said(outcome), "refused": True, "just": None}
