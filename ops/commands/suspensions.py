"""Commands of the suspension firewall: propose, show, sign, release, restore."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import click
from sqlalchemy.orm import Session

from certification import staff
from certification.errors import Problem
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.staff import Proven
from certification.store import PaymentList, only_read
from certification.suspension import calledoff, lists, releasing, restoring
from certification.suspension.checks import SIGNATURES, Block
from certification.suspension.files import File
from ops import writing
from ops.commands.desk import as_json, by, region_of, runtime

STATES = {
    "proposed": "拟暂停",
    "held": "不暂停",
    "cleared": "已核对",
    "suspended": "已暂停",
    "dropped": "不再暂停",
    "lifted": "已解除暂停",
    "restored": "已恢复发放",
}
FOLDER = "lists"
"""Where released files lie in the data folder, unless --out says otherwise."""

out = click.option(
    "--out", "folder", type=click.Path(file_okay=False, path_type=Path), help="by default the folder lists of the data"
)


def of_month(command: Callable[..., None]) -> Callable[..., None]:
    """The options that name a list."""
    month = click.option("--month", type=click.DateTime(["%Y-%m"]), required=True, help="of the payments, YYYY-MM")
    region = click.option("--region", "place", required=True, help="code or name of the region")
    return region(month(command))


@click.group("suspensions")
def suspensions_() -> None:
    """Suspensions of payment, which two supervisors sign, and payment made again. 暂停与恢复发放。"""


@suspensions_.command()
@of_month
@by("cli")
@as_json
def propose(place: str, month: datetime, by: str, as_json: bool) -> None:
    """Propose the list for the following month; while nobody has signed it, again and again. 提出名单。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        listed = lists.propose(session, rt, region_of(rt.regions, place).code, month.date(), by)
        facts = _facts(session, listed)
    _tell(facts, as_json)


@suspensions_.command()
@of_month
@as_json
def show(place: str, month: datetime, as_json: bool) -> None:
    """Show everybody on a list, with what holds them, and who has signed. 查看名单。"""
    rt = runtime()
    with rt.sessions() as session:
        listed = _find(session, rt, place, month.date())
        facts, people = _facts(session, listed), lists.lines(session, listed)
    for one in people:
        state = f"{STATES[one.state]} {one.state}"
        click.echo(" · ".join([one.person_id, state, *(f"{Block(why).zh} {Block(why).en}" for why in one.blocks)]))
    shown = [{"person": one.person_id, "state": one.state, "blocks": list(one.blocks)} for one in people]
    _tell(facts, as_json, people=shown)


@suspensions_.command()
@of_month
@by()
@as_json
def sign(place: str, month: datetime, by: str, as_json: bool) -> None:
    """Sign a list as a supervisor: asks for that supervisor's password and one-time code. 主管签名。

    Two different supervisors sign, neither of whom proposed the list. A signature holds for what is shown here, and no
    longer when the list changes.
    """
    rt = runtime()
    with rt.sessions() as session:
        listed = _find(session, rt, place, month.date())
        facts = _facts(session, listed)
    _tell(facts, as_json=False)
    password = click.prompt(f"{by} 的密码 password", hide_input=True)
    code = click.prompt("动态码 one-time code", hide_input=True)
    with rt.sessions.begin() as session:
        outcome: int | Proven | Problem = staff.prove(session, rt, by, password, code)
        if isinstance(outcome, Proven):
            outcome = lists.sign(session, rt, listed, outcome, str(facts["digest"]))
    if isinstance(outcome, Problem):  # raised after the commit, which keeps what the journal says of it
        raise outcome
    click.echo(f"已签名，有效签名 {outcome}/{SIGNATURES} signed, signatures that hold: {outcome} of {SIGNATURES}")
    if outcome < SIGNATURES:
        click.echo("还需要另一位主管签名。 Another supervisor has to sign yet.")
    if as_json:
        click.echo(json.dumps({"signatures": outcome, "digest": facts["digest"]}))


@suspensions_.command()
@of_month
@by("cli")
@out
@as_json
def release(place: str, month: datetime, by: str, folder: Path | None, as_json: bool) -> None:
    """Release a list that two supervisors signed: everybody is checked again, and the file written. 发出名单。

    By slices: stopped in between, it goes on, here or in the service. A second time it writes the same file.
    """
    rt = runtime()
    outcome = releasing.release(rt, region_of(rt.regions, place).code, month.date(), by)
    if isinstance(outcome, Problem):
        raise outcome
    written = _write(rt, folder, outcome.file)
    click.echo(f"不再暂停 dropped out: {outcome.dropped}")
    if as_json:
        click.echo(json.dumps({**written, "dropped": outcome.dropped}))


@suspensions_.command()
@of_month
@by("cli")
@out
@as_json
def restore(place: str, month: datetime, by: str, folder: Path | None, as_json: bool) -> None:
    """Release everybody who certified since they were suspended, paid again from this month on. 恢复发放并补发。

    As often as you like: each time with those who certified since, in files of their own.
    """
    rt = runtime()
    files = restoring.restore(rt, region_of(rt.regions, place).code, month.date(), by)
    written = [_write(rt, folder, file) for file in files if isinstance(file, File)]
    if not files:
        click.echo("没有需要恢复的人 nobody to be paid again")
    if as_json:
        click.echo(json.dumps({"files": written}))
    for problem in files:
        if isinstance(problem, Problem):  # raised when the others are written: somebody waits for their pension
            raise problem


def _find(session: Session, rt: Runtime, place: str, month: date) -> PaymentList:
    only_read(session)
    return lists.find(session, region_of(rt.regions, place).code, month, to_change=False)


def _facts(session: Session, listed: PaymentList) -> dict[str, object]:
    people, digest = lists.lines(session, listed), lists.digest(session, listed)
    states = Counter(one.state for one in people)
    off = calledoff.called_off(session, listed)
    return {
        "list": listed.id,
        "region": listed.region,
        "month": f"{listed.month:%Y-%m}",
        "released": listed.released_at is not None,
        **{state: states[state] for state in STATES},
        "reasons": dict(Counter(str(why) for one in people for why in one.blocks)),
        "digest": digest,
        "signed_by": sorted(lists.signatories(session, listed, digest).values()),
        "called_off": off
        and {
            "at": off.at.astimezone(SHANGHAI).isoformat(timespec="minutes"),
            "by": off.by,
            "why": f"{off.zh} {off.en}",
        },
    }


def _tell(facts: dict[str, object], as_json: bool, **more: object) -> None:
    signed_by = facts["signed_by"]
    names = "、".join(signed_by) if isinstance(signed_by, list) and signed_by else "–"
    click.echo(
        f"{facts['region']} {facts['month']} · 拟暂停 proposed {facts['proposed']} · 不暂停 held {facts['held']}"
    )
    click.echo(f"SHA-256 {facts['digest']} · 已签 signed by {names}")
    if isinstance(off := facts["called_off"], dict):
        click.echo(f"发出已停止 the release was called off · {off['at']} · {off['why']}")
    if as_json:
        click.echo(json.dumps(facts | more, ensure_ascii=False))


def _write(rt: Runtime, folder: Path | None, file: File) -> dict[str, object]:
    """Put a file and then its checksum into the folder, for our eyes alone; each is whole or not there."""
    folder = folder or rt.settings.data / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in ((file.name, file.content), (f"{file.name}.sha256", f"{file.sha256}  {file.name}\n".encode())):
        writing.replace(folder / name, content)
    path = folder / file.name
    click.echo(f"{path} · {file.people} 人 people · SHA-256 {file.sha256}")
    return {"file": str(path), "sha256": file.sha256, "people": file.people}
