"""The commands and duties about reaching people: needs, attempts by hand, the ladder, outages."""

from __future__ import annotations

from sqlalchemy import select

from certification.runtime import Runtime
from certification.store import Climb, Person
from ops import schedule
from tests.certification.conftest import Clock, Queue
from tests.ops.test_commands import NUMBER, settings, stillhere, town
from tests.ops.test_routes import BY, done

__all__ = ["settings", "town"]


def test_what_is_declared_once_is_shown(town: dict[str, str]) -> None:
    declare = ("needs", "declare", NUMBER, "cannot_speak", *BY, "--json")
    assert done(stillhere(town, *declare)) == done(stillhere(town, *declare)) == {"needs": ["cannot_speak"]}
    assert done(stillhere(town, "needs", "withdraw", NUMBER, "cannot_speak", *BY, "--json")) == {"needs": []}


def test_an_attempt_by_hand_is_noted_and_followed(town: dict[str, str]) -> None:
    note = ("contacts", "note", NUMBER, "--channel", "operator", *BY, "--json")
    first = done(stillhere(town, *note, "--outcome", "queued"))
    assert first["counts"] is False
    again = done(stillhere(town, *note, "--outcome", "rung", "--ref", first["ref"]))
    assert (again["ref"], again["counts"]) == (first["ref"], True)
    found = done(stillhere(town, "contacts", "show", NUMBER, "--json"))
    assert found == {"contacts": [{"channel": "operator", "outcome": "rung", "ref": first["ref"]}], "ladder": []}


def test_outages_are_noted_and_listed(town: dict[str, str]) -> None:
    assert done(stillhere(town, "outages", "begin", "短信中断", "--at", "2026-01-02 08:00", *BY, "--json"))["id"]
    [running] = done(stillhere(town, "outages", "list", "--json"))["outages"]
    assert (running["what"], running["began"], running["ended"]) == ("短信中断", "2026-01-02 08:00", None)
    assert done(stillhere(town, "outages", "end", *BY, "--json")) == {"ended": 1}
    assert done(stillhere(town, "outages", "end", *BY, "--json")) == {"ended": 0}


def test_the_sweep_puts_people_on_the_ladder_and_leads_them(
    rt: Runtime, wu: Person, clock: Clock, queue: Queue
) -> None:
    schedule.sweep(rt)  # nothing was ever heard of him
    with rt.sessions() as session:
        assert session.scalars(select(Climb)).all() == []
    clock.forward(days=30)
    for _ in range(2):
        schedule.sweep(rt)
    with rt.sessions() as session:
        [climb] = session.scalars(select(Climb)).all()
        assert climb.rungs[climb.rung or 0][0] == "message"
