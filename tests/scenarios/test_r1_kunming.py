"""R1, Kunming: four times a year by a call, after a message to them and to a relative who may know; or by a clerk."""

from __future__ import annotations

from datetime import date, timedelta

from certification.evidence import Kind, Strength
from certification.periods import FIRST_DAYS, add_months
from ops import texting
from tests.conversations.town import Town
from tests.ops.test_commands import json_of, sentence, stillhere
from tests.scenarios.conftest import Certified
from tests.scenarios.place import BY, Place, today

DAUGHTER, SON = "13988000001", "13988000002"


def quarter_end(day: date) -> date:
    """The last day of the quarter that a day lies in."""
    first = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return add_months(first, 3) - timedelta(days=1)


def first_end() -> date:
    """The last day of a first period of somebody who came on the roll today: never one of the next days."""
    return quarter_end(today() + timedelta(days=FIRST_DAYS - 1))


def test_r1_a_call_certifies_for_the_quarter_and_the_next_is_asked_for_in_the_following_one(
    town: Town, certified: Certified
) -> None:
    heard = [line.name for line in certified.call.transcript]
    assert heard[heard.index("result.certified") :][-1] == "goodbye"
    receipt = "".join(name[-1] for name in heard if name.startswith("digit."))[:10]
    show = ("people", "show", certified.resident.number, "--json")
    stands = json_of(stillhere(town.service.environment, *show))
    ends = first_end()
    following = quarter_end(ends + timedelta(days=1))
    assert (stands["certified"], stands["receipt"], stands["due"]) == (True, receipt, str(ends))
    assert stands["next_due"] == str(following), "four times a year"
    [evidence] = town.evidence(certified.resident)
    assert (evidence.kind, evidence.strength) == (Kind.VOICE, Strength.LIVE)


def test_r1_a_clerk_confirms_by_hand_whoever_shows_themselves_with_their_id_card(place: Place) -> None:
    [retiree] = place.pensioners("昆明")
    by_hand = ("--route", "desk", "--by", "五华区窗口/张")
    mistyped = retiree.number[:-2] + str((int(retiree.number[-2]) + 1) % 10) + retiree.number[-1]
    assert "校验码" in place.cannot("certify", mistyped, *by_hand), "the number on the card is checked"
    certified = place.does("certify", retiree.number, *by_hand)
    stands = place.stands(retiree)
    assert certified["certified"] and stands["receipt"] == certified["receipt"]
    assert stands["due"] == str(first_end())
    [evidence] = place.evidence(retiree)
    assert (evidence.kind, evidence.strength) == (Kind.DESK, Strength.OFFICIAL)
    actors = {actor for actor, action, _ in place.journal(retiree) if action == "evidence recorded"}
    assert actors == {"五华区窗口/张"}, "the act stands in the clerk's name"


def test_r1_reminders_are_for_the_retiree_and_a_relative_before_each_quarter_ends(place: Place) -> None:
    rules = place.does("regions", "show", "昆明")
    assert rules["interval"] == "quarter"
    assert rules["reminders"]["to"] == ["self", "relative"]
    assert rules["reminders"]["days_before"] == [21, 7, 1]
    assert "没有“昆明县”" in sentence(stillhere(place.environment, "regions", "show", "昆明县"))


def test_r1_a_message_reminds_the_retiree_and_a_relative_who_may_know_and_nobody_who_is_certified(
    in_writing: Place,
) -> None:
    mother, father, certified = in_writing.pensioners("昆明", 3)
    declare = ("--relation", "relative", "--name", "小李", *BY)
    copies = ("--copies", "--consent", "同意把提醒也发给女儿")
    in_writing.does("helpers", "declare", mother.number, "--phone", DAUGHTER, *copies, *declare)
    in_writing.does("helpers", "declare", father.number, "--phone", SON, *declare)
    in_writing.does("certify", certified.number, "--route", "desk", *BY)
    due = date.fromisoformat(in_writing.stands(mother)["due"])
    a_week_before = in_writing.on(due - timedelta(days=7))
    texting.remind_today(a_week_before.rt)  # as the sweep does on every day
    sent = a_week_before.texts()
    assert set(sent) == {mother.phone, father.phone, DAUGHTER}, "without consent no copy"
    for [text] in sent.values():
        assert text.startswith("【昆明社保】") and f"最晚{due.month}月{due.day}日" in text
    assert "您家老人" in sent[DAUGHTER][0]
    texting.remind_today(a_week_before.rt)
    assert a_week_before.texts() == sent, "once"
