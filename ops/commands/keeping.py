"""Commands of the administrator: database, keys, journal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta

import click

from certification import canary, names, rotation
from certification import journal as log
from certification.keys import KeyRing
from certification.rotation import Progress, Rotated, Unreadable
from certification.runtime import utc_now
from certification.store import forget_deleted, only_read, open_sessions
from ops import compose
from ops.commands.desk import as_json, by, runtime
from ops.migrations import upgrade as migrate


@click.group()
def db() -> None:
    """The database. 数据库。"""


@db.command()
def upgrade() -> None:
    """Bring the tables up to date. 更新表结构。

    In a database made before 2026-11-27 it also binds each voice to its person; stop every process before. Who is on
    the roll without an index of their name gets one.
    """
    settings = compose.settings()
    KeyRing.from_text(settings.keys)  # before anything is changed
    migrate(settings.database_url)
    rt = compose.put_together(settings)
    if canary.unbound(rt.sessions, rt.keys, rt.now()):
        with _progress("绑定声纹 Binding voices") as progress:
            done = rotation.bind(rt, "cli", progress)
        _name(done.unreadable.values())
        forget_deleted(rt.sessions)
        if any(one.missing for one in done.unreadable.values()):
            raise click.ClickException(
                "密钥环缺少上述密钥：请放回后再运行一次，否则这些声纹会丢失。"
                " Put the missing keys back into STILLHERE_KEYS and run this again, or these voices are lost."
            )
    with _progress("编排姓名索引 Indexing names") as progress:
        _name(names.index(rt, "cli", progress))
    click.echo("数据库已是最新 the database is up to date")


@contextmanager
def _progress(label: str, hidden: bool = False) -> Iterator[Progress]:
    """A progress bar for rows."""
    with click.progressbar(length=0, label=label, hidden=hidden, file=sys.stderr) as bar:

        def more(rows: int, of: int) -> None:
            bar.length = of
            bar.update(rows)

        yield more


def _name(unreadable: Iterable[Unreadable]) -> None:
    for one in unreadable:
        click.echo(f"无法打开，未改动 left as it is: {one.table} {one.id} {one.column}: {one.why}", err=True)


@click.group()
def keys() -> None:
    """The key ring. 密钥。"""


@keys.command()
@click.option("--name", help="the key's name, once in the ring; by default the moment it is made")
def generate(name: str | None) -> None:
    """Print a fresh key for STILLHERE_KEYS; put it and a comma before the older ones. 生成新密钥，放在旧的之前。"""
    click.echo(KeyRing.generate_text(name or f"k{utc_now():%Y%m%d-%H%M%S}"))


@keys.command()
@by("cli")
@as_json
def rotate(by: str, as_json: bool) -> None:
    """Seal everything anew under the newest key of STILLHERE_KEYS. 用最新的密钥重新加密全部数据。

    First put the new key before the older ones and restart every process with that ring: one that runs with the old
    ring cannot read what is sealed anew. Safe beside the running service, safe twice; after a kill, run it again.
    """
    rt = runtime()
    with _progress("重新加密 Sealing anew", hidden=as_json) as progress:
        done = rotation.rotate(rt, by, progress)
    emptied = forget_deleted(rt.sessions)
    _name(done.unreadable)
    for line in _told(done):
        click.echo(line)
    if not emptied:
        click.echo(
            "数据库正忙，预写日志稍后才清空 the write-ahead log is emptied later: the database is busy", err=True
        )
    if as_json:
        facts = asdict(done) | {
            "unreadable": len(done.unreadable),
            "unreadable_rows": list(map(asdict, done.unreadable)),
            "removable_after": _removable_after(done) if done.removable else None,
        }
        click.echo(json.dumps(facts, default=str))
    if done.unreadable:
        raise SystemExit(1)


def _told(done: Rotated) -> Iterator[str]:
    """What a rotation came to, in lines."""
    yield f"已用密钥 {done.newest} 重新加密 sealed anew under {done.newest}: {json.dumps(done.rows)}"
    for name, values in done.needed.items():
        yield f"密钥 {name} 还要留着 keep key {name}: {values} 项 values are still under it"
    if done.old_pins:
        yield (
            f"旧密钥都要留着 keep every older key: {done.old_pins} 个旧密码 PINs of before 2026-11-27"
            " hang on one until they are used or set again"
        )
    after = _removable_after(done)
    for name in done.removable:
        if after is None:
            yield f"密钥 {name} 可以取出 key {name} may be taken out of STILLHERE_KEYS: nothing needs it"
        else:
            at = f"{after + timedelta(minutes=1):%Y-%m-%d %H:%M} UTC"  # the minute that is surely not before it
            yield (
                f"密钥 {name} 现在还不能取出，{at} 之后可以"
                f" key {name} may be taken out of STILLHERE_KEYS after {at}, not now"
            )
    if done.codes:
        yield (
            f"{done.codes} 个登记码和回复码 codes may be of an older key: without it they are not known."
            f" 最后一个到期 the last ends {done.codes_until:%Y-%m-%d %H:%M} UTC"
        )
    if done.guesses:
        yield (
            f"{done.guesses} 个号码的猜错次数 counts of wrong guesses may be of an older key, and lost without it."
            f" 最后一个到期 the last ends {done.guesses_until:%Y-%m-%d %H:%M} UTC"
        )


def _removable_after(done: Rotated) -> datetime | None:
    """When the last code and the last guess that may be of an older key are over; None when none stands."""
    return max((end for end in (done.codes_until, done.guesses_until) if end is not None), default=None)


@click.group()
def journal() -> None:
    """The journal. 日志。"""


@journal.command()
@as_json
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
