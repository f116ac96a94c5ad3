"""R2, Qingdao: a monthly comparison that nobody notices; the few it leaves climb from message to home visit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from certification.periods import add_months
from certification.store import Climb, Contact
from ops import schedule
from tests.certification.comparing import signals
from tests.scenarios.place import BY, Pensioner, Place

CHANNELS = {"message": "sms", "call": "call", "operator": "operator"}


@pytest.fixture
def place(place: Place) -> Place:
    """Early in the next month: who comes on the roll in the last days of one is asked at the end of the next."""
    return place.on(add_months(place.today.replace(day=5), 1))


@pytest.fixture
def town(place: Place) -> list[Pensioner]:
    """Twenty people of Qingdao; the hospital has seen eighteen of them this month, and one used a bank card."""
    return place.pensioners("qingdao", 20)


def compared(place: Place, town: list[Pensioner]) -> str:
    """The released comparison with this month's files."""
    rows = [(one.number, "medical", place.today.isoformat(), "visit") for one in town[:18]]
    rows.append((town[18].number, "bank_card", place.today.isoformat(), "withdrawal"))
    path = signals(Path(place.environment["STILLHERE_DATA"]) / "signals.csv", rows)
    run = place.does("compare", "run", "--region", "qingdao", "--signals", str(path))
    assert (run["certified"], run["unresolved"], run["state"]) == (18, 2, "ready")
    assert not any(place.stands(one)["certified"] for one in town), "looked at before it counts"
    assert place.does("compare", "release", run["run"], *BY)["state"] == "released"
    return str(run["run"])


def test_r2_the_comparison_certifies_and_people_notice_nothing(place: Place, town: list[Pensioner]) -> None:
    compared(place, town)
    assert [place.stands(one)["certified"] for one in town] == [True] * 18 + [False] * 2
    with place.rt.sessions() as session:
        assert session.scalars(select(Contact)).all() == []
        assert len(session.scalars(select(Climb)).all()) == 2


def climbs(place: Place, days: float) -> dict[str, str | None]:
    """Let the sweep lead everybody on, so many days from now; where each one stands."""
    later = replace(place.rt, now=lambda: place.rt.now() + timedelta(days=days))
    schedule.lead_up_ladders(later)
    with place.rt.sessions() as session:
        on = session.scalars(select(Climb).where(Climb.stopped_at.is_(None))).all()
        return {one.person_id: None if one.rung is None else one.rungs[one.rung][0] for one in on}


def test_r2_the_few_are_left_to_the_ladder_and_a_success_takes_them_off(place: Place, town: list[Pensioner]) -> None:
    compared(place, town)
    first, second = (str(place.stands(one)["id"]) for one in town[18:])
    assert climbs(place, 0) == {first: "message", second: "message"}
    place.does("certify", town[18].number, "--route", "desk", *BY)
    assert climbs(place, 0.1) == {second: "message"}
    assert [climbs(place, day)[second] for day in (4, 6, 12, 18)] == ["message", "call", "operator", "visit"]
    [visit] = place.does("visits", "list")["visits"]
    place.does("visits", "assign", visit["id"], "--visitor", "李", "--on", str(place.today), *BY)
    place.does("visits", "report", visit["id"], "--visitor", "李", "--outcome", "met", "--report", "见到本人")
    assert climbs(place, 18.1) == {}
    assert all(place.stands(one)["certified"] for one in town)


def test_r2_half_a_file_is_taken_back(place: Place, town: list[Pensioner]) -> None:
    run = compared(place, town)
    assert place.does("compare", "undo", run, "--reason", "文件不全", *BY)["state"] == "undone"
    assert not any(place.stands(one)["certified"] for one in town)
    assert climbs(place, 0) == {}
