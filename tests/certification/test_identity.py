"""Resident identity numbers: what checks, what does not and why."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.errors import Problem
from certification.identity import (
    BirthDateImpossible,
    CheckCharacterWrong,
    IdentityNumberMalformed,
    IdentityRegionUnknown,
    ResidentNumber,
    check_character,
)
from tests.certification.numbers import resident_number

numbers = st.builds(
    lambda code, born, order: resident_number(code, born.year, born.month, born.day, order),
    st.sampled_from(["110101", "310115", "440106", "530102", "650104", "810000"]),
    st.dates(date(1900, 1, 1), date(2026, 1, 1)),
    st.integers(0, 999),
)


def test_the_example_of_the_standard() -> None:
    number = ResidentNumber.parse("11010519491231002X")
    assert number.birth_date == date(1949, 12, 31)
    assert number.region_code == "110105"
    assert number.tail == "002X"


@given(numbers)
def test_a_number_that_checks_is_read(text: str) -> None:
    number = ResidentNumber.parse(text)
    assert number.text == text
    assert f"{number.birth_date:%Y%m%d}" == text[6:14]


@given(numbers, st.integers(0, 16), st.integers(1, 9))
def test_any_one_wrong_digit_is_noticed(text: str, place: int, by: int) -> None:
    wrong = str((int(text[place]) + by) % 10)
    with pytest.raises(Problem):
        ResidentNumber.parse(text[:place] + wrong + text[place + 1 :])


@given(numbers, st.integers(14, 16))
def test_two_exchanged_neighbours_are_noticed(text: str, place: int) -> None:
    exchanged = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    if exchanged != text:
        with pytest.raises(Problem):
            ResidentNumber.parse(exchanged)


@given(numbers)
def test_as_people_write_it(text: str) -> None:
    full_width = text.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789X"})
    spaced = f" {text[:6]} {text[6:14]}-{text[14:]}\n".lower()
    assert ResidentNumber.parse(full_width) == ResidentNumber.parse(spaced) == ResidentNumber.parse(text)


def test_the_number_of_an_old_card_becomes_the_new_one() -> None:
    assert ResidentNumber.parse("110105491231002").text == "11010519491231002X"


def test_a_foreigners_permanent_residence_card() -> None:
    body = "9" + "31" + "840" + "19500515" + "001"
    assert ResidentNumber.parse(body + check_character(body)).birth_date == date(1950, 5, 15)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", IdentityNumberMalformed),
        ("1101051949123100", IdentityNumberMalformed),
        ("X1010519491231002X", IdentityNumberMalformed),
        ("11010519491231002Y", IdentityNumberMalformed),
        ("1101051949123１００２Xあ", IdentityNumberMalformed),
        ("99010519491231002X", IdentityRegionUnknown),
        ("110105194902310021", BirthDateImpossible),
        ("110105000012310021", BirthDateImpossible),
        ("110105174912310021", BirthDateImpossible),
        ("110105194912310021", CheckCharacterWrong),
    ],
)
def test_what_is_wrong_is_named(text: str, error: type[Problem]) -> None:
    with pytest.raises(error) as caught:
        ResidentNumber.parse(text)
    assert caught.value.zh
    assert caught.value.en


@given(st.text(max_size=30))
def test_whatever_is_written_is_read_or_refused_by_name(text: str) -> None:
    try:
        assert len(ResidentNumber.parse(text).text) == 18
    except Problem as problem:
        assert text == "" or text not in problem.en or len(text) < 18


def test_repr_does_not_tell_the_number() -> None:
    assert "002X" not in repr(ResidentNumber.parse("11010519491231002X"))
    assert "1949" not in repr(ResidentNumber.parse("11010519491231002X"))
