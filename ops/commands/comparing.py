"""Commands of the monthly comparison: run, show, release, undo."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from certification.store import ComparisonRun, only_read
from ops.commands.desk import as_json, by, impersonal, region_of, runtime

ZH = {
    "certified": "比对通过",
    "already": "已用别的办法认证",
    "unresolved": "比对不上",
    "elsewhere": "不在本地户籍",
    "death": "有死亡记录",
    "contradiction": "记录矛盾",
    "people": "名册人数",
    "numbers": "文件里的身份证号",
    "strangers": "不在名册",
    "rejected": "退回的行",
    "engine": "计算引擎",
    "changed": "发布前情况有变",
}
STATES = {
    "running": "比对中",
    "ready": "待发布",
    "releasing": "发布中",
    "released": "已发布",
    "undoing": "撤销中",
    "undone": "已撤销",
}
_FIRST = 20
"""So many people of each outcome are shown."""


class Bars(ExitStack):
    """A progress bar for each stretch of work; the one before ends when the next begins."""

    def __call__(self, what: str, total: int | None = None) -> Callable[[int], object]:
        """Begin the next bar."""
        self.close()
        return self.enter_context(click.progressbar(length=total, label=what)).update


@click.group("compare")
def compare_() -> None:
    """The monthly comparison with other registers. 每月数据比对。"""


@compare_.command("run")
@click.option("--region", "place", required=True, help="code or name of the region")
@click.option(
    "--signals",
    "first",
    required=True,
    type=click.Path(path_type=Path),
    help="CSV or Parquet with id_number,source,seen_on,event (身份证号,来源,日期,事件); more files may follow",
)
@click.argument("more", nargs=-1, type=click.Path(path_type=Path))
@by("cli")
@as_json
def run(place: str, first: Path, more: tuple[Path, ...], by: str, as_json: bool) -> None:
    """Compare everybody of a region with files of signals. Nothing counts before `compare release`. 比对。

    Stopped at any point, the same command goes on; the same files are compared once.
    """
    from certification.comparison import runs  # its libraries are large, and no other command needs them

    rt = runtime()
    region = region_of(rt.regions, place)
    with Bars() as bars:
        run_id = runs.run(rt, region, (first, *more), by, bars)
    _show(run_id, as_json)


@compare_.command("list")
@as_json
def list_(as_json: bool) -> None:
    """List the runs, the latest first. 列出。"""
    rt = runtime()
    with rt.sessions() as session:
        only_read(session)
        found = session.scalars(select(ComparisonRun).order_by(ComparisonRun.started_at.desc())).all()
    for one in found:
        click.echo(f"{one.id} · {one.region} · {one.on} · {STATES[one.state]} {one.state}")
    if as_json:
        rows = [{"run": one.id, "region": one.region, "on": one.on.isoformat(), "state": one.state} for one in found]
        click.echo(json.dumps({"runs": rows}))


@compare_.command()
@click.argument("run_id", metavar="RUN")
@as_json
def show(run_id: str, as_json: bool) -> None:
    """Show what a run came to, before and after it is released. 查看。"""
    _show(run_id, as_json)


@compare_.command()
@click.argument("run_id", metavar="RUN")
@by()
@as_json
def release(run_id: str, by: str, as_json: bool) -> None:
    """Let a run count: certify, begin ladders, open cases. Stopped, it goes on when it is called again. 发布。"""
    from certification.comparison import releasing

    with Bars() as bars:
        releasing.release(runtime(), run_id, by, bars)
    _show(run_id, as_json)


@compare_.command()
@click.argument("run_id", metavar="RUN")
@click.option("--reason", required=True, callback=impersonal, help="why, for the journal; write no name and no number")
@by()
@as_json
def undo(run_id: str, reason: str, by: str, as_json: bool) -> None:
    """Take a run back, whether or not it was released; its evidence stays on record as withdrawn. 撤销。"""
    from certification.comparison import undoing

    with Bars() as bars:
        undoing.undo(runtime(), run_id, by, reason, bars)
    _show(run_id, as_json)


def _show(text: str, as_json: bool) -> None:
    from certification.comparison import folders, runs, standing

    rt = runtime()
    with rt.sessions() as session:
        only_read(session)
        found = standing.find(session, text)
        examples = runs.examples(session, found.id, _FIRST)
    click.echo(f"{found.id} · {found.region} · {found.on} · {STATES[found.state]} {found.state}")
    for file in found.files:
        click.echo(f"文件 file: {file['name']} · {file['bytes']} B · SHA-256 {file['sha256']}")
    counts: dict[str, Any] = found.counts
    for name, value in counts.items():
        click.echo(f"{ZH.get(name, name)} {name}: {value}")
    for outcome, people in examples.items():
        click.echo(f"{ZH[outcome]} {outcome}: {', '.join(people)}{' …' if len(people) == _FIRST else ''}")
    rejects = folders.rejected(rt, found.id)
    if counts.get("rejected") and rejects.exists():
        click.echo(f"退回的行及原因见 lines not taken, and why: {rejects}")
    if found.state == "ready":
        click.echo("尚未生效，核对后用 compare release 发布。 Nothing counts yet; look, then `compare release`.")
    if as_json:
        facts = {"run": found.id, "region": found.region, "on": found.on.isoformat(), "state": found.state}
        click.echo(json.dumps({**facts, **counts, "rejected_file": str(rejects) if rejects.exists() else None}))
