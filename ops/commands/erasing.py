"""Commands that erase: a voice whose person took their consent back, and a whole person. Both print their proof."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import click
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from certification import consent, erasure, forgetting, journal
from certification.comparison import folders
from certification.erasure import Entered
from certification.runtime import Runtime
from certification.store import forget_deleted, give_way, only_read
from ops.commands.desk import PersonUnknown, as_json, by, find, impersonal, runtime
from ops.sentences import held

TRIES = 25
"""How often an erasure is begun before it says that the database is busy."""


class NobodyToErase(click.ClickException):
    """Nobody on the roll is this, and no proof of an erasure goes by it."""

    def __init__(self, given: str) -> None:
        super().__init__(
            f"名册中没有 {given[:6]}…：从未导入，或已经删除；要看删除证明，请用我们的编号。"
            " Never on the roll, or erased already: give our identifier, which was printed then, to see the proof."
        )


@click.command()
@click.argument("person_id", metavar="ID")
@by()
@as_json
def withdraw(person_id: str, by: str, as_json: bool) -> None:
    """Take back the consent to a voiceprint; the voice is erased at once. 撤回声纹同意，并立即删除声纹。

    Templates, fingerprints and recordings go, but for recordings that an open case needs: those go once it is decided.
    Again it does nothing, and prints the proof that there is.
    """
    rt = runtime()

    def withdraw(session: Session) -> tuple[str, bool]:
        person = find(session, rt, person_id)
        return person.id, consent.withdraw(session, rt, person, by=by) is not None

    identifier, withdrawn = _giving_way(rt, withdraw)
    if not withdrawn:
        click.echo("没有有效的同意，未作改动 no consent stands: nothing was done")
    _show(rt, identifier, {"withdrawn": withdrawn}, as_json)


@click.command()
@click.argument("person_id", metavar="ID")
@by()
@click.option(
    "--reason", callback=impersonal, help="why, for the journal and the proof; write no name. A terminal asks for it"
)
@as_json
def erase(person_id: str, by: str, reason: str | None, as_json: bool) -> None:
    """Erase a person, for good; receipts, calls and the journal stay without them. 彻底删除某人的个人信息。

    What comparisons that were killed left lying is cleared as well: they compute again when they are gone on with.
    Again, with our identifier, it prints the proof and holds it against the database.
    """
    rt = runtime()
    if reason is None and sys.stdin.isatty():
        reason = _asked(rt, person_id)

    def erase(session: Session) -> tuple[str, bool]:
        identifier = _identified(session, rt, person_id)
        return identifier, forgetting.person(session, rt, identifier, by, reason) is not None

    identifier, erased = _giving_way(rt, erase)
    if erased:
        click.echo(f"我们的编号，查证时要用，请留存 our identifier, keep it for the proof: {identifier}")
    else:
        click.echo("此人已删除，以下是证明 erased before: the proof")
    for run_id in folders.left(rt):
        with rt.sessions.begin() as session:
            if folders.clear_left(session, rt, run_id, by):
                click.echo(f"已清除中断的比对留下的文件 cleared what a comparison that was stopped left: {run_id}")
    _show(rt, identifier, {"erased_now": erased}, as_json)


def _asked(rt: Runtime, given: str) -> str | None:
    """Why, as somebody at a terminal says it; nobody is asked about whom there is nothing to erase any more."""
    with rt.sessions() as session:
        only_read(session)
        try:
            find(session, rt, given)
        except PersonUnknown:
            return None
    asked: str = click.prompt("删除原因，不要写姓名和号码 why they are erased; write no name and no number")
    return asked


def _giving_way(rt: Runtime, act: Callable[[Session], tuple[str, bool]], tries: int = TRIES) -> tuple[str, bool]:
    """What `act` does in a transaction of its own, which lets a running call go first and is then tried again."""
    try:
        with rt.sessions.begin() as session:
            give_way(session)
            return act(session)
    except OperationalError as error:
        if tries == 1 or not held(error):
            raise
    return _giving_way(rt, act, tries - 1)


def _identified(session: Session, rt: Runtime, given: str) -> str:
    """Our identifier of a person, also of one who was erased before. Raises NobodyToErase."""
    try:
        return find(session, rt, given).id
    except PersonUnknown:
        if any(one.action == erasure.PERSON for one in erasure.entered(session, given)):
            return given
        raise NobodyToErase(given) from None


def _show(rt: Runtime, person_id: str, facts: dict[str, object], as_json: bool) -> None:
    """Print the proofs about a person as they stand in the journal; exit status 1 when they do not hold."""
    emptied = forget_deleted(rt.sessions)
    with rt.sessions() as session:
        only_read(session)
        proofs = erasure.entered(session, person_id)
        intact = isinstance(journal.verify(session), journal.Verified)
    for one in proofs:
        _print(one)
    back = [row for one in proofs for row in one.back]
    if not emptied:
        click.echo(
            "数据库正忙，预写日志稍后才清空 the write-ahead log is emptied later: the database is busy", err=True
        )
    if not intact:
        click.echo("日志链已断，证明无效 the journal is broken: no proof holds (stillhere journal verify)", err=True)
    if as_json:
        shown = [{"seq": one.seq, "hash": one.hash, "action": one.action, **one.facts} for one in proofs]
        click.echo(json.dumps(facts | {"id": person_id, "intact": intact, "back": back, "proofs": shown}))
    if back or not intact:
        raise SystemExit(1)


def _print(proof: Entered) -> None:
    click.echo(f"{proof.action}：日志第 {proof.seq} 条 journal entry {proof.seq}, {proof.hash}")
    if why := proof.facts.get("why"):
        click.echo(f"  原因 why: {why}")
    for column, rows in proof.facts["erased"].items():
        for identifier, digest in rows.items():
            click.echo(f"  已删除 erased {column} {identifier} sha256 {digest}")
    for table, count in proof.facts["rows"].items():
        click.echo(f"  已删除 deleted {table}: {count}")
    for name, left in proof.facts["left"].items():
        click.echo(f"  剩余 left {name}: {left}")
    for name, kept in proof.facts["kept"].items():
        click.echo(f"  保留 kept {name}: {kept}")
    for row in proof.back:
        click.echo(f"  又出现了（恢复过备份？） is back, as after a restore: {row}", err=True)
