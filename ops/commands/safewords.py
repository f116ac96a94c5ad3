"""Commands of the word by which a person tells our messages from fraud: chosen at the desk, and taken back."""

from __future__ import annotations

import json

import click

from certification import safewords
from ops.commands.desk import as_json, by, find, runtime


@click.group("safeword")
def safeword() -> None:
    """The word by which a person knows our messages. 短信暗号。"""


@safeword.command("set")
@click.argument("person_id", metavar="ID")
@click.option("--word", prompt="暗号 word", help="the word that the person chose, 2 to 4 characters")
@by()
@as_json
def set_(person_id: str, word: str, by: str, as_json: bool) -> None:
    """Put a word that the person chose into every message to them. 设置短信暗号。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        safewords.choose(session, rt, find(session, rt, person_id), word, by)
    click.echo(json.dumps({"set": True}) if as_json else "暗号已设置 safe word set")


@safeword.command()
@click.argument("person_id", metavar="ID")
@by()
@as_json
def remove(person_id: str, by: str, as_json: bool) -> None:
    """Put no word into messages to the person any more. 取消短信暗号。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        removed = safewords.withdraw(session, rt, find(session, rt, person_id), by)
    click.echo("已取消 removed" if removed else "没有暗号，未作改动 there is no safe word: nothing was done")
    if as_json:
        click.echo(json.dumps({"removed": removed}))
