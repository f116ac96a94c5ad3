"""R3, Guangzhou: only its own household register judges; the others call; who fails is on the next month's list."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from ops import schedule
from tests.certification.comparing import signals
from tests.scenarios.place import BY, Pensioner, Place
from tests.scenarios.test_r12_all import SUPERVISORS, Missed, rows, supervised


@pytest.fixture
def town(place: Place) -> list[Pensioner]:
    """Three people of Guangzhou's register, one of whom is struck off, and one from elsewhere."""
    return place.pensioners("guangzhou", 4)


def compared(place: Place, town: list[Pensioner]) -> dict[str, object]:
    """The released comparison with this month's register."""
    rows = [(one.number, "household_register", place.today.isoformat(), "registered") for one in town[:2]]
    rows.append((town[2].number, "household_register", place.today.isoformat(), "register_cancelled"))
    rows.append((town[3].number, "medical", place.today.isoformat(), "visit"))
    path = signals(Path(place.environment["STILLHERE_DATA"]) / "register.csv", rows)
    run = place.does("compare", "run", "--region", "guangzhou", "--signals", str(path))
    place.does("compare", "release", run["run"], *BY)
    return run


def test_r3_the_register_certifies_its_own_and_the_others_are_sent_to_the_call(
    place: Place, town: list[Pensioner]
) -> None:
    run = compared(place, town)
    assert (run["certified"], run["elsewhere"], run["death"]) == (2, 1, 1)
    assert run["rejected"] == 1, "this comparison knows no hospital"
    assert [place.stands(one)["certified"] for one in town] == [True, True, False, False]
    answered = place.dials(town[3].phone).says("怎么认证")
    assert any(name.endswith("region.guangzhou.how") for name in answered.heard), "which says: call every month"


def test_r3_who_fails_is_on_the_list_of_the_following_month_and_nobody_else(
    place: Place, town: list[Pensioner]
) -> None:
    compared(place, town)
    for one in town:
        for channel, outcome in (("sms", "delivered"), ("call", "rung")):
            contact = ("contacts", "note", one.number, "--channel", channel, "--outcome", outcome, *BY)
            place.does(*contact)
    over = place.on(date.fromisoformat(place.stands(town[3])["due"]) + timedelta(days=1))
    schedule.open_periods(over.rt)  # as it does on every day
    list_of = Missed(over, town[3], supervised(over), "guangzhou")
    proposed = over.does("suspensions", "propose", *list_of.of)
    assert (proposed["proposed"], proposed["held"]) == (1, 1)
    assert proposed["reasons"]["death_reported"] == 1, "a death on record is for a human"
    for name in SUPERVISORS:
        list_of.signs(name)
    [row] = rows(over.does("suspensions", "release", *list_of.of))
    assert (row["id_number"], row["month"]) == (town[3].number, f"{list_of.following:%Y-%m}")
