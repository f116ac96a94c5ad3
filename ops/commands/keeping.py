"""Commands of the administrator: database, keys, journal."""

from __future__ import annotations

import json

import click

from certification import canary
from certification import journal as log
from certification.keys import KeyRing
from certification.runtime import utc_now
from certification.store import only_read, open_sessions
from ops import compose
from ops.migrations import upgrade as migrate


@click.group()
def db() -> None:
    """The database. 数据库。"""


@db.command()
def upgrade() -> None:
    """Bring the tables up to date. 更新表结构。"""
    settings = compose.settings()
    ring = KeyRing.from_text(settings.keys)  # before anything is changed
    migrate(settings.database_url)
    canary.check(open_sessions(settings.database_url), ring, utc_now())
    click.echo("数据库已是最新 the database is up to date")


@click.group()
def keys() -> None:
    """The key ring. 密钥。"""


@keys.command()
@click.option("--name", help="the key's name, once in the ring; by default the moment it is made")
def generate(name: str | None) -> None:
    """Print a fresh key for STILLHERE_KEYS; put it and a comma before the older ones. 生成新密钥，放在旧的之前。"""
    click.echo(KeyRing.generate_text(name or f"k{utc_now():%Y%m%d-%H%M%S}"))


@click.group()
def journal() -> None:
    """The journal. 日志。"""


@journal.command()
@click.option("--json", "as_json", is_flag=True, help="print one JSON object as the last line")
def verify(as_json: bool) -> None:
    """Check the whole chain; write the head down elsewhere to notice a cut end. 校验日志链。"""
    with open_sessions(compose.settings().database_url)() as session:
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
