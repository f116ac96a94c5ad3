"""The player: interrupted prompts go on with the phrase that was interrupted, and no mark is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ivr.playing import FRAME_BYTES, LEAD, Mark, Media, Player

SOUND, QUIET = b"\x10" * FRAME_BYTES, b"\xff" * FRAME_BYTES
FIRST, SECOND = SOUND * 100, b"\x20" * FRAME_BYTES * 100


def frames(outs: list[Media | Mark]) -> list[bytes]:
    return [out.payload for out in outs if isinstance(out, Media)]


def played(player: Player, ticks: int) -> list[Media | Mark]:
    return [out for _ in range(ticks) for out in player.tick()]


def test_the_phrase_begins_after_the_last_pause() -> None:
    player = Player([("a", FIRST + QUIET * 20 + SECOND)])
    player.start()
    played(player, 180)
    player.stop()
    assert not player.playing
    assert played(player, 10) == []
    again = frames(player.resume()) + frames(played(player, 200))
    assert again == [SECOND[:FRAME_BYTES]] * 100


def test_or_with_the_prompt() -> None:
    player = Player([("a", FIRST), ("b", SECOND)])
    player.start()
    played(player, 160)
    player.stop()
    rest = player.resume() + played(player, 200)
    assert frames(rest) == [SECOND[:FRAME_BYTES]] * 100
    assert rest[-1] == Mark("b")


def test_what_was_said_before_the_caller_was_noticed_is_said_again() -> None:
    player = Player([("a", FIRST), ("b", SECOND)])
    player.start()
    played(player, 110)
    player.stop()
    assert player.resume()[0] == Media(SOUND)


@given(lengths=st.lists(st.integers(0, 30), max_size=4), at=st.integers(0, 130))
def test_wherever_it_stops_all_that_is_left_is_played_and_marked(lengths: list[int], at: int) -> None:
    player = Player([(str(n), SOUND * length) for n, length in enumerate(lengths)])
    first = player.start() + played(player, at)
    assert len(frames(first)) == min(LEAD + at, sum(lengths))
    heard = min(at, sum(lengths))
    player.stop()
    rest = player.resume() + played(player, sum(lengths) + LEAD)
    assert len(frames(rest)) >= sum(lengths) - heard
    marks = [out.name for out in first + rest if isinstance(out, Mark)]
    assert sorted(set(marks)) == [str(n) for n in range(len(lengths))]
    assert not player.playing
