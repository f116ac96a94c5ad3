"""The pace of all senders together, and which carrier gets a message."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis
from sqlalchemy import select

from certification.runtime import Runtime
from certification.store import JournalEntry
from sms import choosing
from sms.choosing import BACK, STEP, WHOLE, Rate, shares, shifted
from sms.pace import Pace, Tally
from tests.certification.conftest import Clock

TWO = {"twilio": 2, "kannel": 1}
BAD, GOOD = Rate(100, 60), Rate(100, 1)


def test_all_senders_together_go_no_faster(redis: Redis) -> None:
    one, other = Pace(redis, 10), Pace(redis, 10)
    waits = [pace.take("twilio", 2) for pace in (one, other) * 10]  # forty segments, ten of them at once
    assert waits[:5] == [0, 0, 0, 0, 0]
    assert waits[-1] == pytest.approx(3.0, abs=0.5)
    assert one.take("kannel", 1) == 0, "each carrier has its own"


def test_whoever_would_wait_too_long_takes_no_room(redis: Redis) -> None:
    pace = Pace(redis, 1, patience_s=2)
    waits = [pace.take("twilio", 1) for _ in range(6)]  # the first at once, two more within two seconds
    assert waits == pytest.approx([0, 1, 2, 3, 3, 3], abs=0.4)


def test_shares_are_of_all() -> None:
    assert shares({"twilio": 2, "kannel": 1}) == {"twilio": 67, "kannel": 33}
    assert shares({"console": 7}) == {"console": 100}


def test_weight_goes_away_from_who_fails_and_comes_back() -> None:
    now = shares(TWO)
    away = shifted(now, TWO, {"twilio": BAD, "kannel": GOOD})
    assert away == {"twilio": 67 - STEP, "kannel": 33 + STEP}
    assert shifted(away, TWO, {"twilio": GOOD, "kannel": GOOD}) == {"twilio": 67 - STEP + BACK, "kannel": 53 - BACK}


def test_where_all_fail_nothing_moves() -> None:
    now = shares(TWO)
    assert shifted(now, TWO, {"twilio": BAD, "kannel": BAD}) == now
    assert shifted({"twilio": 100}, {"twilio": 1}, {"twilio": BAD}) == {"twilio": 100}


def test_too_few_messages_say_nothing() -> None:
    assert not Rate(10, 10).failing


@given(
    st.lists(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from([BAD, GOOD, Rate(1, 1)])), max_size=40)
)
def test_weights_stay_whole_and_come_home(rounds: list[dict[str, Rate]]) -> None:
    configured = {"a": 3, "b": 2, "c": 1}
    now = shares(configured)
    for rates in rounds:
        now = shifted(now, configured, rates)
        assert sum(now.values()) == WHOLE
        assert min(now.values()) >= 0
    for _ in range(30):
        now = shifted(now, configured, {})
    assert now == shares(configured)


def test_chance_goes_by_weight() -> None:
    drawn = [choosing.choose(Random(n), {"a": 90, "b": 10}) for n in range(1000)]
    assert 50 < drawn.count("b") < 150
    assert choosing.choose(Random(1), {"a": 0, "b": 0}) in "ab"


def test_weights_move_once_in_a_while_and_are_journalled(rt: Runtime, clock: Clock) -> None:
    rates = {"twilio": BAD, "kannel": GOOD}

    def adjust() -> bool:
        with rt.sessions.begin() as session:
            return choosing.adjust(session, rt, TWO, rates)

    assert [adjust(), adjust()] == [True, False]
    clock.forward(minutes=1)
    assert adjust()
    with rt.sessions.begin() as session:
        assert choosing.weights(session, rt, TWO) == {"twilio": 67 - 2 * STEP, "kannel": 33 + 2 * STEP}
        actions = session.scalars(select(JournalEntry.action)).all()
    assert actions.count("carriers shifted") == 2


def test_what_a_carrier_did_not_take_is_counted(redis: Redis) -> None:
    tally = Tally(redis)
    tally.note("twilio", 3, 1)
    tally.note("twilio", 1, 1)
    assert tally.rates(["twilio", "kannel"]) == {"twilio": Rate(4, 2), "kannel": Rate(0, 0)}
