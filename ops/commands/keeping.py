"""Commands of the administrator: database, keys, journal."""

from __future__ import annotations

import json
import os

import click

from certification import journal as log
from certification.keys import KeyRing
from certification.settings import Settings
from certification.store import only_read, open_sessions
from ops.migrations import upgrade as migrate


@click.group()
def db() -> None:
    """The database. 数据库。"""


@db.command()
def upgrade() -> None:
    """Bring the tables up to date. 更新表结构。"""
    migrate(Settings.read(os.environ).database_url)
    click.echo("数据库已是最新 the database is up to date")


@click.group()
def keys() -> None:
    """The key ring. 密钥。"""


@keys.command()
def generate() -> None:
    """Print a fresh key for STILLHERE_KEYS; put it before the older ones. 生成新密钥。"""
    click.echo(KeyRing.generate_text())


@click.group()
def journal() -> None:
    """The journal. 日志。"""


@journal.command()
@click.option("--json", "as_json", is_flag=True, help="print one JSON object as the last line")
def verify(as_json: bool) -> None:
    """Check the whole chain; write the head down elsewhere to notice a cut end. 校验日志链。"""
    with open_sessions(Settings.read(os.environ).database_url)() as session:
        only_read(session)
        found = log.verify(session)
    match found:
        case log.Verified(entries, head):
            click.echo(f"完好 intact: {entries} 条 entries, head {head}")
            facts: dict[str, object] = {"intact": True, "entries": entries, "head": head}
        case log.Broken(seq, why):
            click.echo(f"第 {seq} 条断裂 broken at entry {seq}: {why}", err=True)
            facts = {"intact": False, "broken_at": seq, "why": why}
    if as_json:
        click.echo(json.dumps(facts))
    if not facts["intact"]:
        raise SystemExit(1)
