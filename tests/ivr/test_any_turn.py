"""Whatever a caller does, in whatever order: a spoken turn ends once."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.listening import FRAME_BYTES, MOST_COUGHS, Finished
from ivr.speech.endpoint import FRAME_S, LIMIT_S
from ivr.speech.recogniser import NOTHING, Heard
from tests.ivr.hearing import silence, speech
from tests.ivr.test_listening import CHALLENGE, COMMAND, TWO_SECONDS, UNDERSTOOD, Caller

STEPS = st.lists(st.sampled_from(["frame", "speech", "1", "#", "*", "hangup"]), max_size=60)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, prompt=st.integers(0, 5000), asked=st.booleans(), keys=st.booleans())
def test_whatever_comes_the_turn_ends_once(steps: list[str], prompt: int, asked: bool, keys: bool) -> None:
    """Any order of frames, speech, keys and hanging up: marks in order, one end, nothing after it."""
    plan = replace(CHALLENGE if asked else COMMAND, keys=keys)
    caller = Caller(plan, ("a", b"\x10" * prompt), ("b", b"\x11" * prompt))
    said = speech("word.shuzi")
    for step in steps:
        match step:
            case "frame":
                caller.sends(silence(0.1))
            case "speech":
                caller.sends(said)
            case "hangup":
                caller.hangs_up()
            case key:
                caller.presses(key)
    caller.hangs_up()
    assert sum(isinstance(out, Finished) for out in caller.out) == 1
    assert isinstance(caller.out[-1], Finished)
    assert list(dict.fromkeys(caller.marks)) == ["a", "b"][: len(set(caller.marks))]
    assert caller.played <= (1 + MOST_COUGHS) * 2 * -(-prompt // FRAME_BYTES)


SOUNDS = {
    "silence": silence(0.3),
    "speech": speech("word.shuzi"),
    "talk": speech("greeting")[:100],
    "hiss": [bytes(frame) for frame in np.random.default_rng(1).integers(0, 256, (40, FRAME_BYTES), dtype=np.uint8)],
}
HEARD = st.sampled_from([NOTHING, UNDERSTOOD])


@settings(max_examples=25, deadline=None)
@given(order=st.lists(st.sampled_from(sorted(SOUNDS)), min_size=1), asked=st.booleans(), heard=HEARD)
def test_whatever_is_heard_for_ever_the_turn_ends(order: list[str], asked: bool, heard: Heard) -> None:
    caller = Caller(CHALLENGE if asked else COMMAND, ("a", TWO_SECONDS), heard=heard)
    for sound in cycle(order):
        caller.sends(SOUNDS[sound])
        if caller.finished:
            break
    assert caller.frames * FRAME_S <= (1 + MOST_COUGHS) * (2 + LIMIT_S) + 1


@settings(max_examples=25, deadline=None)
@given(before=st.lists(st.sampled_from(sorted(SOUNDS)), max_size=6), key=st.sampled_from("0123456789*"))
def test_a_key_ends_the_turn_whatever_was_heard(before: list[str], key: str) -> None:
    caller = Caller(COMMAND, ("a", TWO_SECONDS), heard=NOTHING)
    for sound in before:
        caller.sends(SOUNDS[sound])
    over = caller.finished
    caller.presses(key)
    assert over or (caller.ends().result.ended, caller.ends().result.key) == ("key", key)
