"""The ways to certify that clerks, agents and visitors write down, each from its first step to its last."""

from __future__ import annotations

from datetime import timedelta

from certification.evidence import Kind
from tests.scenarios.place import BY, Pensioner, Place, today

WAYS = {"desk": Kind.DESK, "agent": Kind.AGENT, "post": Kind.POST, "paper": Kind.PAPER, "visit": Kind.VISIT}


def certifies(place: Place, who: Pensioner, way: str) -> dict[str, object]:
    """Certify somebody by this way; what the clerk is told."""
    certify = ("certify", who.number, "--route", way)
    match way:
        case "agent":
            added = ("agents", "add", "湘江社区", "--kind", "community", *BY)
            code = place.does(*added)["code"]
            place.does("agents", "assign", code, who.number, *BY)
            return place.does(*certify, "--agent", code, *BY)
        case "post":
            return place.does(*certify, "--document", f"travel_record:{today() - timedelta(days=3)}", *BY)
        case "paper":
            form = place.does("papers", "issue", who.number, *BY)["number"]
            return place.does(*certify, "--form", form, "--signed-on", str(today()), *BY)
        case "visit":
            [visit] = place.does("visits", "ask", who.number, *BY)["visits"]
            place.does("visits", "assign", visit["id"], "--visitor", "李", "--on", str(today()), *BY)
            met = ("--outcome", "met", "--report", "见到本人")
            return place.does("visits", "report", visit["id"], "--visitor", "李", *met)
        case _:
            return place.does(*certify, *BY)
