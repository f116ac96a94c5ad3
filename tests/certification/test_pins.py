"""PINs: what may be one, what is counted, and when it locks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from certification import people, pins
from certification.identity import ResidentNumber
from certification.keys import KeyRing
from certification.pins import (
    Among,
    Locked,
    NotSet,
    PinMalformed,
    PinResult,
    PinTooEasy,
    Right,
    Several,
    Whose,
    Wrong,
)
from certification.runtime import Runtime
from certification.store import JournalEntry, Person, Pin
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.together import at_once

NUMBER = ResidentNumber.parse(resident_number("530102", 1950, 5, 15))


def set_pin(rt: Runtime, person: Person, pin: str = "295038") -> None:
    with rt.sessions.begin() as session:
        pins.set_pin(session, rt, person, pin, "clerk")


def check(rt: Runtime, person: Person, typed: str) -> PinResult:
    with rt.sessions.begin() as session:
        return pins.check(session, rt, person, typed)


def test_right_wrong_and_not_set(rt: Runtime, wu: Person) -> None:
    assert check(rt, wu, "295038") == NotSet()
    set_pin(rt, wu)
    assert check(rt, wu, "295038") == Right()
    assert check(rt, wu, "295039") == Wrong(4)
    assert check(rt, wu, "") == Wrong(3)
    assert check(rt, wu, "295038") == Right()
    assert check(rt, wu, "295039") == Wrong(4)


def test_five_wrong_lock_for_an_hour_then_two_then_four(rt: Runtime, wu: Person, clock: Clock) -> None:
    set_pin(rt, wu)
    for hours in (1, 2, 4):
        assert [check(rt, wu, "000000") for _ in range(4)] == [Wrong(4), Wrong(3), Wrong(2), Wrong(1)]
        until = rt.now() + timedelta(hours=hours)
        assert check(rt, wu, "000000") == Locked(until)
        assert check(rt, wu, "295038") == Locked(until)  # not even the right one is looked at
        clock.at = until - timedelta(seconds=1)
        assert check(rt, wu, "295038") == Locked(until)
        clock.at = until
    assert check(rt, wu, "295038") == Right()
    assert check(rt, wu, "000000") == Wrong(4)
    with rt.sessions() as session:
        assert session.scalars(select(JournalEntry.action)).all().count("PIN locked") == 3


def test_a_new_pin_ends_the_lock_and_the_old_pin(rt: Runtime, wu: Person) -> None:
    set_pin(rt, wu)
    for _ in range(5):
        check(rt, wu, "000000")
    set_pin(rt, wu, "740286")
    assert check(rt, wu, "740286") == Right()
    assert check(rt, wu, "295038") == Wrong(4)


def test_guesses_at_the_same_time_are_all_counted(rt: Runtime, wu: Person) -> None:
    set_pin(rt, wu)
    answers = at_once(6, lambda: check(rt, wu, "000000"))
    assert sorted(answer.left for answer in answers if isinstance(answer, Wrong)) == [1, 2, 3, 4]
    assert sum(isinstance(answer, Locked) for answer in answers) == 2


def household(rt: Runtime, *chosen: str | None) -> list[Person]:
    """People of one telephone, each with this PIN or with none."""
    found = []
    for order, pin in enumerate(chosen, start=1):
        number = resident_number("530102", 1952, 3, 8, order)
        with rt.sessions.begin() as session:
            person = people.add(session, rt, id_number=number, name="李", region="kunming", phone="13888000002")
            if pin is not None:
                pins.set_pin(session, rt, person, pin, "clerk")
        found.append(person)
    return found


def among(rt: Runtime, people: list[Person], typed: str) -> Among:
    with rt.sessions.begin() as session:
        return pins.check_among(session, rt, people, typed)


def test_among_several_the_pin_says_who_and_ends_no_other_count(rt: Runtime) -> None:
    both = [he, she] = household(rt, "295038", "740286")
    assert among(rt, both, "111112") == Wrong(4)
    assert among(rt, both, "111112") == Wrong(3)
    for _ in range(6):  # what fits one of them is no wrong PIN of the other
        assert among(rt, both, "740286") == Whose(she)
    assert check(rt, he, "111112") == Wrong(2)
    assert check(rt, she, "111112") == Wrong(4)
    assert among(rt, both, "111112") == Wrong(1)  # the least that is left to anybody
    assert isinstance(among(rt, both, "111112"), Locked)
    assert isinstance(check(rt, he, "295038"), Locked)
    assert among(rt, both, "740286") == Whose(she)  # a lock is its owner's alone
    assert isinstance(among(rt, both, "295038"), Locked)  # and it is not looked at, nor told apart from a wrong one
    assert isinstance(among(rt, both, "111112"), Locked)


def test_one_pin_of_two_people_says_nobody_and_is_counted_for_none(rt: Runtime) -> None:
    both = household(rt, "295038", "295038")
    assert [among(rt, both, "295038") for _ in range(6)] == [Several()] * 6
    assert [check(rt, one, "111112") for one in both] == [Wrong(4), Wrong(4)]


def test_among_people_without_pins_there_is_nothing_to_be_right(rt: Runtime) -> None:
    one, other = household(rt, None, "740286")
    assert among(rt, [one], "740286") == NotSet()
    assert among(rt, [one, other], "111112") == Wrong(4)
    assert among(rt, [other, one], "740286") == Whose(other)
    assert among(rt, [], "740286") == NotSet()


def test_guesses_among_several_at_the_same_time_are_all_counted(rt: Runtime) -> None:
    both = household(rt, "295038", "740286")
    answers = at_once(6, lambda: among(rt, both, "000000"))
    assert sorted(answer.left for answer in answers if isinstance(answer, Wrong)) == [1, 2, 3, 4]
    assert sum(isinstance(answer, Locked) for answer in answers) == 2


def test_a_stolen_hash_is_of_no_use_without_the_key_ring(rt: Runtime, wu: Person) -> None:
    set_pin(rt, wu)
    with rt.sessions() as session:
        kept = session.get_one(Pin, wu.id).hash
    assert kept.startswith("$argon2id$")
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(kept, "295038")


def test_a_pin_set_under_an_older_key_is_right_under_a_newer_one(rt: Runtime, wu: Person) -> None:
    set_pin(rt, wu)
    rotated = replace(rt, keys=KeyRing.from_text(f"{KeyRing.generate_text('newer')},{rt.settings.keys}"))
    assert check(rotated, wu, "295038") == Right()
    assert check(rotated, wu, "295039") == Wrong(4)
    assert check(replace(rt, keys=KeyRing.from_text(KeyRing.generate_text("other"))), wu, "295038") == Wrong(3)


def test_a_pin_has_six_digits(rt: Runtime, wu: Person) -> None:
    for pin in ("", "12345", "2950381", "29503a", "２９５０３８", "295 38", "²95038"):
        with pytest.raises(PinMalformed):
            set_pin(rt, wu, pin)
        assert check(rt, wu, pin) == NotSet()


def test_a_pin_that_others_would_guess_is_refused(rt: Runtime, wu: Person) -> None:
    with pytest.raises(PinTooEasy):
        set_pin(rt, wu, "123456")
    assert check(rt, wu, "123456") == NotSet()


@pytest.mark.parametrize(
    "pin",
    ["000000", "123456", "654321", "890123", "121212", "123123", "500515", "195005", "150550", "051550", "530102"],
)
def test_pins_that_others_would_guess(pin: str) -> None:
    assert pins.easy(pin, NUMBER)


@given(st.integers(0, 999_999))
def test_few_pins_are_too_easy_and_each_for_a_reason_that_can_be_seen(value: int) -> None:
    pin = f"{value:06d}"
    if pins.easy(pin, NUMBER):
        steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
        assert len(set(pin)) <= 3 or steps <= {1} or steps <= {9} or set(pin) <= set(NUMBER.text)
