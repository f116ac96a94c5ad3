"""R3, Guangzhou: only its own household register judges; the others call; who fails is on the next month's list."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from certification.store import Contact, Period
from tests.certification.comparing import signals
from tests.ops.test_suspensions_command import Bureau, supervisors
from tests.scenarios.place import BY, Pensioner, Place, today


@pytest.fixture
def town(place: Place) -> list[Pensioner]:
    """Three people of Guangzhou's register, one of whom is struck off, and one from elsewhere."""
    return place.pensioners("guangzhou", 4)


def compared(place: Place, town: list[Pensioner]) -> dict[str, object]:
    """The released comparison with this month's register."""
    rows = [(one.number, "household_register", today().isoformat(), "registered") for one in town[:2]]
    rows.append((town[2].number, "household_register", today().isoformat(), "register_cancelled"))
    rows.append((town[3].number, "medical", today().isoformat(), "visit"))
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
    bureau = Bureau(place.environment, supervisors(place.environment), "guangzhou")
    for one in town:
        for channel, outcome in (("sms", "delivered"), ("call", "rung")):
            contact = ("contacts", "note", one.number, "--channel", channel, "--outcome", outcome, *BY)
            place.does(*contact)
    over(place)
    proposed = place.does("suspensions", "propose", *bureau.of[:-1])
    assert (proposed["proposed"], proposed["held"]) == (1, 1)
    assert proposed["reasons"]["death_reported"] == 1, "a death on record is for a human"
    for name in ("李", "王"):
        assert bureau.sign(name).exit_code == 0
    released = place.does("suspensions", "release", *bureau.of[:-1])
    [row] = csv.DictReader(Path(released["file"]).read_text(encoding="utf-8").splitlines())
    assert (row["id_number"], row["month"]) == (town[3].number, f"{bureau.following:%Y-%m}")


def over(place: Place) -> None:
    """Let the month that everybody was asked in be over."""
    with place.rt.sessions.begin() as session:
        session.execute(update(Period).values(opens=today() - timedelta(days=40), due=today() - timedelta(days=1)))
        session.execute(update(Contact).values(begun_at=place.rt.now() - timedelta(days=9)))
