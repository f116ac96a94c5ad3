"""Numbers from heard words and back: what was said comes out, and nothing else is taken for a number."""

from __future__ import annotations

import contextlib
import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from certification import phones
from certification.errors import Problem
from certification.identity import ResidentNumber, check_character
from ivr.dialects import dialects
from ivr.speech.numerals import (
    SAID,
    DateIsLunar,
    Day,
    NumberUnclear,
    amount,
    day,
    digits,
    identity_number,
    say_amount,
    say_day,
    say_digits,
    say_identity_number,
    telephone,
)
from ivr.speech.vocabulary import meanings

births = st.dates(date(1900, 1, 1), date(2010, 12, 31))


@st.composite
def residents(draw: st.DrawFn) -> ResidentNumber:
    body = (
        f"{draw(st.sampled_from(['530102', '440106', '310101']))}{draw(births):%Y%m%d}{draw(st.integers(0, 999)):03d}"
    )
    return ResidentNumber.parse(body + check_character(body))


def said_in(code: str) -> list[dict[str, str]]:
    """Every way of saying the digits in a dialect."""
    words: dict[str, list[str]] = {}
    for word, digit in meanings("digits", code).items():
        words.setdefault(digit, []).append(word)
    return [{digit: ways[at % len(ways)] for digit, ways in words.items()} for at in range(2)]


@pytest.mark.parametrize("code", dialects())
@given(number=residents())
def test_an_identity_number_comes_back_in_every_dialect(code: str, number: ResidentNumber) -> None:
    for said in said_in(code):
        groups = say_identity_number(number, said)
        assert [len(group) for group in groups] == [6, 4, 4, 4]
        assert identity_number(groups, meanings("digits", code)) == number


@given(st.text("0123456789", min_size=1, max_size=20))
def test_a_row_of_digits_comes_back(number: str) -> None:
    assert digits(say_digits(number)) == digits(say_digits(number, SAID | {"1": "幺"})) == number


@given(st.integers(0, 10**10 - 1))
def test_an_amount_comes_back(fen: int) -> None:
    yuan = Decimal(fen) / 100
    assert amount(say_amount(yuan)) == yuan


# What yuan, jiao and fen are called, and a day of the month, where it is otherwise than in Mandarin
UNITS = {
    **{"mandarin": ["块毛分日", "元角分号"], "cantonese": ["蚊毫仙號", "元角分号"], "shanghainese": ["块角分号"]},
    **{"hakka": ["元角分号", "塊毫仙號"], "changsha": ["块角分号"], "sichuanese": ["块角分号"]},
}


@pytest.mark.parametrize("code", dialects())
@given(fen=st.integers(0, 10**10 - 1), of=st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_amounts_and_days_come_back_in_every_dialect(code: str, fen: int, of: date) -> None:
    """In its own units, by its own words for the digits of the year; 二 before 百, 千, 万 and 亿 is 两 as well."""
    yuan = Decimal(fen) / 100
    for units in UNITS.get(code, UNITS["mandarin"]):
        own = str.maketrans("块毛分日", units)
        heard = say_amount(yuan).translate(own)
        assert amount(heard) == amount(re.sub("二(?=[百千万亿])", "两", heard)) == yuan
        for said in said_in(code):
            month = say_day(Day(of.month, of.day)).translate(own)
            assert day((say_digits(f"{of.year}", said), "年", month)) == Day(of.month, of.day, of.year)


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)), st.booleans())
def test_a_day_comes_back(of: date, with_year: bool) -> None:
    said = Day(of.month, of.day, of.year if with_year else None)
    assert day(say_day(said)) == said


@pytest.mark.parametrize(
    ("heard", "number"),
    [
        ("幺三八 八八零零", "1388800"),
        (("一", "三", "八", "三个零"), "138000"),
        ("两个八一个", None),
        ("洞幺两拐", "0127"),
        ("138 8800", "1388800"),
        ("十三", None),
        ("", None),
        ("一二x", None),
    ],
)
def test_digits_said_one_by_one(heard: str | tuple[str, ...], number: str | None) -> None:
    if number is None:
        with pytest.raises(NumberUnclear):
            digits(heard)
    else:
        assert digits(heard) == number


@given(st.integers(13 * 10**9, 20 * 10**9 - 1))
def test_a_mobile_number_comes_back(number: int) -> None:
    try:
        written = phones.parse(str(number))
    except Problem:
        with pytest.raises(Problem):
            telephone(say_digits(str(number)))
    else:
        assert telephone(say_digits(str(number), SAID | {"1": "幺"})) == written


@pytest.mark.parametrize(
    ("heard", "number"),
    [
        ("幺三八 零零幺三 八零零零", "+8613800138000"),
        ("零八七幺六三幺二三四五六", "+8687163123456"),
    ],
)
def test_telephone_numbers_as_people_say_them(heard: str, number: str) -> None:
    assert telephone(heard).e164 == number


@pytest.mark.parametrize("heard", ["一二三三三", "幺三八零零", "幺三八零零幺三八零零零零", "十三亿八千万", "电话"])
def test_what_is_no_telephone_number_is_an_error(heard: str) -> None:
    with pytest.raises(Problem):
        telephone(heard)


def test_a_dialect_may_have_digit_words_of_two_characters() -> None:
    assert digits(("勾子", "幺", "勾"), {"勾子": "9", "勾": "9"}) == "919"


@pytest.mark.parametrize("end", ["叉", "艾克斯", "X", "x", "Ｘ"])
def test_the_last_character_may_be_x(end: str) -> None:
    body = next(b for n in range(1000) if check_character(b := f"53010219500101{n:03d}") == "X")
    assert identity_number(say_digits(body) + end).text == f"{body}X"


@pytest.mark.parametrize("heard", ["五三零幺零二", "五三零一零二一九五零零一零一零零一叉叉", "认证"])
def test_what_is_no_identity_number_is_an_error(heard: str) -> None:
    with pytest.raises(Problem):
        identity_number(heard)


@pytest.mark.parametrize(
    ("heard", "yuan"),
    [
        ("三千二百五十块六毛五", "3250.65"),
        ("三千二百五十元六角五分", "3250.65"),
        ("两千三", "2300"),
        ("一百二", "120"),
        ("两千三百块钱", "2300"),
        ("一万零五十元整", "10050"),
        ("三块五", "3.5"),
        ("廿三蚊", "23"),
        ("五毫", "0.5"),
        ("六毛五", "0.65"),
        ("三百塊零五毛", "300.5"),
        ("三块零五分", "3.05"),
        ("八块", "8"),
        ("五", "5"),
        ("一億零五萬塊", "100050000"),
        ("一百十五块", "115"),
        ("两万三", "23000"),
        ("十万三", "103000"),
        ("一万二千三百块", "12300"),
    ],
)
def test_amounts_as_people_say_them(heard: str, yuan: str) -> None:
    assert amount(heard) == Decimal(yuan)


# What cn2an takes for a number, and might be another: 3050 or 3500, 30 005 000 or 30 500 000.
GUESSED = ["三千五十", "三千万五", "一百零", "零五", "一万五百", "百五", "一亿二", "零零百", "二十三十", "三千零五百"]


@pytest.mark.parametrize(
    "heard", [*["", "块", "三块零五", "五六", "三千块四千块", "十块十毛", "很多钱", "百", "三毛五块"], *GUESSED]
)
def test_what_is_not_surely_an_amount_is_an_error(heard: str) -> None:
    with pytest.raises(NumberUnclear):
        amount(heard)


@pytest.mark.parametrize(
    ("heard", "of"),
    [
        ("二〇二六年三月五号", Day(3, 5, 2026)),
        ("二零二六年十二月三十一日", Day(12, 31, 2026)),
        ("三月廿三日", Day(3, 23)),
        ("十二月卅一號", Day(12, 31)),
        (("一九", "五零年", "一月", "一日"), Day(1, 1, 1950)),
        ("二月二十九号", Day(2, 29)),
    ],
)
def test_days_as_people_say_them(heard: str | tuple[str, ...], of: Day) -> None:
    assert day(heard) == of


@pytest.mark.parametrize("heard", ["二月三十号", "十三月一号", "二六年三月五号", "三月", "五号", "今天", "", "三月五"])
def test_what_is_not_surely_a_day_is_an_error(heard: str) -> None:
    with pytest.raises(NumberUnclear):
        day(heard)


@pytest.mark.parametrize("heard", ["三月初五", "正月十五", "农历八月十五日", "腊月廿三"])
def test_a_day_of_the_lunar_calendar_is_asked_for_again(heard: str) -> None:
    with pytest.raises(DateIsLunar, match="公历"):
        day(heard)


@given(st.text("零一二两三四五六七八九十百千万亿", min_size=1, max_size=9))
def test_a_numeral_that_is_taken_is_said_back_in_the_same_words(heard: str) -> None:
    try:
        yuan = amount(heard)
    except NumberUnclear:
        return
    said = say_amount(yuan).removesuffix("块")
    same = [numeral.replace("两", "二").replace("一十", "十") for numeral in (heard, said)]
    assert same[0] == same[1] or re.fullmatch(f"{same[0]}[十百千]", same[1])


@settings(max_examples=500)
@example("一廿一块")
@given(st.text("零一二两三四五六七八九十百千万亿块毛分年月日号初廿", max_size=12))
def test_whatever_is_heard_is_a_number_or_an_error(heard: str) -> None:
    for read in (digits, identity_number, amount, day):
        with contextlib.suppress(Problem):
            assert read(heard) is not None


@pytest.mark.parametrize("yuan", [Decimal("0.001"), Decimal(-1)])
def test_no_part_of_a_fen_is_said(yuan: Decimal) -> None:
    with pytest.raises(ValueError, match="fen"):
        say_amount(yuan)
