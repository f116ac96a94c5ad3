"""The first page: what waits, for whoever signed in."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from certification import holding
from certification.cases import CaseKind
from certification.runtime import Runtime
from certification.store import only_read
from ops.console import access


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the first page."""

    @console.get("/")
    @access.for_(access.EVERYBODY)
    def home() -> ResponseReturnValue:
        counted = {}
        if access.who().role in access.CASES:
            with rt.sessions() as session:
                only_read(session)
                counted = holding.counted(session, region=access.who().region, by=access.who().name)
        waiting = sorted(counted.items(), key=lambda one: (one[0] is not CaseKind.URGENT, -one[1]))
        mine = access.who().region
        return render_template("home.html", waiting=waiting, region=None if mine is None else rt.regions[mine])
