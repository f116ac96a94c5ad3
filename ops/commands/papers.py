"""Commands of papers, step by step: issued, posted, received, accepted or returned with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

import click
from sqlalchemy.orm import Session

from certification import papers
from certification.certifying import day_of
from certification.errors import Problem
from certification.paperfaults import STATES, VOID
from certification.papers import Document, PaperKind
from certification.runtime import Runtime
from certification.store import Paper, only_read
from ops.commands.desk import as_json, by, find, impersonal, region_of, runtime
from ops.commands.routes import DAY, DocumentType, tell

FORMS = [kind.value for kind in papers.FORMS]


@click.group("papers")
def papers_() -> None:
    """Forms and documents. 表格和信件。"""


@papers_.command()
@click.argument("person_id", metavar="ID")
@click.option("--kind", type=click.Choice(FORMS), default="own", show_default=True)
@click.option("--again", metavar="WHY", callback=impersonal, help="why another replaces the one that is out")
@by()
@as_json
def issue(person_id: str, kind: str, again: str | None, by: str, as_json: bool) -> None:
    """Issue a numbered form to a person, who has one at a time; prints its number. 发表。

    --again, with the reason, gives another for one that was lost, whose number is void from then on; write no name.
    """
    rt = runtime()
    with rt.sessions.begin() as session:
        person = find(session, rt, person_id)
        paper = papers.issue(session, rt, person, PaperKind(kind), by, again=again)
    click.echo(f"签发 issued by: {rt.regions[person.region].paper.issuer}")
    _tell(paper, as_json)


@papers_.command()
@click.argument("number")
@by()
@as_json
def post(number: str, by: str, as_json: bool) -> None:
    """Note that a form was posted. 登记寄出。"""
    _step(number, by, as_json, papers.post)


@papers_.command()
@click.argument("number")
@by()
@as_json
def receive(number: str, by: str, as_json: bool) -> None:
    """Note that a form came back. 登记收到。"""
    _step(number, by, as_json, papers.receive)


@papers_.command()
@click.argument("person_id", metavar="ID")
@click.option(
    "--document", "documents", type=DocumentType(), multiple=True, required=True, help="such as medical_record:DATE"
)
@by()
@as_json
def letter(person_id: str, documents: tuple[Document, ...], by: str, as_json: bool) -> None:
    """Take in documents that came by post; prints the number they are followed by. 收信。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        paper = papers.letter(session, rt, find(session, rt, person_id), documents, by)
    _tell(paper, as_json)


@papers_.command()
@click.argument("number")
@click.option("--signed-on", type=DAY, help="the day a form was signed; a letter's is that of its latest document")
@click.option("--stamp", help="the place whose stamp an assistance form bears")
@by()
@as_json
def accept(number: str, signed_on: datetime | None, stamp: str | None, by: str, as_json: bool) -> None:
    """Accept what was received; prints the receipt. 审核通过。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        paper = papers.valid(session, rt, number, by)
        if isinstance(paper, Paper):
            on = signed_on.date() if signed_on else None
            recorded = papers.accept(session, rt, paper, by, signed_on=on, stamp=stamp)
    if isinstance(paper, Problem):
        raise paper
    tell(recorded, as_json)


@papers_.command("return")
@click.argument("number")
@click.option("--reason", required=True, help="what the person is told")
@by()
@as_json
def return_(number: str, reason: str, by: str, as_json: bool) -> None:
    """Return what was received, and say why; it may come again. 退回并说明原因。"""

    def give_back(session: Session, rt: Runtime, paper: Paper, by: str) -> None:
        papers.give_back(session, rt, paper, by, reason)

    _step(number, by, as_json, give_back)


@papers_.command()
@click.argument("number")
@by("clerk")
@as_json
def show(number: str, by: str, as_json: bool) -> None:
    """Say where a paper is. 查询。"""
    _step(number, by, as_json, lambda *_: None, papers.find)


@papers_.command()
@click.option("--region", "place", required=True, help="code or name of the region")
@as_json
def overdue(place: str, as_json: bool) -> None:
    """List forms that are out for longer than the region says, and count as lost: issue others. 逾期未寄回的表。"""
    rt = runtime()
    with rt.sessions() as session:
        only_read(session)
        found = papers.overdue(session, rt, region_of(rt.regions, place))
    rows = [
        {"number": one.number, "state": one.state, "issued": str(day_of(one.issued_at)), "person": one.person_id}
        for one in found
        if one.issued_at is not None
    ]
    for row in rows:
        click.echo(
            f"{row['number']} · {STATES[row['state']]} {row['state']} · {row['issued']} · person {row['person']}"
        )
    if not rows:
        click.echo("没有逾期未寄回的表 no form is out for too long")
    if as_json:
        click.echo(json.dumps({"papers": rows}))


def _step(
    number: str,
    by: str,
    as_json: bool,
    step: Callable[[Session, Runtime, Paper, str], None],
    look: Callable[[Session, Runtime, str, str], Paper | Problem] = papers.valid,
) -> None:
    """Take one step with a paper, and say where it is then."""
    rt = runtime()
    with rt.sessions.begin() as session:
        paper = look(session, rt, number, by)
        if isinstance(paper, Paper):
            step(session, rt, paper, by)
    if isinstance(paper, Problem):  # raised after the commit, which keeps what the journal says of it
        raise paper
    _tell(paper, as_json)


def _tell(paper: Paper, as_json: bool) -> None:
    facts = {"number": paper.number, "kind": paper.kind, "state": paper.state, "person": paper.person_id}
    click.echo(f"编号 number {paper.number} · {STATES[paper.state]} {paper.state}")
    if paper.state == "returned":
        click.echo(f"退回原因 reason: {paper.reason}")
    elif paper.state == VOID:
        click.echo(f"作废原因 replaced because: {paper.reason}")
    if as_json:
        click.echo(json.dumps(facts | {"reason": paper.reason if paper.state in ("returned", VOID) else None}))
