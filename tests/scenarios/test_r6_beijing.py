"""R6, Beijing: the employer or an agency helps to certify, its own people alone, and each act stands in its name."""

from __future__ import annotations

from certification.evidence import Kind
from certification.periods import add_months
from tests.ops.test_commands import stillhere
from tests.scenarios.place import BY, Place, today


def test_r6_an_agent_certifies_its_own_people_and_nobody_else_each_act_in_its_name(place: Place) -> None:
    mine, not_mine = place.pensioners("北京", many=2)
    added = place.does("agents", "add", "北京第一机床厂", "--kind", "employer", "--region", "北京", *BY)
    code = added["code"]
    assert place.does("agents", "assign", code, mine.number, *BY) == {"changed": 1, "people": 1}
    by_agent = ("--route", "agent", "--agent", code, "--by", "王会计")

    certified = place.does("certify", mine.number, *by_agent)
    assert "北京第一机床厂" in place.cannot("certify", not_mine.number, *by_agent)
    stands = place.stands(mine)
    assert certified["certified"] and stands["receipt"] == certified["receipt"]
    assert not place.stands(not_mine)["certified"] and not place.evidence(not_mine)
    [evidence] = place.evidence(mine)
    assert (evidence.kind, evidence.source, evidence.detail["by"]) == (Kind.AGENT, f"agent:{code}", "王会计")

    name = f"agent:{code}/王会计"
    assert (name, "evidence recorded") in [entry[:2] for entry in place.journal(mine)]
    [refused] = [entry for entry in place.journal(not_mine) if entry[1] == "certification refused"]
    assert (refused[0], refused[2]["why"]) == (name, "NotTheirs")

    assert stands["next_due"] >= str(add_months(today(), 12)), "again a year after the success, not at a fixed day"


def test_r6_an_agent_that_was_closed_or_lost_a_person_certifies_them_no_more(place: Place) -> None:
    first, second = place.pensioners("北京", many=2)
    code = place.does("agents", "add", "代办处", "--kind", "agency", "--region", "北京", *BY)["code"]
    place.does("agents", "assign", code, first.number, second.number, *BY)
    by_agent = ("--route", "agent", "--agent", code, "--by", "李")
    place.does("agents", "assign", code, first.number, "--release", *BY)
    assert "代办处" in place.cannot("certify", first.number, *by_agent)
    receipt = place.does("certify", second.number, *by_agent)["receipt"]
    assert stillhere(place.environment, "agents", "close", code, *BY).exit_code == 0
    assert "closed" in place.cannot("certify", second.number, *by_agent)
    assert place.stands(second)["receipt"] == receipt, "what it did while it was open stands"
