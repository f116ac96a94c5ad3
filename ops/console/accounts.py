"""Accounts: opened, closed, opened again by the administrator; and each one's own password."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from io import BytesIO
from secrets import token_urlsafe
from typing import Any

import segno
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy.orm import Session

from certification import agents, providers, rehiring, signins, staff
from certification.errors import Problem
from certification.runtime import Runtime
from certification.staff import Proven, Role
from certification.store import only_read
from ops.console import access, asked, exporting, shown


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the list of accounts, opening and closing one, and changing one's password."""

    @console.get("/staff")
    @access.for_(access.COLLEAGUES)
    def accounts() -> ResponseReturnValue:
        with rt.sessions() as session:
            only_read(session)
            return _page(session, rt)

    @console.get("/staff.<kind>")
    @access.for_(access.ACCOUNTS)
    def accounts_file(kind: str) -> ResponseReturnValue:
        entry: dict[str, Any] = {"did": "accounts exported", "of": "accounts"}
        return exporting.handed(rt, kind, "accounts", _heading(rt), partial(_lines, rt), **entry)

    @console.post("/staff")
    @access.for_(access.ACCOUNTS)
    def open_account() -> ResponseReturnValue:
        form = {name: request.form.get(name, "").strip() for name in ("name", "role", "region", "agent")}
        if form["role"] not in [*Role] or form["region"] not in ("", *(one.code for one in rt.regions)):
            abort(400)
        password = token_urlsafe(12)
        with rt.sessions.begin() as session:
            agent = agents.find(session, form["agent"]) if form["agent"] else None
            role, region, by = Role(form["role"]), form["region"] or None, access.who().name
            uri = staff.add(
                session, rt, name=form["name"], role=role, password=password, region=region, agent=agent, by=by
            )
            return _page(session, rt, _opened(form["name"], password, uri))

    _changed(console, rt)


def _changed(console: Blueprint, rt: Runtime) -> None:
    """What changes an account that is there."""

    @console.post("/staff/close")
    @access.for_(access.ACCOUNTS)
    def close_account() -> ResponseReturnValue:
        name = request.form.get("name", "")
        if staff.plain(name) == access.who().name:
            abort(400)
        with rt.sessions.begin() as session:
            staff.close(session, rt, name, access.who().name)
        flash(gettext("staff.closed", name=name))
        return redirect(url_for("console.accounts"))

    @console.post("/staff/reopen")
    @access.for_(access.ACCOUNTS)
    def reopen_account() -> ResponseReturnValue:
        asked.sure()
        name, password = request.form.get("name", ""), token_urlsafe(12)
        with rt.sessions.begin() as session:
            uri = rehiring.reopen(session, rt, name, password, access.who().name)
            return _page(session, rt, _opened(staff.plain(name), password, uri))

    @console.post("/staff/provider")
    @access.for_(access.ACCOUNTS)
    def bind_account() -> ResponseReturnValue:
        name, sub = request.form.get("name", ""), request.form.get("sub", "").strip()
        with rt.sessions.begin() as session:
            if sub:
                providers.bind(session, rt, name, sub, access.who().name)
            else:
                providers.unbind(session, rt, name, access.who().name)
        flash(gettext("provider.bound", name=name) if sub else gettext("provider.unbound", name=name))
        return redirect(url_for("console.accounts"))

    @console.route("/password", methods=["GET", "POST"])
    @access.for_(access.EVERYBODY)
    def password() -> ResponseReturnValue:
        if request.method == "GET":
            return render_template("password.html", least=staff.LEAST_PASSWORD)
        given = request.form
        if given.get("new") != given.get("again"):
            raise staff.PasswordsDiffer
        with rt.sessions.begin() as session:
            at = (f"signed in:{current_user.sign_in}",)
            proven = staff.prove(session, rt, access.who().name, given.get("password", ""), given.get("code", ""), at)
            if isinstance(proven, Proven):
                staff.change_password(session, rt, proven, given.get("new", ""))
                signins.end_others(session, rt, proven.staff_id, current_user.sign_in)
        if isinstance(proven, Problem):  # raised after the commit, which keeps what is counted
            raise proven
        flash(gettext("password.changed"))
        return redirect(url_for("console.home"))


def _page(session: Session, rt: Runtime, opened: dict[str, object] | None = None) -> str:
    facts = {"regions": list(rt.regions), "roles": list(Role), "named": lambda code: rt.regions[code]}
    there = {"accounts": staff.listed(session), "closed": rehiring.closed(session)}
    return render_template("accounts.html", **there, bound=providers.bound(session, rt), opened=opened, **facts)


def _opened(name: str, password: str, uri: str) -> dict[str, object]:
    """What is shown of an account this once."""
    return {"name": name, "password": password, "uri": uri, "picture": _picture(uri)}


def _heading(rt: Runtime) -> list[str]:
    bound = [gettext("provider.account")] if rt.settings.oidc_issuer else []
    return [gettext("staff.name"), gettext("staff.role"), gettext("list.region"), gettext("staff.since"), *bound]


def _lines(rt: Runtime, session: Session) -> Iterator[exporting.Row]:
    """What the page shows of each; of what proves who they are, nothing."""
    bound = providers.bound(session, rt)
    for one in staff.listed(session):
        place = shown.region(rt.regions[one.region] if one.region else None)
        through = [gettext("provider.is_bound") if one.id in bound else None] if rt.settings.oidc_issuer else []
        yield [one.name, shown.role(Role(one.role)), place, shown.moment(one.added_at), *through]


def _picture(uri: str) -> Markup:
    """The square that an authenticator scans."""
    drawn = BytesIO()
    segno.make(uri, micro=False).save(
        drawn, kind="svg", scale=6, xmldecl=False, svgns=False, title=gettext("staff.square")
    )
    return Markup(drawn.getvalue().decode())  # noqa: S704 (made here, of nothing that anybody wrote but the name, in squares)
