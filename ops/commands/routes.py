"""Certification by other routes than a call, in one step; and certifying agents."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import click
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certification import agents, csvfile, desks, papers
from certification.agents import AgentKind
from certification.certifying import Recorded
from certification.errors import Problem
from certification.papers import Document, DocumentKind
from certification.regions import BASE, Region, Regions
from certification.runtime import Runtime
from certification.store import Agent, AgentPerson, Person, only_read
from ops.commands.desk import PersonUnknown, as_json, by, find, region_of, runtime

ROUTES = ("desk", "agent", "paper", "post")
DAY = click.DateTime(["%Y-%m-%d"])


class DocumentType(click.ParamType):  # type: ignore[type-arg]  # not subscriptable at run time
    """KIND:DATE, such as medical_record:2026-03-01."""

    name = "kind:date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Document:
        """Read one document."""
        kind, _, dated = str(value).partition(":")
        try:
            return Document(DocumentKind(kind), date.fromisoformat(dated))
        except ValueError:
            kinds = ", ".join(DocumentKind)
            self.fail(
                f"应写作 种类:日期，种类为 {kinds}。 Write KIND:DATE, such as medical_record:2026-03-01.", param, ctx
            )


class RegionNotSaid(click.UsageError):
    """More than one region could be meant."""

    def __init__(self, regions: Regions) -> None:
        listed = "、".join(f"{one.code} {one.name}" for one in regions)
        super().__init__(f"请用 --region 写明地区。 Say which region with --region: {listed}.")


class Incomplete(click.UsageError):
    """A route lacks what it rests on."""

    def __init__(self, route: str, option: str) -> None:
        super().__init__(f"用 {route} 认证要写明 {option}。 The route {route} needs {option}.")


@click.command()
@click.argument("person_id", metavar="ID")
@click.option("--route", type=click.Choice(ROUTES), required=True)
@by()
@click.option("--agent", "agent_code", help="agent: the code of the certifying agent")
@click.option("--form", "number", help="paper: the number of the form that came back")
@click.option("--signed-on", type=DAY, help="paper: the day it was signed")
@click.option("--stamp", help="paper: the place whose stamp an assistance form bears")
@click.option("--document", "documents", type=DocumentType(), multiple=True, help="post: each document and its date")
@as_json
def certify(
    person_id: str,
    route: str,
    by: str,
    agent_code: str | None,
    number: str | None,
    signed_on: datetime | None,
    stamp: str | None,
    documents: tuple[Document, ...],
    as_json: bool,
) -> None:
    """Certify by another route than a call. 用电话以外的办法认证。

    desk: a clerk saw the person and their ID. agent: somebody at a certifying agent did. paper: a form of ours came
    back signed. post: documents of the last three months. Step by step: `stillhere papers`; home visits: `visits`.
    """
    rt = runtime()
    with rt.sessions.begin() as session:
        person = find(session, rt, person_id)
        if route == "desk":
            outcome: Recorded | Problem = desks.certify(session, rt, person, by)
        elif route == "agent":
            if agent_code is None:
                raise Incomplete(route, "--agent")
            outcome = agents.certify(session, rt, agents.find(session, agent_code), person, by=by)
        elif route == "paper":
            if number is None or signed_on is None:
                raise Incomplete(route, "--form, --signed-on")
            outcome = _form(session, rt, person, number, signed_on.date(), stamp, by)
        else:
            if not documents:
                raise Incomplete(route, "--document")
            outcome = papers.accept(session, rt, papers.letter(session, rt, person, documents, by), by)
    if isinstance(outcome, Problem):  # raised after the commit, which keeps what the journal says of it
        raise outcome
    tell(outcome, as_json)


def tell(recorded: Recorded, as_json: bool) -> None:
    """Print the receipt, and whether the period is certified by it."""
    receipt = recorded.evidence.receipt
    click.echo(f"回执号 receipt {receipt}")
    if not recorded.closed:
        click.echo("已记录；本期还需要更强的证明 on record; this period asks for stronger evidence")
    if as_json:
        click.echo(json.dumps({"receipt": receipt, "certified": recorded.closed}))


def _form(
    session: Session, rt: Runtime, person: Person, number: str, signed_on: date, stamp: str | None, by: str
) -> Recorded | Problem:
    paper = papers.valid(session, rt, number, by)
    if isinstance(paper, Problem):
        return paper
    if paper.person_id != person.id:
        return papers.refuse(session, rt, paper, by)
    if paper.state != "received":
        papers.receive(session, rt, paper, by)
    return papers.accept(session, rt, paper, by, signed_on=signed_on, stamp=stamp)


@click.group("agents")
def agents_() -> None:
    """Certifying agents: employers, agencies, communities. 代办单位。"""


@agents_.command("add")
@click.argument("name")
@click.option("--kind", type=click.Choice([kind.value for kind in AgentKind]), required=True)
@click.option(
    "--region", "place", help="left out where there is one alone: DEFAULT_REGION, or that of everybody on the roll"
)
@by()
@as_json
def add(name: str, kind: str, place: str | None, by: str, as_json: bool) -> None:
    """Open an account for an agent; prints its code. 开户。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        region = region_of(rt.regions, place) if place else _only_region(session, rt.regions)
        agent = agents.add(session, rt, name=name, kind=AgentKind(kind), region=region.code, by=by)
    click.echo(json.dumps({"code": agent.code, "id": agent.id}) if as_json else f"编号 code {agent.code}")


def _only_region(session: Session, regions: Regions) -> Region:
    """The region of this installation, where it has one alone. Raises RegionNotSaid."""
    if regions.default.code != BASE:
        return regions.default
    on_roll = session.execute(select(func.min(Person.region), func.max(Person.region))).one()
    only = regions.find(on_roll[0]) if on_roll[0] is not None and on_roll[0] == on_roll[1] else None
    if only is None:
        raise RegionNotSaid(regions)
    return only


@agents_.command("list")
@click.option("--region", "place", help="of this region alone, by code or name")
@as_json
def list_(place: str | None, as_json: bool) -> None:
    """List the agents, with how many people each may certify. 列出。"""
    rt = runtime()
    theirs = select(func.count()).where(AgentPerson.agent_id == Agent.id).scalar_subquery()
    found = select(Agent, theirs).order_by(Agent.region, Agent.name)
    if place:
        found = found.where(Agent.region == region_of(rt.regions, place).code)
    with rt.sessions() as session:
        only_read(session)
        rows = [
            {"code": one.code, "name": one.name, "kind": one.kind, "region": one.region, "people": people}
            | {"closed": one.closed_at is not None}
            for one, people in session.execute(found)
        ]
    for row in rows:
        closed = " · 已停用 closed" if row["closed"] else ""
        click.echo(
            f"{row['code']} · {row['name']} {row['kind']} · {row['region']} · 名单 people {row['people']}{closed}"
        )
    if not rows:
        click.echo("还没有代办单位，用 stillhere agents add 开户 there is none yet: see `stillhere agents add`")
    if as_json:
        click.echo(json.dumps({"agents": rows}, ensure_ascii=False))


@agents_.command("close")
@click.argument("code")
@by()
def close(code: str, by: str) -> None:
    """Close an account; what was certified by it stands. 停用。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        closed = agents.close(session, rt, agents.find(session, code), by)
    click.echo("已停用 closed" if closed else "早已停用 closed before")


@agents_.command("assign")
@click.argument("code")
@click.argument("people", nargs=-1, metavar="[ID]...")
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="an ID a line")
@click.option("--release", is_flag=True, help="take them from the agent instead")
@by()
@as_json
def assign(code: str, people: tuple[str, ...], file: Path | None, release: bool, by: str, as_json: bool) -> None:
    """Say whom an agent may certify. 划定名单。"""
    rt = runtime()
    listed = [*((f"第 {n} 个 ID no. {n}", one) for n, one in enumerate(people, 1)), *_lines(file)]
    with rt.sessions.begin() as session:
        agent, move = agents.find(session, code), agents.release if release else agents.assign
        found = _all_found(session, rt, listed)
        changed = sum(move(session, rt, agent, person, by) for person in found)
        theirs = len(session.scalars(select(AgentPerson).where(AgentPerson.agent_id == agent.id)).all())
    facts = {"changed": changed, "people": theirs}
    click.echo(json.dumps(facts) if as_json else f"变动 changed {changed} · 名单共 people {theirs}")


def _lines(file: Path | None) -> list[tuple[str, str]]:
    """The identifiers that a file names, and where each stands."""
    if file is None:
        return []
    with file.open(encoding=csvfile.encoding(file) or "utf-8-sig", errors="replace") as text:
        return [(f"第 {n} 行 line {n}", one) for n, line in enumerate(text, 1) for one in line.split()]


def _all_found(session: Session, rt: Runtime, listed: list[tuple[str, str]]) -> list[Person]:
    """Everybody whom a list names; or an error that says where it names nobody, and that nothing was done."""
    people, wrong = [], []
    for place, given in listed:
        try:
            people.append(find(session, rt, given))
        except (Problem, PersonUnknown) as error:
            wrong.append(f"{place}: {error}")
    if wrong:
        raise click.ClickException("\n".join(["名单没有改动 nothing was changed:", *wrong]))
    return people
