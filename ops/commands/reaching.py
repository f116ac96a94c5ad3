"""Commands about reaching people: what they declared, attempts that were made by hand, the ladder, outages."""

from __future__ import annotations

import json
from datetime import datetime

import click
from sqlalchemy import select

from certification import contacts, needs, outages
from certification.contacts import Channel, Outcome
from certification.needs import Declared
from certification.regions import SHANGHAI
from certification.store import Climb, Contact, Outage, new_id, only_read
from ops.commands.desk import as_json, by, find, runtime

NEEDS = [one.value for one in Declared]


@click.group("needs")
def needs_() -> None:
    """What a person declared once: no mobile, cannot speak, … 个人情况。"""


@needs_.command()
@click.argument("person_id", metavar="ID")
@click.argument("need", type=click.Choice(NEEDS))
@by()
@as_json
def declare(person_id: str, need: str, by: str, as_json: bool) -> None:
    """Put a need on record; it is respected everywhere. 登记。"""
    _declare(person_id, need, by, as_json, withdraws=False)


@needs_.command()
@click.argument("person_id", metavar="ID")
@click.argument("need", type=click.Choice(NEEDS))
@by()
@as_json
def withdraw(person_id: str, need: str, by: str, as_json: bool) -> None:
    """Take a need off the record. 取消。"""
    _declare(person_id, need, by, as_json, withdraws=True)


def _declare(person_id: str, need: str, by: str, as_json: bool, *, withdraws: bool) -> None:
    rt = runtime()
    with rt.sessions.begin() as session:
        person = find(session, rt, person_id)
        (needs.withdraw if withdraws else needs.declare)(session, rt, person, Declared(need), by)
        now = sorted(needs.of(session, person.id))
    click.echo(json.dumps({"needs": now}) if as_json else f"现有 on record: {', '.join(now) or '–'}")


@click.group("contacts")
def contacts_() -> None:
    """Attempts to reach people. 联系记录。"""


@contacts_.command("note")
@click.argument("person_id", metavar="ID")
@click.option("--channel", type=click.Choice(["operator", "letter", "call", "sms"]), required=True)
@click.option("--outcome", type=click.Choice([one.value for one in Outcome]), required=True)
@click.option("--ref", help="the attempt it belongs to; by default a new one")
@by()
@as_json
def note(person_id: str, channel: str, outcome: str, ref: str | None, by: str, as_json: bool) -> None:
    """Note an attempt that was made by hand, or what became of one. 登记一次联系。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        person = find(session, rt, person_id)
        name = ref or f"by hand:{new_id()}"
        what = Outcome(outcome)
        contact = contacts.note(session, rt, person, channel=Channel(channel), ref=name, outcome=what, actor=by)
    real = Outcome(contact.outcome) in contacts.REAL
    click.echo(f"{contact.ref} · {contact.outcome} · " + ("算一次联系 counts" if real else "不算 does not count"))
    if as_json:
        click.echo(json.dumps({"ref": contact.ref, "outcome": contact.outcome, "counts": real}))


@contacts_.command("show")
@click.argument("person_id", metavar="ID")
@as_json
def show(person_id: str, as_json: bool) -> None:
    """How somebody was tried to be reached, and where they are on the ladder. 查询。"""
    rt = runtime()
    with rt.sessions() as session:
        only_read(session)
        person = find(session, rt, person_id)
        made = session.scalars(select(Contact).where(Contact.person_id == person.id).order_by(Contact.begun_at)).all()
        climbs = session.scalars(select(Climb).where(Climb.person_id == person.id).order_by(Climb.began_at)).all()
    for one in made:
        click.echo(f"{_moment(one.begun_at)} {one.channel} {one.outcome} {one.ref}")
    ladder = [
        {"rung": None if one.rung is None else one.rungs[one.rung][0], "first": one.first, "stopped": one.why}
        for one in climbs
    ]
    for step in ladder:
        click.echo(
            f"阶梯 ladder: {step['rung'] or '–'}{' · 优先 first' if step['first'] else ''} {step['stopped'] or ''}"
        )
    if as_json:
        found = [{"channel": one.channel, "outcome": one.outcome, "ref": one.ref} for one in made]
        click.echo(json.dumps({"contacts": found, "ladder": ladder}))


@click.group("outages")
def outages_() -> None:
    """Times in which people could not certify because of us; the clock stands still. 故障登记。"""


@outages_.command("begin")
@click.argument("what")
@click.option("--at", type=click.DateTime(["%Y-%m-%d %H:%M"]), help="Shanghai time; by default now")
@by()
@as_json
def begin(what: str, at: datetime | None, by: str, as_json: bool) -> None:
    """Note that an outage began. 登记开始。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        outage = outages.begin(session, rt, what, by, at and at.replace(tzinfo=SHANGHAI))
    click.echo(json.dumps({"id": outage.id}) if as_json else f"编号 id {outage.id}")


@outages_.command("end")
@by()
@as_json
def end(by: str, as_json: bool) -> None:
    """Note that whatever outage runs is over. 登记结束。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        running = session.scalars(select(Outage).where(Outage.ended_at.is_(None))).all()
        ended = sum(outages.end(session, rt, one, by) for one in running)
    click.echo(json.dumps({"ended": ended}) if as_json else f"已结束 ended {ended}")


@outages_.command("list")
@as_json
def list_(as_json: bool) -> None:
    """All that are on record. 列表。"""
    rt = runtime()
    with rt.sessions() as session:
        only_read(session)
        found = session.scalars(select(Outage).order_by(Outage.began_at)).all()
    for one in found:
        until = "…" if one.ended_at is None else _moment(one.ended_at)
        click.echo(f"{_moment(one.began_at)} – {until} {one.what} ({one.noted_by})")
    if as_json:
        rows = [
            {"what": one.what, "began": _moment(one.began_at), "ended": one.ended_at and _moment(one.ended_at)}
            for one in found
        ]
        click.echo(json.dumps({"outages": rows}))


def _moment(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
