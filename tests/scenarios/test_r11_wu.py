"""R11, Mr Wu: who he is, a few words repeated, the result, the receipt; four things to do, in under two minutes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from certification.evidence import Kind
from ops import schedule
from ops.switch import Line
from tests.conversations.town import Town
from tests.scenarios.conftest import Certified
from tests.scenarios.place import BY, Place
from tests.scenarios.test_r12_all import SUPERVISORS, Missed, rows, supervised

PIN, DAUGHTER = "739164", "13988000001"
TWO_MINUTES_S = 120.0


def understood_at_once(lines: Iterable[Line]) -> list[Line]:
    """The call without the groups of words that the line asked for again: not understood, or lost on a busy machine."""
    kept: list[Line] = []
    for line in lines:
        if line.name in ("challenge.again", "line.again"):
            while kept.pop().name != "challenge.repeat":
                pass
        else:
            kept.append(line)
    return kept


def test_r11_four_things_to_do_and_under_two_minutes(town: Town, certified: Certified) -> None:
    wu, call = certified.resident, certified.call
    lines = understood_at_once(call.transcript)
    does = [line for line in lines if line.who == "caller"]
    assert [line.keys for line in does if line.keys] == ["1", wu.tail], "to certify; the end of his identity number"
    assert [len(line.text.split()) for line in does if line.text] == [3, 3], "two groups of three words"
    heard = [line.name for line in lines if line.who == "line"]
    in_order = ("who.tail", "challenge.repeat", "result.certified", "receipt.is", "goodbye")
    assert sorted(map(heard.index, in_order)) == [heard.index(name) for name in in_order]
    assert not {"who.full", "pin.ask", "enrol.code", "human.connecting"} & set(heard)
    [evidence] = town.evidence(wu)
    said = "".join(name[-1] for name in heard if name.startswith("digit."))
    assert (evidence.kind, said) == (Kind.VOICE, evidence.receipt * 2), "the receipt, said twice"

    spoken_s = sum(line.seconds for line in lines)  # what was played to him and what he said, one after the other
    assert TWO_MINUTES_S / 2 < spoken_s < TWO_MINUTES_S, call.text()


def test_r11_his_daughter_assists_at_her_own_telephone_and_takes_nothing_over(place: Place) -> None:
    family = wu, uncle, aunt, mother = place.pensioners("昆明", 4)
    for one in family:
        place.set_pin(one, PIN)
        place.does("certify", one.number, "--route", "desk", *BY)
        daughter = ("--phone", DAUGHTER, "--name", "小吴", "--relation", "relative", *BY)
        place.does("helpers", "declare", one.number, *daughter)
    due = date.fromisoformat(place.stands(wu)["next_due"])
    asked = place.on(due - timedelta(days=21))
    schedule.open_periods(asked.rt)  # as it does on every day
    for one in family:
        for channel, outcome in (("sms", "delivered"), ("call", "rung")):
            asked.does("contacts", "note", one.number, "--channel", channel, "--outcome", outcome, *BY)

    phone = asked.dials(DAUGHTER).press("1")  # Mandarin; remembered for the number
    for one in (wu, uncle, aunt):
        phone = phone if one is wu else asked.dials(DAUGHTER)
        phone.presses_while_listened_to("1").press(one.tail)
        assert phone.heard[-1] == "who.full.again", "her telephone stands for nobody"
        assert phone.press(one.number.replace("X", "*")).heard[-1] == "pin.ask"
        assert phone.press("111222").heard == ("pin.wrong",), "she does not know it"
        assert phone.press(PIN).heard[0] == "result.pin_certified", "they key it themselves"
        phone.hangs_up()
    schedule.see_to_ended_calls(asked.rt)
    assert asked.does("cases", "list")["cases"] == [], (
        "the telephone of a helper whom all three declared raises no question"
    )
    assert [asked.stands(one)["certified"] for one in family] == [True, True, True, False], (
        "who called, and nobody else"
    )
    [_, evidence] = asked.evidence(wu)
    assert (evidence.kind, evidence.source) == (Kind.PIN, "call"), "their sign of life: nothing of hers"

    over = asked.on(due + timedelta(days=1))
    schedule.open_periods(over.rt)
    list_of = Missed(over, mother, supervised(over))
    assert over.does("suspensions", "propose", *list_of.of)["proposed"] == 1
    for name in SUPERVISORS:
        list_of.signs(name)
    [row] = rows(over.does("suspensions", "release", *list_of.of))
    assert row["id_number"] == mother.number, "a helper declared for her is no sign of life of hers"
