"""Receipt numbers: one wrong digit is noticed."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from certification.receipts import DIGITS_OF_RECORDS, check_digit, draw, draw_many

receipts = st.builds(lambda seed: draw(Random(seed)), st.integers())


def valid(receipt: str) -> bool:
    return check_digit(receipt[:-1]) == receipt[-1]


def test_the_known_example_of_luhns_rule() -> None:
    assert check_digit("7992739871") == "3"


@given(receipts)
def test_a_receipt_is_ten_digits_and_valid(receipt: str) -> None:
    assert len(receipt) == 10
    assert receipt.isdigit()
    assert valid(receipt)


@given(receipts, st.integers(0, 9), st.integers(1, 9))
def test_any_one_wrong_digit_is_noticed(receipt: str, place: int, by: int) -> None:
    wrong = str((int(receipt[place]) + by) % 10)
    assert not valid(receipt[:place] + wrong + receipt[place + 1 :])


@given(receipts, st.integers(0, 8))
def test_exchanged_neighbours_are_noticed_but_for_0_and_9(receipt: str, place: int) -> None:
    one, other = receipt[place], receipt[place + 1]
    exchanged = receipt[:place] + other + one + receipt[place + 2 :]
    assert valid(exchanged) == (one == other or {one, other} == {"0", "9"})


@given(st.integers(), st.sampled_from([10, DIGITS_OF_RECORDS, 18]))
def test_many_at_once_are_like_one_by_one(seed: int, digits: int) -> None:
    drawn = draw_many(Random(seed), 50, digits)
    assert len(set(drawn)) == 50
    assert all(len(receipt) == digits and valid(receipt) for receipt in drawn)
