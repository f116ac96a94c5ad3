"""R4, Shanghai: once a year; whoever finds it hard sends the household booklet and other papers by post."""

from __future__ import annotations

from datetime import date, timedelta

from certification.evidence import Kind
from certification.periods import add_months
from certification.regions import SHANGHAI
from tests.scenarios.place import BY, Place, today


def test_r4_papers_by_post_are_returned_with_a_reason_come_again_and_certify_for_a_year(place: Place) -> None:
    assert place.does("regions", "show", "上海")["interval"] == "year"
    [ill] = place.pensioners("上海")
    before = place.stands(ill)
    seen, old = today() - timedelta(days=9), today() - timedelta(days=400)
    letter = ("papers", "letter", ill.number, "--document", f"household_booklet:{old}")
    number = place.does(*letter, "--document", f"medical_record:{seen}", *BY)["number"]
    assert place.does("papers", "show", number)["state"] == "received"

    returned = place.does("papers", "return", number, "--reason", "病历复印件看不清", *BY)
    assert (returned["state"], returned["reason"]) == ("returned", "病历复印件看不清")
    assert "returned" in place.cannot("papers", "accept", number, *BY), "what is on its way back certifies nobody"
    assert not place.stands(ill)["certified"]

    assert place.does("papers", "receive", number, *BY)["state"] == "received"
    accepted = place.does("papers", "accept", number, *BY)
    stands = place.stands(ill)
    assert accepted["certified"] and stands["receipt"] == accepted["receipt"]
    following = add_months(date.fromisoformat(before["due"]), 12)
    assert (before["next_due"], stands["next_due"]) == (before["due"], following.isoformat())
    [evidence] = place.evidence(ill)
    assert evidence.kind == Kind.POST
    assert evidence.observed_at.astimezone(SHANGHAI).date() == seen, "dated by the paper, not by the clerk"
    steps = [action for _, action, _ in place.journal(ill) if action.startswith(("letter", "form", "paper"))]
    assert steps == ["letter received", "paper returned", "form received", "paper accepted"]


def test_r4_a_booklet_alone_or_an_old_paper_does_not_show_that_somebody_lives(place: Place) -> None:
    [ill] = place.pensioners("上海")
    old = today() - timedelta(days=120)
    for documents, why in (
        (f"household_booklet:{today()}", "booklet says who they are"),
        (f"medical_record:{old}", "does not count"),
    ):
        assert why in place.cannot("certify", ill.number, "--route", "post", "--document", documents, *BY)
    assert not place.stands(ill)["certified"]
    assert not place.evidence(ill)
