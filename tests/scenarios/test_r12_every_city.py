"""R12, in every city: of two people tried alike, who did not certify is on the next month's list, who did is not."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from certification.regions import Regions
from ops import schedule
from tests.certification.comparing import signals
from tests.scenarios.place import BY, Pensioner, Place
from tests.scenarios.test_r12_all import SUPERVISORS, Missed, rows, supervised
from tests.scenarios.ways import certifies

CITIES = {  # each by a way that the newspaper tells of it
    "昆明": "desk",
    "青岛": "medical",
    "广州": "household_register",
    "上海": "post",
    "南京": "paper",
    "北京": "agent",
    "长沙": "agent",
    "湘潭": "visit",
    "西安": "desk",
}


def certified(place: Place, city: str, who: Pensioner) -> None:
    """Have somebody certified as people are in this city."""
    way = CITIES[city]
    if way not in ("medical", "household_register"):
        assert certifies(place, who, way)["certified"]
        return
    file = Path(place.environment["STILLHERE_DATA"]) / "signals.csv"
    signals(file, [(who.number, way, place.today.isoformat(), "")])
    run = place.does("compare", "run", "--region", city, "--signals", str(file))
    assert place.does("compare", "release", run["run"], *BY)["certified"] == 1


@pytest.mark.parametrize("city", CITIES, ids=[one.code for one in map(Regions.load().find, CITIES) if one])
def test_r12_who_certifies_goes_on_being_paid_and_who_does_not_is_on_the_list(place: Place, city: str) -> None:
    paid, not_paid = place.pensioners(city, 2)
    certified(place, city, paid)
    for who in (paid, not_paid):
        for channel, outcome in (("sms", "delivered"), ("call", "rung")):
            place.does("contacts", "note", who.number, "--channel", channel, "--outcome", outcome, *BY)
    over = place.on(date.fromisoformat(place.stands(not_paid)["due"]) + timedelta(days=1))
    schedule.open_periods(over.rt)  # as it does on every day
    list_of = Missed(over, not_paid, supervised(over), city)
    proposed = over.does("suspensions", "propose", *list_of.of)
    assert (proposed["proposed"], proposed["held"]) == (1, 0)
    for name in SUPERVISORS:
        list_of.signs(name)
    [row] = rows(over.does("suspensions", "release", *list_of.of))
    assert (row["id_number"], row["month"]) == (not_paid.number, f"{list_of.following:%Y-%m}")
