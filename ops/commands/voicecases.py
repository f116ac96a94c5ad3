"""Commands of the cases in which a human says who spoke: what waits, and the verdict. 声音案件。"""

from __future__ import annotations

import json

import click

from certification import review
from certification.regions import SHANGHAI
from certification.review import Verdict
from certification.store import only_read
from ops.commands.desk import as_json, by, runtime

MOST = 200
SAID = {
    Verdict.CONFIRMED: "是本人 it was the person",
    Verdict.UNSURE: "这次来电不能确定 this call does not show it",
}


@click.group("cases")
def cases_() -> None:
    """Calls in which a human is to say who spoke. 待人工判断的来电声音。"""


@cases_.command("list")
@as_json
def list_(as_json: bool) -> None:
    """The cases that wait, the oldest first. 列表。"""
    rt = runtime()
    with rt.sessions() as session:
        only_read(session)
        found = review.waiting(session, MOST)
        rows = [
            {
                "id": one.id,
                "kind": one.kind,
                "person": one.person_id,
                "opened": f"{one.opened_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
            }
            for one in found
        ]
    for row in rows:
        click.echo(f"{row['opened']} {row['kind']} {row['id']} person {row['person']}")
    if as_json:
        click.echo(json.dumps({"cases": rows}))
    elif not rows:
        click.echo("没有待办的声音案件 none")


@cases_.command()
@click.argument("case_id", metavar="CASE")
@click.option("--verdict", type=click.Choice([one.value for one in Verdict]), required=True)
@by()
@as_json
def decide(case_id: str, verdict: str, by: str, as_json: bool) -> None:
    """Say who spoke: confirmed (the call certifies), or unsure (another way will). They are told by text. 判断。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        recorded = review.decide(session, rt, case_id, Verdict(verdict), by)
    facts = {
        "verdict": verdict,
        "certified": recorded is not None and recorded.closed,
        "receipt": None if recorded is None else recorded.evidence.receipt,
    }
    click.echo(f"已办结 decided: {SAID[Verdict(verdict)]}")
    if recorded is not None:
        click.echo(f"回执号 receipt {recorded.evidence.receipt}")
        if not recorded.closed:
            click.echo("已记录；本期还需要更强的证明 on record; this period asks for stronger evidence")
    if as_json:
        click.echo(json.dumps(facts))
