"""Commands of staff accounts, until the console has its pages."""

from __future__ import annotations

import json

import click

from certification import agents, providers, rehiring, staff
from certification.staff import Role
from ops.commands.desk import as_json, by, region_of, runtime


@click.group("staff")
def staff_() -> None:
    """Accounts of those who work here. 工作人员账号。"""


@staff_.command()
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--password", prompt="密码 password", hide_input=True, confirmation_prompt="再输一次 once more")
@click.option("--region", "place", help="they see people of this region alone, by code or name; without it, everybody")
@click.option("--agent", help="code of the certifying agent that an agent's account is for")
@by("cli")
@as_json
def add(name: str, role: str, password: str, place: str | None, agent: str | None, by: str, as_json: bool) -> None:
    """Open an account; prints the address that an authenticator app scans, this once. 开户。"""
    rt = runtime()
    region = region_of(rt.regions, place).code if place else None
    with rt.sessions.begin() as session:
        whose = None if agent is None else agents.find(session, agent)
        uri = staff.add(session, rt, name=name, role=Role(role), password=password, region=region, agent=whose, by=by)
    click.echo(json.dumps({"otpauth": uri}) if as_json else uri)


@staff_.command()
@click.argument("name")
@by("cli")
def close(name: str, by: str) -> None:
    """Close an account. 停用。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        staff.close(session, rt, name, by)
    click.echo("已停用 closed")


@staff_.command()
@click.argument("name")
@click.option("--password", prompt="密码 password", hide_input=True, confirmation_prompt="再输一次 once more")
@by("cli")
@as_json
def reopen(name: str, password: str, by: str, as_json: bool) -> None:
    """Open a closed account again, with another password and secret; prints the address, as add does. 重新启用。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        uri = rehiring.reopen(session, rt, name, password, by)
    click.echo(json.dumps({"otpauth": uri}) if as_json else uri)


@staff_.command()
@click.argument("name")
@click.argument("sub")
@by("cli")
def bind(name: str, sub: str, by: str) -> None:
    """Let somebody sign in through the provider (OIDC_ISSUER), which names them SUB. 绑定统一登录。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        providers.bind(session, rt, name, sub, by)
    click.echo("已绑定 bound")


@staff_.command()
@click.argument("name")
@by("cli")
def unbind(name: str, by: str) -> None:
    """Let nobody into an account through the provider any more. 解除统一登录的绑定。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        was = providers.unbind(session, rt, name, by)
    click.echo("已解除绑定 unbound" if was else "本来就没有绑定 it was not bound")
