"""R11, Mr Wu: who he is, a few words repeated, the result, the receipt; four things to do, in under two minutes."""

from __future__ import annotations

from collections.abc import Iterable

from certification.evidence import Kind
from ops.switch import Line
from tests.conversations.town import Town
from tests.scenarios.conftest import Certified

TWO_MINUTES_S = 120.0


def understood_at_once(lines: Iterable[Line]) -> list[Line]:
    """The call without the groups of words that the recogniser did not understand and asked for again."""
    kept: list[Line] = []
    for line in lines:
        if line.name == "challenge.again":
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
