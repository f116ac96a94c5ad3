"""A spoken turn: what goes out for each frame that comes in, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ivr.listening import (
    FRAME_BYTES,
    LEAD,
    LONGEST_PAUSE_S,
    MOST_COUGHS,
    Clear,
    Finished,
    Mark,
    Media,
    Out,
    Turn,
)
from ivr.speech.g711 import encode_mulaw
from ivr.speech.recogniser import NOTHING, Heard
from ivr.spoken import Plan
from tests.ivr.hearing import FakeListening, frames, silence, speech
from tests.ivr.speech.noises import noise

COMMAND = Plan("mandarin", ("menu.main",), "menu", 0.9, keep=False, asked=())
CHALLENGE = Plan("mandarin", ("a", "pause.short"), "challenge", 1.5, keep=True, asked=("数字", "语言"))
UNDERSTOOD = Heard(("认证",), 0.9, understood=True)
REPEATED = Heard(("数字", "语言"), 0.9, understood=True)
TWO_SECONDS = b"\x12" * 16000


class Caller:
    """Drives a turn as the caller's telephone does, and keeps what came out of it."""

    def __init__(
        self, plan: Plan, *prompts: tuple[str, bytes], heard: Heard = UNDERSTOOD, coughs: Sequence[Heard] = ()
    ) -> None:
        self._to_hear = [*coughs, heard]
        self.turn = Turn(plan, prompts, self._listen)
        self.out: list[Out] = self.turn.start()
        self.frames = 0

    def _listen(self) -> FakeListening:
        """Begin to listen: to what is to be heard next, and in the end to the same for ever."""
        self.listening = FakeListening(self._to_hear.pop(0) if len(self._to_hear) > 1 else self._to_hear[0])
        return self.listening

    def sends(self, frames: list[bytes]) -> Caller:
        for frame in frames:
            if self.finished is None:
                self.frames += 1
            self.out += self.turn.on_frame(frame)
        return self

    def presses(self, key: str) -> Caller:
        self.out += self.turn.on_key(key)
        return self

    def hangs_up(self) -> Caller:
        self.out += self.turn.on_hangup()
        return self

    @property
    def played(self) -> int:
        return sum(isinstance(out, Media) for out in self.out)

    @property
    def marks(self) -> list[str]:
        return [out.name for out in self.out if isinstance(out, Mark)]

    @property
    def cleared(self) -> bool:
        return Clear() in self.out

    @property
    def finished(self) -> Finished | None:
        return next((out for out in self.out if isinstance(out, Finished)), None)

    def ends(self) -> Finished:
        assert self.finished is not None, self.out[-3:]
        return self.finished


def test_prompts_are_played_frame_by_frame_and_marked() -> None:
    caller = Caller(COMMAND, ("greeting", b"\x10" * 1000), ("menu.main", b"\x11" * 480))
    assert caller.played == 10  # all of it goes ahead
    assert caller.marks == ["greeting", "menu.main"]
    assert [type(out) for out in caller.out[5:9]] == [Media, Media, Mark, Media]
    last = caller.out[6]
    assert isinstance(last, Media)
    assert last.payload == b"\x10" * 40 + b"\xff" * 120


def test_a_frame_goes_out_for_a_frame_in_after_the_lead() -> None:
    caller = Caller(COMMAND, ("menu.main", TWO_SECONDS))
    assert caller.played == LEAD
    caller.sends(silence(1.0))
    assert caller.played == LEAD + 50
    caller.sends(silence(2.0))
    assert caller.played == 100
    assert caller.marks == ["menu.main"]


def test_a_command_ends_with_silence() -> None:
    caller = Caller(COMMAND, ("menu.main", b"\x10" * 1600)).sends(silence(1)).sends(speech("word.shuzi"))
    assert caller.finished is None
    result = caller.sends(silence(1)).ends().result
    assert (result.ended, result.words, result.understood, result.key) == ("speech", ("认证",), True, None)


def test_a_challenge_waits_longer_between_words() -> None:
    caller = Caller(CHALLENGE, ("a", b"\x10" * 160), heard=REPEATED).sends(silence(0.2))
    caller.sends(speech("word.shuzi")).sends(silence(1.2)).sends(speech("word.yuyan")).sends(silence(1.2))
    assert caller.finished is None
    assert caller.sends(silence(1.0)).ends().result.ended == "speech"


def test_while_words_are_missing_a_pause_may_be_longer() -> None:
    caller = Caller(CHALLENGE, ("a", b"\x10" * 160)).sends(silence(0.2))
    caller.sends(speech("word.shuzi")).sends(silence(2.5)).sends(speech("word.yuyan")).sends(silence(2.5))
    assert caller.finished is None
    assert caller.sends(silence(0.8)).ends().result.ended == "speech"


def spoken_in(caller: Caller, seconds: float) -> bool:
    """Whether the turn ends within so many seconds of silence."""
    return caller.sends(silence(seconds)).finished is not None


def test_a_slow_caller_is_waited_for() -> None:
    """Who paused for long within this turn, or lately in this call, gets more silence; nobody gets less."""
    slow = replace(COMMAND, pause_s=1.6)
    at_once = ("menu.main", b"\x10" * 160)
    assert spoken_in(Caller(COMMAND, at_once).sends(silence(0.2)).sends(speech("word.yuyan")), 1.1)
    assert spoken_in(Caller(replace(COMMAND, pause_s=0.2), at_once).sends(speech("word.yuyan")), 1.1)
    said_it = Caller(slow, at_once).sends(silence(0.2)).sends(speech("word.yuyan"))
    assert not spoken_in(said_it, 1.3)
    assert spoken_in(said_it, 0.4), "who has said it waits no longer than that"
    searching = Caller(slow, at_once, heard=NOTHING).sends(silence(0.2)).sends(speech("word.yuyan"))
    assert not spoken_in(searching, 2.1)
    assert spoken_in(searching, 0.6)


def test_pauses_within_a_challenge_are_learnt_and_told() -> None:
    caller = Caller(CHALLENGE, ("a", b"\x10" * 160), heard=REPEATED).sends(silence(0.2))
    caller.sends(speech("word.shuzi")).sends(silence(1.0)).sends(speech("word.yuyan"))
    assert not spoken_in(caller, 1.5)
    assert spoken_in(caller, 0.8)
    assert caller.ends().result.pause_s == pytest.approx(1.2, abs=0.25)


def test_who_may_have_been_cut_off_is_waited_for_next_time() -> None:
    caller = Caller(COMMAND, ("menu.main", b"\x10" * 160), heard=NOTHING).sends(silence(0.2))
    assert spoken_in(caller.sends(speech("word.yuyan")), 1.2)
    assert caller.ends().result.pause_s == COMMAND.silence_s


@pytest.mark.parametrize("pause_s", [0.0, 1.0, 3.0, 60.0])
@pytest.mark.parametrize("plan", [COMMAND, CHALLENGE])
def test_nobody_is_waited_for_longer_than_three_seconds(plan: Plan, pause_s: float) -> None:
    caller = Caller(replace(plan, pause_s=pause_s), ("a", b"\x10" * 160), heard=NOTHING).sends(silence(0.2))
    assert spoken_in(caller.sends(speech("word.yuyan")), LONGEST_PAUSE_S + 0.2)


def test_words_that_are_heard_in_music_are_none() -> None:
    music = frames(encode_mulaw(noise(131)[1]))
    caller = Caller(COMMAND, ("a", b"\x10" * 160)).sends(silence(0.2)).sends(music).sends(silence(2))
    result = caller.ends().result
    assert result.ended == "speech"
    assert (result.words, result.understood) == ((), False)


def test_no_input_counts_from_the_end_of_the_prompts() -> None:
    caller = Caller(COMMAND, ("menu.main", TWO_SECONDS)).sends(silence(2 + 7.9))
    assert caller.finished is None
    result = caller.sends(silence(0.3)).ends().result
    assert (result.ended, result.words, result.understood) == ("no_input", (), False)


def test_who_never_stops_is_stopped() -> None:
    talk = speech("enrol.consent") * 2
    caller = Caller(replace(COMMAND, silence_s=3.0)).sends(talk[: 16 * 50])
    assert caller.ends().result.ended == "limit"
    assert 14 * 50 < caller.frames <= 15.5 * 50


def test_speech_interrupts_a_prompt_and_is_heard_from_its_beginning() -> None:
    said = speech("greeting")
    caller = Caller(COMMAND, ("menu.main", TWO_SECONDS * 10)).sends(silence(2)).sends(said)
    assert caller.cleared
    assert caller.marks == []
    assert caller.played < 20 * 50
    assert caller.sends(silence(1.5)).ends().result.words == ("认证",)
    assert len(caller.listening.pcm) >= len(said) * FRAME_BYTES * 2


def test_a_cough_does_not_interrupt() -> None:
    caller = Caller(COMMAND, ("menu.main", TWO_SECONDS)).sends(silence(0.3)).sends(speech("digit.1")[:10])
    caller.sends(silence(3))
    assert not caller.cleared
    assert caller.marks == ["menu.main"]


COUGH = speech("word.shanghai")  # long enough to interrupt


def test_after_a_cough_the_prompt_goes_on() -> None:
    caller = Caller(COMMAND, ("greeting", TWO_SECONDS), ("menu.main", TWO_SECONDS), coughs=[NOTHING])
    caller.sends(silence(3)).sends(COUGH)
    assert caller.cleared
    assert caller.marks == ["greeting"]
    assert caller.sends(silence(4)).finished is None
    assert caller.marks == ["greeting", "menu.main"]
    assert caller.played > 4 * 50, "the phrase is said from its beginning"
    result = caller.sends(speech("word.yuyan")).sends(silence(2)).ends().result
    assert (result.ended, result.words) == ("speech", ("认证",))


def test_a_short_command_is_no_cough() -> None:
    caller = Caller(COMMAND, ("menu.main", TWO_SECONDS * 2)).sends(silence(2)).sends(COUGH).sends(silence(2))
    assert caller.ends().result.words == ("认证",)


def test_a_cough_at_the_end_of_a_prompt_ends_nothing() -> None:
    caller = Caller(COMMAND, ("menu.main", TWO_SECONDS), coughs=[NOTHING]).sends(silence(1.3)).sends(speech("digit.1"))
    assert caller.sends(silence(5)).finished is None
    assert not caller.cleared
    assert caller.sends(speech("word.yuyan")).sends(silence(2)).ends().result.words == ("认证",)


def test_talking_on_is_no_cough() -> None:
    caller = Caller(COMMAND, ("menu.main", TWO_SECONDS * 10), heard=NOTHING)
    caller.sends(silence(2)).sends(speech("greeting")[:150]).sends(silence(2))
    assert (caller.ends().result.ended, caller.ends().result.understood) == ("speech", False)


def test_who_coughs_again_and_again_is_answered() -> None:
    caller = Caller(COMMAND, ("menu.main", TWO_SECONDS * 20), heard=NOTHING)
    for _ in range(MOST_COUGHS):
        assert caller.sends(silence(2)).sends(COUGH).sends(silence(2)).finished is None
    assert caller.sends(COUGH).sends(silence(2)).ends().result.ended == "speech"


@pytest.mark.parametrize("key", "0123456789*")
def test_a_key_ends_the_turn_at_once(key: str) -> None:
    finished = Caller(COMMAND, ("menu.main", TWO_SECONDS)).sends(silence(0.5)).presses(key)
    assert finished.cleared
    assert (finished.ends().result.ended, finished.ends().result.key) == ("key", key)
    assert finished.ends().audio == b""


def test_keys_are_ignored_where_none_are_taken() -> None:
    caller = Caller(replace(COMMAND, keys=False), ("menu.main", TWO_SECONDS)).sends(silence(0.5)).presses("1")
    assert caller.finished is None
    assert not caller.cleared


def test_hash_ends_what_is_being_said() -> None:
    caller = Caller(CHALLENGE, ("a", b"\x10" * 160)).sends(silence(0.2)).sends(speech()).presses("#")
    result = caller.ends().result
    assert (result.ended, result.words, result.key) == ("speech", ("认证",), None)
    assert caller.ends().audio


def test_hash_without_a_word_is_a_key() -> None:
    nothing = Heard((), 0.0, understood=False)
    caller = Caller(COMMAND, ("menu.main", TWO_SECONDS), heard=nothing).sends(silence(4)).presses("#")
    assert (caller.ends().result.ended, caller.ends().result.key) == ("key", "#")


def test_a_challenge_is_heard_out() -> None:
    """Who speaks before the last word is asked has not answered; who repeats it early is heard from its beginning."""
    early, late = speech("word.shanghai"), speech("word.zhongguo")
    caller = Caller(CHALLENGE, ("a", TWO_SECONDS), ("b", TWO_SECONDS), ("pause.short", b"\xff" * 2400))
    caller.sends(silence(0.4)).sends(early).sends(silence(2))
    assert not caller.cleared
    assert caller.listening.pcm == b""
    caller.sends(late)
    caller.sends(silence(3))
    assert caller.marks == ["a", "b", "pause.short"]
    assert caller.ends().result.ended == "speech"
    assert b"".join(late[1:-1]) in caller.ends().audio


def test_hanging_up_keeps_the_words_but_not_the_voice() -> None:
    caller = Caller(CHALLENGE, ("a", b"\x10" * 160)).sends(silence(0.2)).sends(speech()).hangs_up()
    assert caller.ends().result.ended == "hangup"
    assert caller.ends().audio == b""


def test_hanging_up_over_the_prompt_hears_nothing() -> None:
    assert Caller(COMMAND, ("menu.main", TWO_SECONDS)).hangs_up().ends().result.words == ()


def test_the_kept_voice_is_what_the_recogniser_was_given() -> None:
    caller = Caller(CHALLENGE, ("a", b"\x10" * 160)).sends(silence(1)).sends(speech()).sends(silence(4))
    assert len(caller.ends().audio) * 2 == len(caller.listening.pcm)


def test_nothing_comes_after_the_end() -> None:
    caller = Caller(COMMAND, ("menu.main", TWO_SECONDS)).presses("1")
    before = len(caller.out)
    caller.sends(silence(20)).presses("2").hangs_up()
    assert len(caller.out) == before
