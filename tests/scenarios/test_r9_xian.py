"""R9, Xi'an: nothing is known of its rules, so the default's hold: once a year, every way open."""

from __future__ import annotations

import pytest

from certification.regions import Route
from tests.scenarios.place import Place
from tests.scenarios.ways import WAYS, certifies


def test_r9_a_place_that_says_nothing_has_the_default_rules_every_way_open(place: Place) -> None:
    here, default = place.does("regions", "show", "西安"), place.does("regions", "show", "default")
    its_own = {"code", "name", "dialects", "operator", "how", "how_sms"}
    assert {key: value for key, value in here.items() if key not in its_own} == {
        key: value for key, value in default.items() if key not in its_own
    }
    assert here["interval"] == "year"
    assert set(here["routes"]) == {route.value for route in Route}


@pytest.mark.parametrize("way", WAYS)
def test_r9_every_way_certifies_for_the_year(place: Place, way: str) -> None:
    [who] = place.pensioners("西安")
    certified = certifies(place, who, way)
    stands = place.stands(who)
    assert certified["certified"] and stands["receipt"] == certified["receipt"]
    assert int(stands["next_due"][:4]) == int(stands["due"][:4]) + 1
    assert [one.kind for one in place.evidence(who)] == [WAYS[way]]
    said = place.dials(who.phone).presses_while_listened_to("1").press(who.tail)
    assert said.heard[0] == "result.already"
