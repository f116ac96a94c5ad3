"""Commands of appointments at an office."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

import click

from certification import appointments
from certification.regions import SHANGHAI
from certification.store import Appointment, only_read
from ops.commands.desk import as_json, by, find, region_of, runtime
from ops.commands.routes import tell


@click.group("appointments")
def appointments_() -> None:
    """Appointments at an office. 预约。"""


@appointments_.command("free")
@click.option("--region", "place", required=True)
@click.option("--office", help="of this office alone")
@as_json
def free(place: str, office: str | None, as_json: bool) -> None:
    """The free times of the next two weeks. 可预约的时间。"""
    rt = runtime()
    region = region_of(rt.regions, place)
    with rt.sessions() as session:
        only_read(session)
        found = appointments.free(session, rt, region, office)
    for slot in found:
        click.echo(f"{slot.at:%Y-%m-%d %H:%M} {slot.office} 余 left {slot.left}")
    if as_json:
        rows = [{"office": slot.office, "at": f"{slot.at:%Y-%m-%d %H:%M}", "left": slot.left} for slot in found]
        click.echo(json.dumps({"free": rows}))


def _deed(name: str, deed: Callable[..., Appointment], text: str, said: str) -> None:
    @appointments_.command(name, help=text)
    @click.argument("person_id", metavar="ID")
    @click.option("--office", required=True)
    @click.option("--at", type=click.DateTime(["%Y-%m-%d %H:%M"]), required=True, help="Shanghai time")
    @by()
    @as_json
    def command(person_id: str, office: str, at: datetime, by: str, as_json: bool) -> None:
        rt = runtime()
        with rt.sessions.begin() as session:
            person = find(session, rt, person_id)
            booked = deed(session, rt, person, office, at.replace(tzinfo=SHANGHAI), by)
        click.echo(f"{said}: {booked.office} {at:%Y-%m-%d %H:%M}，请带身份证 bring the ID card")
        if as_json:
            click.echo(json.dumps({"id": booked.id, "office": booked.office, "at": f"{at:%Y-%m-%d %H:%M}"}))


_deed("book", appointments.book, "Book a time for a person. 预约。", "已预约 booked")
_deed("move", appointments.move, "Move a person's appointment to another time. 改约。", "已改约 moved")


@appointments_.command("cancel")
@click.argument("person_id", metavar="ID")
@by()
@as_json
def cancel(person_id: str, by: str, as_json: bool) -> None:
    """Call a person's appointment off. 取消预约。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        appointment = appointments.cancel(session, rt, find(session, rt, person_id), by)
    click.echo(json.dumps({"id": appointment.id}) if as_json else "已取消 cancelled")


@appointments_.command("keep")
@click.argument("person_id", metavar="ID")
@by()
@as_json
def keep(person_id: str, by: str, as_json: bool) -> None:
    """Note that the person came and showed their ID; prints the receipt. 到场认证。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        recorded = appointments.keep(session, rt, find(session, rt, person_id), by)
    tell(recorded, as_json)
