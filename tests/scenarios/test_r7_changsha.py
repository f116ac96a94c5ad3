"""R7, Changsha: many ways side by side; the first that succeeds closes the period, a second adds to the record."""

from __future__ import annotations

import pytest

from certification.evidence import Kind
from tests.scenarios.place import Place
from tests.scenarios.ways import WAYS, certifies

PAIRS = (("agent", "desk"), ("post", "visit"), ("paper", "agent"))


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=[" then ".join(pair) for pair in PAIRS])
def test_r7_the_first_way_closes_the_period_and_the_second_changes_nothing(
    place: Place, first: str, second: str
) -> None:
    [who] = place.pensioners("长沙")
    closing = certifies(place, who, first)
    stood = place.stands(who)
    assert stood["certified"] and stood["receipt"] == closing["receipt"]
    added = certifies(place, who, second)
    assert added["receipt"] != closing["receipt"]
    assert place.stands(who) == stood, "the same receipt, the same days"
    assert [one.kind for one in place.evidence(who)] == [WAYS[first], WAYS[second]]
    assert [action for _, action, _ in place.journal(who)].count("period closed") == 1


def test_r7_keys_on_the_own_telephone_stand_beside_the_way_that_closes_the_period(place: Place) -> None:
    [who] = place.pensioners("长沙")
    place.set_pin(who, "739164")
    phone = place.dials(who.phone).presses_while_listened_to("1").press(who.tail)
    assert phone.press("739164").heard[0] == "result.pin_recorded", "not enough here for a year"
    phone.hangs_up()
    certifies(place, who, "agent")
    again = place.dials(who.phone).presses_while_listened_to("1").press(who.tail)
    assert again.heard[0] == "result.already"
    assert [one.kind for one in place.evidence(who)] == [Kind.PIN, Kind.AGENT]
    assert place.stands(who)["receipt"] == place.evidence(who)[1].receipt
