"""Commands that say who is due today, and whom to remind."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click

from certification import due, reminders
from certification.certifying import day_of
from certification.store import only_read
from ops import writing
from ops.commands.desk import as_json, region_of, runtime
from sms import recipients

of_region = click.option("--region", "place", required=True, help="code or name of the region")


@click.command("due")
@of_region
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="CSV of the overdue, for your eyes alone")
@as_json
def due_(place: str, out: Path | None, as_json: bool) -> None:
    """Say how many are certified today, awaited, and overdue; who is overdue goes into the file. 应认证名单。

    Awaited is everybody whose period of today is open, those included who are overdue with an earlier one.
    """
    rt = runtime()
    region, today = region_of(rt.regions, place), day_of(rt.now())
    with rt.sessions() as session:
        only_read(session)
        present, certified = session.execute(due.counted(region.code, today)).one()
        overdue = session.execute(due.overdue(session, region.code, today)).all()
    counts = {"certified": certified, "open": present - certified, "overdue": len(overdue)}
    click.echo(f"{region.name} {region.code} · {today}")
    for zh, (en, number) in zip(("已认证", "待认证", "逾期"), counts.items(), strict=True):
        click.echo(f"{zh} {en}: {number}")
    if out is not None:
        rows = [(person, opens.isoformat(), last.isoformat()) for person, opens, last in overdue]
        writing.table(out, [("person", "opens", "due"), *rows])
        click.echo(f"逾期名单 the overdue: {out}")
    if as_json:
        facts = {"region": region.code, "on": today.isoformat(), **counts, "file": out and str(out)}
        click.echo(json.dumps(facts))


@click.group("remind")
def remind_() -> None:
    """Reminders. 提醒。"""


@remind_.command()
@of_region
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="a day, YYYY-MM-DD; by default today")
@as_json
def plan(place: str, on: datetime | None, as_json: bool) -> None:
    """Say whom to remind on a day, as things stand, by how many messages and segments, and at what cost. 提醒计划。"""
    rt = runtime()
    region, day = region_of(rt.regions, place), on.date() if on else day_of(rt.now())
    with rt.sessions() as session:
        only_read(session)
        planned = reminders.planned(session, region, day)
        whole = recipients.foreseen(session, rt, region, day)
    click.echo(f"{region.name} {region.code} · {day}")
    for before, (mobile, without) in planned.items():
        click.echo(
            f"还有 {before} 天 days left: 有手机 with a mobile of their own {mobile} · 没有手机 without {without}"
        )
    if not planned:
        click.echo(
            "这个地区不提醒：在地区文件 [reminders] days_before 里写天数。 Nobody is reminded here: see days_before."
        )
    click.echo(
        f"短信 messages: {whole['messages']} · 其中抄送 copies: {whole['copies']}"
        f" · 段数（最多）segments: {whole['segments']}"
        + ("" if whole["cost"] is None else f" · 费用（最多）cost: {whole['cost']}")
        + f" · 需人工打电话 to be called: {whole['calls']}"
    )
    if as_json:
        by = [{"days_before": days, "mobile": mine, "no_mobile": none} for days, (mine, none) in planned.items()]
        people = sum(mine + none for mine, none in planned.values())
        click.echo(json.dumps({"region": region.code, "on": day.isoformat(), **whole, "people": people, "by": by}))
