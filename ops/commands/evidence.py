"""Commands of signs of life: those of a person, one taken back that was entered by mistake, and one put back."""

from __future__ import annotations

import json
from typing import Any

import click
from sqlalchemy import select

from certification import withdrawing
from certification.certificates import WAYS
from certification.certifying import day_of
from certification.store import Evidence, only_read
from ops.commands.desk import as_json, by, find, impersonal, runtime

reason = click.option(
    "--reason", required=True, callback=impersonal, help="why, for the journal; write no name and no number"
)


@click.group("evidence")
def evidence_() -> None:
    """Signs of life on record. 认证记录。"""


@evidence_.command("list")
@click.argument("person_id", metavar="ID")
@as_json
def list_(person_id: str, as_json: bool) -> None:
    """List a person's signs of life, those that count and those that were taken back. 列出。"""
    rt = runtime()
    with rt.sessions() as session:
        only_read(session)
        mine = select(Evidence).where(Evidence.person_id == find(session, rt, person_id).id)
        found = session.scalars(mine.order_by(Evidence.observed_at.desc(), Evidence.id)).all()
    rows: list[dict[str, Any]] = [
        {
            "id": one.id,
            "receipt": one.receipt,
            "on": day_of(one.observed_at).isoformat(),
            "kind": one.kind,
            "withdrawn": one.withdrawn_at is not None,
        }
        for one in found
    ]
    for row in rows:
        way = " ".join(WAYS.get(row["kind"], (row["kind"], "")))
        taken = " · 已撤回 taken back" if row["withdrawn"] else ""
        click.echo(f"{row['on']} · {row['receipt']} · {way}{taken}")
    if as_json:
        click.echo(json.dumps({"evidence": rows}))


@evidence_.command()
@click.argument("receipt")
@reason
@by()
@as_json
def withdraw(receipt: str, reason: str, by: str, as_json: bool) -> None:
    """Take a sign of life back that was entered by mistake; it stays on record, and counts no more. 撤回。

    Where nothing else certifies the period, it opens again, the person is told, and has the usual time to come. Again,
    it changes nothing. What came with a comparison goes with it (`compare undo`), what a human's verdict put on record
    with that (`cases take-back`).
    """
    rt = runtime()
    with rt.sessions.begin() as session:
        evidence = withdrawing.find(session, receipt)
        row = withdrawing.withdraw(session, rt, evidence.id, by=by, why=reason, supervisor=True)
        facts = {"receipt": evidence.receipt, "withdrawn": row is not None, "open": bool(row and row.period_id)}
    click.echo(
        f"{facts['receipt']} {'已撤回 taken back' if facts['withdrawn'] else '之前已撤回 was taken back before'}"
    )
    if facts["open"]:
        click.echo(
            "这一期没有别的认证，会请本人重新办理 nothing else certifies the period: they are asked to certify again"
        )
    if as_json:
        click.echo(json.dumps(facts))


@evidence_.command("put-back")
@click.argument("receipt")
@reason
@by()
@as_json
def put_back(receipt: str, reason: str, by: str, as_json: bool) -> None:
    """Let a sign of life stand again that was taken back by mistake. 恢复。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        evidence = withdrawing.find(session, receipt)
        done = withdrawing.put_back(session, rt, evidence.id, by=by, why=reason)
        facts = {"receipt": evidence.receipt, "put_back": done}
    click.echo(f"{facts['receipt']} {'已恢复 put back' if done else '本来就有效 stands already'}")
    if as_json:
        click.echo(json.dumps(facts))
