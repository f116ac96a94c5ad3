"""The machine: what an event does at a step, in whatever order events come."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr import machine
from ivr.dialects import dialects
from ivr.machine import Turn
from ivr.prompts import sentences
from ivr.script import SCRIPT
from ivr.steps import (
    Broken,
    Dialled,
    End,
    Event,
    Keyed,
    Keys,
    NotUnderstood,
    Polled,
    Silent,
    Speak,
    Spoke,
    State,
    Tell,
    Transfer,
    Unavailable,
    Wait,
)
from tests.ivr.imagined import Imagined

SYSTEM = {"system.hold", "system.human", "system.later", "system.restart"}  # said when no script can be followed
NEW_CALLER = {"caller": "new"}


def at(step: str, **changes: object) -> State:
    return State(step, **changes)  # type: ignore[arg-type]


def after(state: State, event: Event, **orders: str) -> Turn:
    return machine.answer(SCRIPT, state, event, Imagined(orders))


def possible(step: object) -> list[Event]:
    """Events that can come at a step, among them what nobody should send."""
    match step:
        case Transfer():
            return [Dialled(True), Dialled(False)]
        case Wait():
            return [*[Polled()] * 20, *map(Keyed, "079*")]
        case Keys():
            return [
                Silent(),
                *map(
                    Keyed, ("0", "1", "2", "9", "*", "#", "1234", "123X", "739164", "12345678", "4821057369", "1" * 18)
                ),
            ]
        case _:
            words = [("一",), ("认证",), ("一", "二"), ("数字", "语言", "饭店"), ("天气",)]
            spoken: list[Event] = [Spoke(said, 0.9, "recording") for said in words]
            return [*spoken, NotUnderstood(), Silent(), Broken(), Unavailable(), *map(Keyed, "012389*#-")]


def walk(chance: Random, start: str | None = None) -> list[Turn]:
    """A caller who does anything at all, until the call ends."""
    domain = Imagined(chance=chance)
    turns = [
        Turn(at(start, slowly=chance.choice([True, False])), ()) if start else machine.begin(SCRIPT, "mandarin", domain)
    ]
    while not isinstance(step := SCRIPT[turns[-1].state.step], End) and len(turns) < 400:
        event = chance.choice(possible(step))
        turns.append(machine.answer(SCRIPT, turns[-1].state, event, domain))
    return turns


@pytest.fixture(scope="module")
def walks() -> list[list[Turn]]:
    """From the beginning, and from every step where a caller is waited for."""
    starts = [name for name, step in SCRIPT.items() if not isinstance(step, Tell)]
    return [walk(Random(seed), start) for start in [None] * 10 + starts for seed in range(100)]


def test_every_walk_ends(walks: list[list[Turn]]) -> None:
    assert all(isinstance(SCRIPT[turns[-1].state.step], End) for turns in walks)


def test_walks_wait_nowhere_but_where_a_caller_can_do_something(walks: list[list[Turn]]) -> None:
    assert not [turn for turns in walks for turn in turns if isinstance(SCRIPT[turn.state.step], Tell)]


def test_every_sentence_exists_in_every_dialect_and_none_is_idle(walks: list[list[Turn]]) -> None:
    said = {entry.rpartition(":")[2] for turns in walks for turn in turns for entry in turn.saying}
    said = {name for name in said if not name.startswith(("pause.", "region."))} | SYSTEM
    offers = {f"language.{code}" for code in dialects()}
    assert offers <= said
    for dialect in dialects():
        lacking = said - offers - set(sentences(dialect))
        assert all(name.startswith("word.") for name in lacking), f"{dialect} lacks {lacking}"
    said -= offers - {"language.mandarin"}
    parts = ("word.", "digit.", "month.", "day.", "time.", "hour.", "minute.")
    whole = {name for name in sentences("mandarin") if not name.startswith(parts)}
    assert whole == {name for name in said if not name.startswith(parts)}


def test_nothing_keyed_is_remembered(walks: list[list[Turn]]) -> None:
    numbers = ("1234", "123X", "739164", "12345678", "4821057369")
    for turns in walks:
        assert not any(number in str(turn.state.as_json()) for turn in turns for number in numbers)


@given(st.lists(st.sampled_from([Silent(), NotUnderstood(), Keyed("7")]), min_size=3, max_size=3))
def test_a_question_is_asked_again_twice_in_other_words_and_then_a_human_comes(troubles: list[Event]) -> None:
    turn = Turn(at("menu"), ("menu.main",))
    for trouble, which in zip(troubles[:2], ("first", "second"), strict=True):
        turn = after(turn.state, trouble)
        assert turn.state.step == "menu"
        assert turn.saying[0].endswith(f".{which}")
        assert turn.saying[1:] == ("menu.main.again",)
    turn = after(turn.state, troubles[2], operator="open")
    assert turn.state.step == "human.transfer"
    assert turn.saying == ("lost.human", "human.connecting")


def test_an_answer_makes_the_next_question_a_fresh_one() -> None:
    turn = after(at("menu", tries=2), Keyed("1"), lookup="tail")
    assert (turn.state.step, turn.state.tries) == ("certify.who.tail", 0)


@pytest.mark.parametrize("name", [name for name, step in SCRIPT.items() if isinstance(step, Keys | Speak | Wait)])
def test_0_reaches_a_human_from_everywhere(name: str) -> None:
    turn = after(at(name), Keyed("0"), operator="open")
    assert turn.state.step == "human.transfer"


@pytest.mark.parametrize("name", [name for name, step in SCRIPT.items() if isinstance(step, Keys | Speak | Wait)])
def test_star_says_it_again_and_counts_nothing(name: str) -> None:
    turn = after(at(name, tries=1), Keyed("*"))
    assert turn.state == at(name, tries=1)
    assert turn.saying == SCRIPT[name].saying(turn.state)


@pytest.mark.parametrize("name", ["menu", "challenge", "assess", "enrol.consent", "recorded"])
def test_9_changes_the_language_and_comes_back(name: str) -> None:
    asked = after(at(name), Keyed("9"))
    assert asked.state.step == "language.page"
    chosen = after(asked.state, Keyed("2"))
    assert chosen.state.step == name


def test_while_a_number_is_keyed_digits_are_digits() -> None:
    for number in ("0*9" + "0" * 15, "9" * 17 + "#", "0" * 17):
        turn = after(at("certify.who.full"), Keyed(number))
        assert turn.saying[0] == "keys.first", number
    for number in ("0" * 18, "9" * 17 + "*"):
        assert (
            after(at("certify.who.full"), Keyed(number), identify="found", ready="challenge", line="free").state.step
            == "challenge"
        )
    assert after(at("pin"), Keyed("73916*")).saying[0] == "keys.first"
    assert after(at("certify.who.tail"), Keyed("1*23")).saying[0] == "keys.first"


def test_a_late_hash_does_not_answer_the_challenge() -> None:
    state = at("challenge", known={"draw": {"names": ["shuzi"], "words": ["数字"]}})
    assert after(state, Keyed("#")) == Turn(state, SCRIPT["challenge"].saying(state))


def test_two_commands_at_once_are_not_understood() -> None:
    assert after(at("menu"), Spoke(("一", "认证")), lookup="tail").state.step == "certify.who.tail"
    assert after(at("menu"), Spoke(("认证", "日期"))).saying[0] == "unclear.first"


def test_where_nobody_can_listen_the_caller_goes_on_by_keys() -> None:
    turn = after(at("menu"), Unavailable())
    assert turn.state.keys_only
    assert turn.saying == ("keys.only", "menu.main.again")
    turn = after(turn.state, Keyed("1"), lookup="tail")
    turn = after(
        turn.state,
        Keyed("1234"),
        identify="found",
        ready="challenge",
        line="free",
        hear_group="unavailable",
        pin_ready="pin",
    )
    assert turn.state.step == "pin"
    assert turn.saying == ("voice.unavailable", "pin.ask")


def test_a_listening_that_breaks_off_counts_as_no_try() -> None:
    state = at("menu", tries=2)
    for times in (1, 2):
        turn = after(state, Broken())
        assert turn.saying == ("line.again", "menu.main")
        assert turn.state.broken == times
        state = turn.state
    assert after(state, Broken()).saying == ("keys.only", "menu.main.again")


def test_a_waiting_caller_hears_now_and_then_that_the_line_is_alive() -> None:
    state = at("assess")
    said: list[tuple[str, ...]] = []
    for _ in range(machine.SAY_STILL_WAITING):
        turn = after(state, Polled(), weighed="pending")
        state, said = turn.state, [*said, turn.saying]
    assert said == [(), (), (), (), ("assess.wait.again",)]
    assert after(state, Polled(), weighed="late", promise="noted").state.step == "promised"
    assert after(state, Polled(), weighed="late", promise="unreachable").saying == ("human.later", "goodbye")


def test_whoever_presses_no_key_for_a_dialect_goes_on_in_mandarin() -> None:
    turn = machine.begin(SCRIPT, "mandarin", Imagined(NEW_CALLER))
    for _ in range(3):
        turn = after(turn.state, Silent())
    assert (turn.state.step, turn.state.dialect) == ("menu", "mandarin")


@settings(max_examples=50)
@given(st.integers(0, 10**9))
def test_a_state_survives_being_kept(seed: int) -> None:
    for turn in walk(Random(seed)):
        assert State.kept(turn.state.as_json()) == turn.state
