"""Commands of reported deaths: a report, and what a human found out."""

from __future__ import annotations

import json

import click

from certification import bereavement
from certification.bereavement import Verdict
from certification.errors import Problem
from certification.store import new_id
from ops.commands.desk import as_json, by, find, runtime


class NothingToAnswer(Problem):
    """No report of this person's death waits for an answer."""

    def __init__(self) -> None:
        super().__init__(
            "此人没有待核实的去世报告，什么都没有登记；有新消息，或要改以前的结果，请先用 deaths report 登记。",
            "No report of this person's death waits, and nothing was written down: whether it is news or an earlier"
            " answer was wrong, report it first (`deaths report`), then answer.",
        )


@click.group("deaths")
def deaths_() -> None:
    """Reported deaths: no reminders and no suspension until a human has answered. 去世报告。"""


@deaths_.command()
@click.argument("person_id", metavar="ID")
@click.option("--source", default="desk", show_default=True, help="who said so: relative, neighbour, hospital …")
@by()
@as_json
def report(person_id: str, source: str, by: str, as_json: bool) -> None:
    """Write down that somebody reported a death. 登记去世报告。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        case = bereavement.report(session, rt, find(session, rt, person_id), source=source[:40], ref=new_id(), by=by)
    click.echo(json.dumps({"case": case.id}) if as_json else f"已登记，待人工核实 case {case.id}")


@deaths_.command()
@click.argument("person_id", metavar="ID")
@click.option("--verdict", type=click.Choice([verdict.value for verdict in Verdict]), required=True)
@by()
@as_json
def answer(person_id: str, verdict: str, by: str, as_json: bool) -> None:
    """Write down what was found out: alive, and everything goes on; or dead. 核实结果。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        answered = bereavement.answer(session, rt, find(session, rt, person_id), Verdict(verdict), by)
    if not answered:
        raise NothingToAnswer
    click.echo(json.dumps({"answered": answered}) if as_json else f"已答复 answered: {answered}")
