"""R8, Xiangtan: the ID card at any office; a visit to the seriously ill; a form stamped elsewhere and checked here."""

from __future__ import annotations

from pathlib import Path

from certification.evidence import Kind
from tests.scenarios.place import BY, Place, today


def test_r8_the_id_card_is_shown_at_any_street_or_community_office(place: Place) -> None:
    offices = place.does("regions", "show", "湘潭")["offices"]
    people = place.pensioners("湘潭", many=len(offices))
    assert len(offices) > 1
    for who, office in zip(people, offices, strict=True):
        certified = place.does("certify", who.number, "--route", "desk", "--by", f"{office['name']}/张")
        assert certified["certified"] and place.stands(who)["receipt"] == certified["receipt"]
        actors = {actor for actor, action, _ in place.journal(who) if action == "evidence recorded"}
        assert actors == {f"{office['name']}/张"}


def test_r8_the_seriously_ill_are_visited_and_the_visitors_report_certifies(place: Place, tmp_path: Path) -> None:
    [ill] = place.pensioners("湘潭")
    place.does("needs", "declare", ill.number, "illness", *BY)
    [visit] = place.does("visits", "ask", ill.number, *BY)["visits"]
    place.does("visits", "assign", visit["id"], "--visitor", "李", "--on", str(today()), *BY)
    photo = tmp_path / "at home.jpg"
    photo.write_bytes(b"\xff\xd8\xff")
    report = ("visits", "report", visit["id"], "--outcome", "met", "--report", "卧床，神志清楚，核对了身份证")
    assert "given to 李" in place.cannot(*report, "--visitor", "王")
    seen = place.does(*report, "--visitor", "李", "--photo", str(photo))
    assert seen["certified"] and place.stands(ill)["receipt"] == seen["receipt"]
    [evidence] = place.evidence(ill)
    assert evidence.kind == Kind.VISIT
    assert place.does("visits", "list") == {"visits": []}


def test_r8_a_form_from_elsewhere_certifies_only_with_the_stamp_of_that_place(place: Place) -> None:
    [away] = place.pensioners("湘潭")
    assert "forms (own)" in place.cannot("papers", "issue", away.number, *BY), "only assistance forms"
    number = place.does("papers", "issue", away.number, "--kind", "assistance", *BY)["number"]
    place.does("papers", "post", number, *BY)
    place.does("papers", "receive", number, *BY)
    accept = ("papers", "accept", number, "--signed-on", str(today()), *BY)
    assert "stamp" in place.cannot(*accept)
    assert not place.stands(away)["certified"]
    accepted = place.does(*accept, "--stamp", "深圳市福田区社保站")
    assert accepted["certified"] and place.stands(away)["receipt"] == accepted["receipt"]
    [evidence] = place.evidence(away)
    assert evidence.kind == Kind.PAPER and evidence.source == "paper:assistance"
