"""The buffer between the service and the caller's ear, whatever is put into it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ops.switch.playout import FRAME, SILENCE, Mark, Playout

STEPS = st.lists(st.one_of(st.integers(0, 500), st.just("mark"), st.just("clear"), st.just("play")), max_size=40)


@settings(deadline=None)
@given(STEPS)
def test_every_mark_comes_back_once_in_order_and_nothing_is_heard_twice(steps: list[int | str]) -> None:
    playout, sent, heard, dropped, unmarked, marks = Playout(), 0, 0, 0, 0, 0
    returned: list[Mark] = []
    for step in [*steps, *["play"] * 200]:
        match step:
            case int():
                playout.add(b"\x00" * step)
                sent += step
            case "mark":
                playout.mark(str(marks))
                marks += 1
            case "clear":
                returned += playout.clear()
                unmarked += playout.take_unmarked()
                dropped = sent - heard
            case _:
                frame = playout.frame()
                assert len(frame) == FRAME
                heard += frame.count(0)
                returned += playout.reached()
                assert heard + dropped <= sent
    assert [mark.name for mark in returned] == [str(n) for n in range(marks)]
    assert sum(mark.heard for mark in returned) + unmarked + playout.take_unmarked() == heard
    assert all(0 <= mark.heard <= mark.length for mark in returned)


def test_a_short_rest_is_filled_with_silence() -> None:
    playout = Playout()
    playout.add(b"\x00" * 10)
    assert playout.frame() == b"\x00" * 10 + SILENCE[10:]
    assert playout.frame() == SILENCE
