"""A region that does not certify by a route says so in the same words, whichever it is, and nothing is recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import agents, appointments, desks, papers, routes, visits
from certification.agents import AgentKind
from certification.certifying import Recorded
from certification.errors import Problem
from certification.ladder import climbing
from certification.ladder.steps import VISIT, Rung, Who, next_rung
from certification.papers import Document, DocumentKind, PaperKind
from certification.regions import SHANGHAI, Regions, Route
from certification.routes import NotTakenHere
from certification.runtime import Runtime
from certification.store import Climb, Evidence, JournalEntry, Period, Person, Visit
from certification.visits import Outcome
from tests.certification.conftest import Clock

OFFICE = """
[[offices]]
name = "五华区社保窗口"
address = "东风西路1号"
phone = "087112333"
slots = [{ days = [1, 2, 3, 4, 5], from = "09:00", to = "16:00", minutes = 30, people = 1 }]
"""
Begin = Callable[[Session, Runtime, Person], object]


def only(rt: Runtime, folder: Path, *open_here: Route) -> Runtime:
    """The runtime where Kunming certifies by these routes alone."""
    listed = json.dumps([route.value for route in open_here])
    built_in = (Path(routes.__file__).parent / "regions" / "kunming.toml").read_text(encoding="utf-8")
    text = built_in.replace("[operator]", f"routes = {listed}\n\n[operator]", 1) + OFFICE
    (folder / "kunming.toml").write_text(text, encoding="utf-8")
    return replace(rt, regions=Regions.load(folder))


def at_agent(session: Session, rt: Runtime, person: Person) -> Recorded | Problem:
    agent = agents.add(session, rt, name="昆明机床厂", kind=AgentKind.EMPLOYER, region="kunming", by="clerk")
    agents.assign(session, rt, agent, person, "clerk")
    return agents.certify(session, rt, agent, person, by="王")


def by_post(session: Session, rt: Runtime, person: Person) -> object:
    document = Document(DocumentKind.MEDICAL, rt.now().date())
    return papers.letter(session, rt, person, [document], "clerk")


def booked(session: Session, rt: Runtime, person: Person) -> object:
    at = datetime(2026, 3, 12, 9, tzinfo=SHANGHAI)
    return appointments.book(session, rt, person, "五华区社保窗口", at, "line")


BEGUN: dict[Route, Begin] = {
    Route.DESK: lambda session, rt, person: desks.certify(session, rt, person, "clerk"),
    Route.AGENT: at_agent,
    Route.PAPER: lambda session, rt, person: papers.issue(session, rt, person, PaperKind.OWN, "clerk"),
    Route.POST: by_post,
    Route.VISIT: lambda session, rt, person: visits.ask(session, rt, person, cause="x", by="clerk"),
    Route.APPOINTMENT: booked,
}


def refusal(session: Session, rt: Runtime, person: Person, begin: Begin) -> object:
    try:
        return begin(session, rt, person)
    except NotTakenHere as error:
        return error


@pytest.mark.parametrize("route", BEGUN, ids=str)
def test_a_closed_route_is_refused_where_it_begins(rt: Runtime, wu: Person, tmp_path: Path, route: Route) -> None:
    others = [one for one in BEGUN if one is not route]
    with rt.sessions.begin() as session:
        closed = refusal(session, only(rt, tmp_path, Route.PIN, *others), wu, BEGUN[route])
        assert isinstance(closed, NotTakenHere)
        assert closed.zh.startswith(f"昆明不用{routes.NAMES[route][0]}认证")
        assert "stillhere regions show kunming" in closed.en
        assert session.scalars(select(Evidence)).all() == []
        opened = refusal(session, only(rt, tmp_path, Route.PIN, route), wu, BEGUN[route])
        assert not isinstance(opened, Problem)


@pytest.mark.parametrize("route", [Route.DESK, Route.AGENT], ids=str)
def test_a_certification_that_was_refused_is_in_the_journal(
    rt: Runtime, wu: Person, tmp_path: Path, route: Route
) -> None:
    with rt.sessions.begin() as session:
        refusal(session, only(rt, tmp_path, Route.PIN), wu, BEGUN[route])
    with rt.sessions() as session:
        entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "certification refused")).one()
    assert (entry.subject, json.loads(entry.detail)["why"]) == (f"person:{wu.id}", "NotTakenHere")


def test_a_kind_that_is_not_taken_is_named(rt: Runtime, wu: Person, tmp_path: Path) -> None:
    here = only(rt, tmp_path, Route.PIN, Route.PAPER)
    with (tmp_path / "kunming.toml").open("a", encoding="utf-8") as file:
        file.write('[paper]\nforms = ["own"]\n')
    here = replace(here, regions=Regions.load(tmp_path))
    with rt.sessions.begin() as session, pytest.raises(NotTakenHere, match="纸质表（assistance）"):
        papers.issue(session, here, wu, PaperKind.ASSISTANCE, "clerk")


def test_what_was_begun_before_the_route_was_closed_is_finished(rt: Runtime, wu: Person, tmp_path: Path) -> None:
    with rt.sessions.begin() as session:
        visit = visits.ask(session, rt, wu, cause="x", by="clerk")
        visits.assign(session, rt, visit, visitor="李", on=rt.now().date(), by="clerk")
        closed = only(rt, tmp_path, Route.PIN)
        met = visits.report(session, closed, visit, visitor="李", outcome=Outcome.MET, text="在家")
        assert met is not None and met.closed


def test_a_visit_that_the_region_does_not_make_is_no_rung(
    rt: Runtime, wu: Person, tmp_path: Path, clock: Clock
) -> None:
    anybody = Who(frozenset(), mobile=True, phone=True, age=70, failures=0)
    alone = [Rung(VISIT, clock.at - clock.at)]
    assert next_rung(alone, anybody, None, clock.at) == 0
    assert next_rung(alone, replace(anybody, visited=False), None, clock.at) is None
    here = only(rt, tmp_path, Route.PIN)
    with rt.sessions.begin() as session:
        period = Period(id="p", person_id=wu.id, opens=clock.at.date(), due=clock.at.date())
        session.add(period)
        session.flush()
        assert climbing.begin(session, here, wu, period)
    for _ in range(9):
        clock.forward(days=20)
        with rt.sessions.begin() as session:
            for one in climbing.climbing(session, here):
                climbing.climb(session, here, one)
    with rt.sessions() as session:
        assert session.scalars(select(Climb.rung)).one() == 2
        assert session.scalars(select(Visit)).all() == []
