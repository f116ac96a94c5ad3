"""Commands of home visits: asked for, given to a visitor, reported."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy.orm import Session

from certification import visits
from certification.errors import Problem
from certification.store import Visit, new_id, only_read
from certification.visits import STATES, Outcome
from ops.commands.desk import as_json, by, find, runtime
from ops.commands.routes import DAY, tell


class VisitUnknown(Problem):
    """There is no such visit."""

    def __init__(self, given: str) -> None:
        super().__init__(
            f"没有编号为 {given[:32]} 的上门任务，请用 stillhere visits list 查看。",
            f"There is no visit {given[:32]}: see `stillhere visits list`.",
        )


@click.group("visits")
def visits_() -> None:
    """Home visits. 上门服务。"""


@visits_.command()
@click.argument("person_id", metavar="ID")
@by()
@as_json
def ask(person_id: str, by: str, as_json: bool) -> None:
    """Ask for a visit at somebody's home; where one is awaited already, that is shown. 申请上门。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        person = find(session, rt, person_id)
        before = visits.awaited(session, person)
        visit = before or visits.ask(session, rt, person, cause=f"clerk:{new_id()}", by=by)
    if before is not None:
        click.echo("已有一次上门待办，没有另开 one is awaited already; no other was asked for", err=True)
    _tell([visit], as_json)


@visits_.command()
@click.argument("visit_id", metavar="VISIT")
@click.option("--visitor", required=True, help="who goes there")
@click.option("--on", type=DAY, required=True, help="the day")
@by()
@as_json
def assign(visit_id: str, visitor: str, on: datetime, by: str, as_json: bool) -> None:
    """Give a visit to a visitor. 派人。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        visit = _visit(session, visit_id)
        visits.assign(session, rt, visit, visitor=visitor, on=on.date(), by=by)
    _tell([visit], as_json)


@visits_.command()
@click.argument("visit_id", metavar="VISIT")
@click.option("--visitor", required=True, help="who was there: the one whom it was given to")
@click.option("--outcome", type=click.Choice([outcome.value for outcome in Outcome]), required=True)
@click.option("--report", "text", required=True, help="what was seen there, in a few words")
@click.option("--photo", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="JPEG or PNG, if any")
@as_json
def report(visit_id: str, visitor: str, outcome: str, text: str, photo: Path | None, as_json: bool) -> None:
    """Write down what a visitor found; prints the receipt where the person was met. 登记上门结果。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        visit = _visit(session, visit_id)
        image = photo.read_bytes() if photo else None
        recorded = visits.report(session, rt, visit, visitor=visitor, outcome=Outcome(outcome), text=text, photo=image)
    if recorded is not None:
        tell(recorded, as_json)
    else:
        _tell([visit], as_json)


@visits_.command("list")
@click.option("--visitor", help="of this visitor alone")
@as_json
def list_(visitor: str | None, as_json: bool) -> None:
    """Visits that were not reported yet. 未完成的上门任务。"""
    rt = runtime()
    with rt.sessions() as session:
        only_read(session)
        _tell(visits.waiting(session, visitor), as_json)


def _visit(session: Session, given: str) -> Visit:
    visit = session.get(Visit, given)
    if visit is None:
        raise VisitUnknown(given)
    return visit


def _tell(found: list[Visit], as_json: bool) -> None:
    for one in found:
        day = one.planned_on.isoformat() if one.planned_on else "–"
        who = one.visitor or "–"
        click.echo(f"{one.id} · {STATES[one.state]} {one.state} · {who} · {day} · 本人 person {one.person_id}")
    if as_json:
        facts = [
            {"id": one.id, "state": one.state, "visitor": one.visitor, "person": one.person_id, "outcome": one.outcome}
            for one in found
        ]
        click.echo(json.dumps({"visits": facts}))
