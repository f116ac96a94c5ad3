"""Commands about one person's voiceprint: its versions, how it will age, and taking a refresh back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import certifying, confirmation, templates
from certification.regions import SHANGHAI
from certification.store import Assessment, Person, VoiceTemplate, only_read
from ops import personal
from ops.commands import confirming, thresholds
from ops.commands.desk import as_json, by, find, runtime
from voiceprint.ageing import Call, forecast


@click.group()
def voice() -> None:
    """One person's voiceprint. 某人的声纹。"""


@voice.command()
@click.argument("person_id", metavar="ID")
@as_json
def show(person_id: str, as_json: bool) -> None:
    """Say which versions there are, and how likely a rejection is at the next deadline. 声纹的版本与老化预测。"""
    rt = runtime()
    with rt.sessions() as session:
        only_read(session)
        person = find(session, rt, person_id)
        versions = session.scalars(
            select(VoiceTemplate).where(VoiceTemplate.person_id == person.id).order_by(VoiceTemplate.created_at)
        ).all()
        in_use, due = templates.current(session, person), certifying.status(session, rt, person).next_due
        calls = _calls(session, person, versions)
        own_calls = () if in_use is None else personal.calls(session, in_use)
        confirmed = {} if in_use is None else confirming.standing(session, in_use)
    facts: dict[str, object] = {
        "versions": [
            {"id": one.id, "made": _day(one).isoformat(), "source": one.source, "in_use": one.retired_at is None}
            for one in versions
        ]
    }
    for one in versions:
        kept = "在用 in use" if one.retired_at is None else "停用 retired"
        click.echo(f"{_day(one)}  {one.source}  {one.encoder}  {kept}")
    if in_use is None:
        click.echo("没有在用的声纹 no voiceprint in use")
    else:
        threshold = thresholds.standing(rt, rt.regions[person.region].voice, in_use, own_calls)
        click.echo(threshold.sentence)
        facts |= confirmed | threshold.facts
        for said in confirming.sentences(in_use, confirmed):
            click.echo(said)
        told = forecast(calls, _day(in_use), threshold.holds, rt.now().date(), due)
        risk = told.probability_of_rejection(due)
        low, high = risk.ci95
        click.echo(f"{due} 被转人工的可能 chance of going to a human: {risk.value:.0%} [{low:.0%}, {high:.0%}]")
        click.echo(
            "不必重新登记 no need to enrol again"
            if told.ask_by is None
            else f"请在 {told.ask_by} 前请本人重新登记 ask them to enrol again by {told.ask_by}"
        )
        facts |= {"due": due.isoformat(), "rejection": risk.value, "ci95": [low, high], "calls": told.calls}
        facts["ask_by"] = None if told.ask_by is None else told.ask_by.isoformat()
    if as_json:
        click.echo(json.dumps(facts))


@voice.command()
@click.argument("person_id", metavar="ID")
@by()
def undo(person_id: str, by: str) -> None:
    """Take back the last refresh: the version before it is in use again. 撤销最近一次声纹更新。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        before = templates.undo(session, rt, find(session, rt, person_id), by)
        click.echo(f"已撤销，在用 undone, in use: {_day(before)} {before.source}")


@voice.command()
@click.argument("case_id", metavar="CASE")
@by()
@as_json
def confirm(case_id: str, by: str, as_json: bool) -> None:
    """Confirm the template of a case in which the voice fitted, once you know who spoke. 人工确认声纹。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        template = confirmation.confirm_by_case(session, rt, case_id, by)
        confirmed = confirming.moment(template.confirmed_at)
    click.echo(json.dumps({"confirmed_at": confirmed}) if as_json else f"已确认 confirmed: {confirmed}")


@voice.command("reembed")
@as_json
def reembed_(as_json: bool) -> None:
    """After a change of encoder, make templates again from kept enrolment recordings. 更换声纹模型后重新生成声纹。

    Whose recordings are not kept any more is listed and must be enrolled again; till then a human takes their calls.
    """
    from ops.reembedding import Fate, outdated, reembed
    from ops.voices import Bench

    rt = runtime()
    bench = Bench.prepare(rt)
    with rt.sessions() as session:
        found = outdated(session, bench.comparer.encoder.name)
        people = {one: session.get_one(VoiceTemplate, one).person_id for one in found}
    fates: dict[Fate, list[str]] = {fate: [] for fate in Fate}
    with click.progressbar(found, label="重新生成 Re-embedding", hidden=as_json) as progress:
        for identifier in progress:
            fates[reembed(rt, bench, identifier)].append(people[identifier])
    again = [*fates[Fate.NO_AUDIO], *fates[Fate.DIFFERS]]
    for person in again:
        click.echo(f"须重新登记 to be enrolled again: {person}")
    counts = {fate.value: len(theirs) for fate, theirs in fates.items()}
    click.echo(json.dumps(counts | {"enrol_again": again}) if as_json else json.dumps(counts))


def _calls(session: Session, person: Person, versions: Sequence[VoiceTemplate]) -> list[Call]:
    """The person's weighed calls, each with the day on which the template was made that it was held against."""
    weighed = select(Assessment).where(Assessment.person_id == person.id, Assessment.state == "done")
    found = []
    for one in session.scalars(weighed.order_by(Assessment.asked_at)):
        in_use = [kept for kept in versions if kept.created_at <= one.asked_at]
        if "llr" in one.detail and in_use:
            day = one.asked_at.astimezone(SHANGHAI).date()
            found.append(Call(day, float(one.detail["llr"]), _day(in_use[-1])))
    return found


def _day(template: VoiceTemplate) -> date:
    return template.created_at.astimezone(SHANGHAI).date()
