"""Commands of the text line: the reminders of a day sent, and campaigns looked at, paused, stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime

import click
from sqlalchemy import select

from certification.certifying import day_of
from certification.errors import Problem
from certification.store import Campaign, only_read
from ops.commands.desk import as_json, by, region_of, runtime
from ops.commands.reminding import of_region, remind_
from sms import campaigns, planning
from sms.providers.configured import carriers

_SHOWN = 20


class DayOver(Problem):
    """What would be planned for this day would be sent to nobody."""

    def __init__(self, day: date) -> None:
        super().__init__(
            f"{day} 已经过去三天以上，那天的提醒不会再发；请去掉 --on，发今天的。",
            f"Reminders of {day} are not sent any more, three days after it: leave out --on for those of today.",
        )


@remind_.command()
@of_region
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="a day, YYYY-MM-DD; by default today")
@by()
@as_json
def send(place: str, on: datetime | None, by: str, as_json: bool) -> None:
    """Plan the reminders of a day and let them go; again, it goes on, and nobody gets two. 发送提醒。"""
    rt = runtime()
    region, day = region_of(rt.regions, place), on.date() if on else day_of(rt.now())
    if planning.over(day, rt.now()):
        raise DayOver(day)
    identifier = planning.plan(rt, region, day, by)
    nobody = campaigns.leave(rt, identifier)
    if nobody:
        click.echo(
            f"{day} 没有要提醒的人，什么也没发；要提醒谁，看 stillhere remind plan。"
            f" Nobody is to be reminded on {day}, and nothing is sent: see `stillhere remind plan`."
        )
    click.echo(f"已排队 queued: {0 if nobody else campaigns.release(rt, identifier, by)}")
    if not carriers(rt.settings):
        click.echo(
            "没有设置短信通道（SMS_PROVIDERS），短信留在发件箱，设好后再发；当天起三天不发就作废。\n"
            "No carrier is named (SMS_PROVIDERS): the messages wait in the outbox for one, three days at most.",
            err=True,
        )
    _show(identifier, as_json)


@click.group("campaigns")
def campaigns_() -> None:
    """Reminders planned and sent together. 短信批次。"""


@campaigns_.command("list")
@as_json
def list_(as_json: bool) -> None:
    """List the latest campaigns in which there was anybody to remind. 列出。"""
    with runtime().sessions() as session:
        only_read(session)
        latest = session.scalars(select(Campaign).order_by(Campaign.planned_at.desc()).limit(_SHOWN * 10)).all()
    found = [one for one in latest if one.counts.get("people") != 0][:_SHOWN]
    for one in found:
        click.echo(f"{one.id[:8]} {one.region} {one.on} {one.state}: {one.counts.get('messages', '–')}")
    if not found:
        click.echo("还没有短信批次，用 stillhere remind send 发送。 There is none yet: see `stillhere remind send`.")
    if as_json:
        rows = [{"id": one.id, "region": one.region, "on": str(one.on), "state": one.state} for one in found]
        click.echo(json.dumps({"campaigns": rows}))


@campaigns_.command()
@click.argument("campaign", metavar="CAMPAIGN")
@as_json
def show(campaign: str, as_json: bool) -> None:
    """Show how far a campaign is. 进度。"""
    _show(campaign, as_json)


def _deed(name: str, deed: Callable[..., int], text: str, said: str) -> None:
    @campaigns_.command(name, help=text)
    @click.argument("campaign", metavar="CAMPAIGN")
    @by()
    @as_json
    def command(campaign: str, by: str, as_json: bool) -> None:
        rt = runtime()
        with rt.sessions() as session:
            identifier = campaigns.find(session, campaign).id
        click.echo(f"{said}: {deed(rt, identifier, by)}")
        _show(identifier, as_json)


_deed("release", campaigns.release, "Let a planned or paused campaign go out. 放行。", "已排队 queued")
_deed("pause", campaigns.pause, "Hold back what is not on its way yet. 暂停。", "已暂停 held back")
_deed("resume", campaigns.release, "Go on with a paused campaign. 继续。", "已排队 queued")
_deed("stop", campaigns.stop, "Drop what is not on its way yet. 停止。", "已取消 dropped")
_deed("take-up", campaigns.resume, "Take a stop back: it goes on where it was. 撤回停止。", "已恢复 brought back")


def _show(text: str, as_json: bool) -> None:
    with runtime().sessions() as session:
        only_read(session)
        one = campaigns.find(session, text)
        progress = campaigns.progress(session, one.id)
    click.echo(f"{one.id[:8]} {one.region} {one.on} · {one.state}")
    words = {
        "people": "人数",
        "messages": "短信",
        "copies": "其中抄送",
        "segments": "段数（最多）",
        "cost": "费用（最多）",
        "calls": "需人工打电话",
        "silent": "手机收不到",
    }
    for name, zh in words.items():
        if one.counts.get(name) is not None:
            click.echo(f"{zh} {name}: {one.counts[name]}")
    states = {
        "planned": "待放行",
        "queued": "排队",
        "sending": "发送中",
        "sent": "已发出",
        "delivered": "已送达",
        "failed": "失败",
        "unknown": "不明",
        "dropped": "未发",
    }
    for name, zh in states.items():
        if name in progress.states:
            click.echo(f"{zh} {name}: {progress.states[name]}")
    for why, number in sorted(progress.reasons.items()):
        click.echo(f"  {why}: {number}")
    if as_json:
        facts = {"id": one.id, "region": one.region, "on": str(one.on), "state": one.state, "counts": one.counts}
        click.echo(json.dumps({**facts, "states": progress.states, "reasons": progress.reasons}))
