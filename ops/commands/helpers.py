"""Commands of whoever helps a person: declared relatives and helpers, and copies of reminders for them."""

from __future__ import annotations

import json

import click
from sqlalchemy.orm import Session

from certification import helpers
from certification.certifying import day_of
from certification.helpers import Declared, Relation
from certification.runtime import Runtime
from certification.store import Helper, Person, only_read
from ops.commands.desk import as_json, by, find, runtime, told

HOW = ("desk", "phone", "visit")
how = click.option("--how", type=click.Choice(HOW), default="desk", show_default=True, help="how the person agreed")


class WordsMissing(click.UsageError):
    """Copies rest on the words that the person agreed to, and on nothing else."""

    def __init__(self) -> None:
        super().__init__(
            "--copies 和 --consent 要一起写：抄送提醒须经本人同意。"
            " Give --copies and --consent together: the person agrees to copies in words that are kept."
        )


@click.group("helpers")
def helpers_() -> None:
    """Relatives and helpers, and copies of reminders for them. 亲属和帮手。"""


@helpers_.command()
@click.argument("person_id", metavar="ID")
@click.option("--name", required=True)
@click.option("--phone", required=True)
@click.option("--relation", type=click.Choice([one.value for one in Relation]), required=True)
@click.option("--copies", is_flag=True, help="they get copies of reminders, as the person agreed")
@click.option("--consent", "text", help="the words that the person agreed to")
@how
@by()
@as_json
def declare(
    person_id: str,
    name: str,
    phone: str,
    relation: str,
    copies: bool,
    text: str | None,
    how: str,
    by: str,
    as_json: bool,
) -> None:
    """Declare that somebody helps a person. It gives them no right to certify. 登记帮手（不能代为认证）。"""
    if copies != bool((text or "").strip()):
        raise WordsMissing
    rt = runtime()
    with rt.sessions.begin() as session:
        person = find(session, rt, person_id)
        helper = helpers.declare(session, rt, person, name=name, phone=phone, relation=Relation(relation), by=by)
        if text and copies:
            helpers.agree_to_copies(session, rt, person, helper, text=text.strip(), how=how, by=by)
    click.echo(f"已登记 declared {helper.id}" + (" · 抄送提醒 copies of reminders" if copies else ""))
    if as_json:
        click.echo(json.dumps({"id": helper.id, "relation": helper.relation, "copies": copies}))


@helpers_.command()
@click.argument("person_id", metavar="ID")
@click.argument("helper_id", metavar="HELPER")
@by()
@as_json
def end(person_id: str, helper_id: str, by: str, as_json: bool) -> None:
    """Somebody helps no more; copies end with it. 停用帮手。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        person, helper = _both(session, rt, person_id, helper_id)
        ended = helpers.end(session, rt, person, helper, by)
    _say(ended, "已停用 ended", "ended", as_json)


@helpers_.command()
@click.argument("person_id", metavar="ID")
@click.argument("helper_id", metavar="HELPER")
@click.option("--consent", "text", required=True, callback=told, help="the words that the person agreed to")
@how
@by()
@as_json
def agree(person_id: str, helper_id: str, text: str, how: str, by: str, as_json: bool) -> None:
    """The person agrees that a helper gets copies of their reminders. 本人同意抄送提醒。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        person, helper = _both(session, rt, person_id, helper_id)
        agreed = helpers.agree_to_copies(session, rt, person, helper, text=text, how=how, by=by)
    _say(agreed, "已记录同意 consent recorded", "agreed", as_json)


@helpers_.command()
@click.argument("person_id", metavar="ID")
@click.argument("helper_id", metavar="HELPER")
@by()
@as_json
def withdraw(person_id: str, helper_id: str, by: str, as_json: bool) -> None:
    """The person takes their consent to copies back. 本人撤回抄送。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        person, helper = _both(session, rt, person_id, helper_id)
        withdrawn = helpers.stop_copies(session, rt, person, helper, by)
    _say(withdrawn, "已撤回 withdrawn", "withdrawn", as_json)


@helpers_.command()
@click.argument("person_id", metavar="ID")
@as_json
def show(person_id: str, as_json: bool) -> None:
    """Who helps a person now, with names and numbers: for a clerk's eyes. 查看帮手。"""
    rt = runtime()
    with rt.sessions() as session:
        only_read(session)
        person = find(session, rt, person_id)
        found = helpers.declared(session, rt, person)
        sent = {one.helper for one in helpers.copies_for(session, rt, person)}
    for one in found:
        helper, copies = one.helper, "抄送 copies" if one.helper.id in sent else "不抄送 no copies"
        click.echo(f"{helper.id} · {helper.relation} · {one.name} · {one.number} · {copies}")
        if one.copies is not None:
            consent = one.copies
            click.echo(f"  同意 consent {day_of(consent.given_at)} {consent.how} {consent.recorded_by}: {consent.text}")
    if as_json:
        facts = [_facts(one) | {"copies": one.helper.id in sent} for one in found]
        click.echo(json.dumps({"helpers": facts}, ensure_ascii=False))


def _facts(one: Declared) -> dict[str, object]:
    return {
        "id": one.helper.id,
        "name": one.name,
        "number": one.number,
        "relation": one.helper.relation,
        "declared_by": one.helper.declared_by,
        "declared_at": one.helper.declared_at.isoformat(),
        "consent": None if one.copies is None else one.copies.text,
    }


def _both(session: Session, rt: Runtime, person_id: str, helper_id: str) -> tuple[Person, Helper]:
    person = find(session, rt, person_id)
    return person, helpers.find(session, person, helper_id)


def _say(done: bool, said: str, name: str, as_json: bool) -> None:
    click.echo(said if done else "早已如此，未作改动 it was so already: nothing was done")
    if as_json:
        click.echo(json.dumps({name: done}))
