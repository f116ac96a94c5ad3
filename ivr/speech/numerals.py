"""Numbers as they are said: identity numbers, telephone numbers, dates and amounts, from heard words and back. Pure.

cn2an reads and writes the counting numerals, 两千三 among them. What it does not know is settled here before: digits
one by one, 幺 and 两, 廿 and 卅, traditional characters, 块毛分 and 蚊毫仙. It also guesses (三千万五, 一百零), so a
numeral counts only if its number would be said that way. What is not surely one number is an error, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import cn2an

from certification import phones
from certification.errors import Problem
from certification.identity import ResidentNumber
from certification.phones import PhoneNumber

DIGITS: Mapping[str, str] = {
    **{"零": "0", "〇": "0", "○": "0", "洞": "0", "一": "1", "幺": "1", "二": "2", "两": "2", "兩": "2", "三": "3"},
    **{"四": "4", "五": "5", "六": "6", "七": "7", "拐": "7", "八": "8", "九": "9"},
    **{digit: digit for digit in "0123456789"},
}
_X = re.compile("叉|艾克斯|埃克斯|[xXｘＸ]")
_REPEATED = re.compile("([二两兩三四])[个個](.)")
_SIGNS = re.compile(r"[\s，,、。.\-—]")
_SAME = str.maketrans("兩萬億塊圓號點貳廿卅", "两万亿块元号点二廿卅")
_COUNTING = re.compile("[零一二两三四五六七八九十百千万亿]+")
_LUNAR = re.compile("初|正月|腊月|臘月|冬月|农历|農曆|阴历|陰曆")
_YUAN, _JIAO, _FEN = "块|元|蚊", "毛|角|毫", "分|仙"
_AMOUNT = re.compile(
    f"(?:(?P<yuan>[^块元蚊毛角毫分仙]+)(?:{_YUAN})钱?)?零?(?:(?P<jiao>[一二两三四五六七八九])(?:{_JIAO}))?"
    f"(?:(?P<fen>[一二三四五六七八九])(?:{_FEN})?)?(?:钱|整)?"
)
_SHORT = re.compile("(?<=百.)十$|(?<=千.)百$|(?<=[一二三四五六七八九十]万.)千$")  # 两千三百 is also said 两千三
_DATE = re.compile("(?:(?P<year>[^年]{4})年)?(?P<month>[^年月]{1,3})月(?P<day>[^月日号]{1,3})[日号]")
SAID = {"0": "零", "1": "一", "2": "二", "3": "三", "4": "四", "5": "五", "6": "六", "7": "七", "8": "八", "9": "九"}
GROUPS = (6, 4, 4, 4)  # of an identity number: place, year, day, the rest


class NumberUnclear(Problem):
    """What was heard is no number of this kind, or more than one; `heard` is kept by nobody else."""

    def __init__(self, kind_zh: str, kind: str) -> None:
        super().__init__(
            f"没有听出{kind_zh}，请一个字一个字再说一遍，或者用按键输入。",
            f"This is not surely {kind}; please say it again one by one, or key it.",
        )


class DateIsLunar(Problem):
    """A day of the lunar calendar was said."""

    def __init__(self) -> None:
        super().__init__(
            "请说公历的日期，不说农历。", "Please say the date in the solar calendar, not in the lunar one."
        )


@dataclass(frozen=True, slots=True)
class Day:
    """A day that was said; without a year where none was."""

    month: int
    day: int
    year: int | None = None


def digits(heard: Sequence[str] | str, words: Mapping[str, str] = DIGITS) -> str:
    """Digits said one by one: 幺三八 -> "138", 三个零 -> "000". `words`: a dialect's own digit words beside the usual.

    Raises NumberUnclear.
    """
    known = {**DIGITS, **words}
    said = _REPEATED.sub(lambda found: found[2] * int(DIGITS[found[1]]), _SIGNS.sub("", "".join(heard)))
    one = re.compile("|".join(re.escape(word) for word in sorted(known, key=len, reverse=True)))
    found = one.findall(said)
    if not said or "".join(found) != said:
        raise NumberUnclear("一串数字", "a row of digits")
    return "".join(known[word] for word in found)


def telephone(heard: Sequence[str] | str, words: Mapping[str, str] = DIGITS, region: str = "CN") -> PhoneNumber:
    """The number of somebody's telephone, said one by one. Raises NumberUnclear, NumberNotRecognised."""
    number = phones.parse(digits(heard, words), region)
    if not number.e164.startswith("+"):  # it may be a hotline, and as well the beginning of a mobile's number
        raise NumberUnclear("电话号码", "a telephone number")
    return number


def identity_number(heard: Sequence[str] | str, words: Mapping[str, str] = DIGITS) -> ResidentNumber:
    """A resident identity number said one by one; its last character may be X. Raises NumberUnclear or Problem."""
    said = _X.sub("X", _SIGNS.sub("", "".join(heard)))
    body, end = (said[:-1], "X") if said.endswith("X") else (said, "")
    return ResidentNumber.parse(digits(body, words) + end)


def amount(heard: Sequence[str] | str) -> Decimal:
    """An amount in yuan, to the fen: 三千二百五十块六毛五 -> 3250.65, 两千三 -> 2300. Raises NumberUnclear."""
    said = _SIGNS.sub("", "".join(heard)).translate(_SAME)
    if not re.search(f"{_YUAN}|{_JIAO}|{_FEN}", said):
        return Decimal(_counted(said, "金额", "an amount"))
    found = _AMOUNT.fullmatch(said)
    if (
        found is None
        or not any(found.groups())
        or (found["fen"] and not (found["jiao"] or said.endswith(("分", "仙"))))
    ):
        if found is not None and found["yuan"] and found["fen"] and not found["jiao"]:
            return _with_jiao(found)
        raise NumberUnclear("金额", "an amount")
    whole = _counted(found["yuan"], "金额", "an amount") if found["yuan"] else 0
    jiao, fen = (int(DIGITS[found[part]]) if found[part] else 0 for part in ("jiao", "fen"))
    return Decimal(100 * whole + 10 * jiao + fen) / 100


def _with_jiao(found: re.Match[str]) -> Decimal:
    """三块五: what follows the yuan alone is jiao."""
    if "零" in found[0][found.end("yuan") :]:  # 三块零五: nobody says whether jiao or fen
        raise NumberUnclear("金额", "an amount")
    return Decimal(10 * _counted(found["yuan"], "金额", "an amount") + int(DIGITS[found["fen"]])) / 10


def day(heard: Sequence[str] | str) -> Day:
    """A day of the solar calendar: 二〇二六年三月五号, 三月廿三日. Raises NumberUnclear, DateIsLunar."""
    said = _SIGNS.sub("", "".join(heard)).translate(_SAME)
    if _LUNAR.search(said):
        raise DateIsLunar
    found = _DATE.fullmatch(said)
    if found is None:
        raise NumberUnclear("日期", "a date")
    year = int(digits(found["year"])) if found["year"] else None  # of two digits: nobody says of which century
    month, of_month = (_counted(found[part], "日期", "a date") for part in ("month", "day"))
    try:
        date(2000 if year is None else year, month, of_month)
    except ValueError as error:
        raise NumberUnclear("日期", "a date") from error
    return Day(month, of_month, year)


def _counted(said: str, kind_zh: str, kind: str) -> int:
    """A counting numeral that is said as this number is said; digits one by one are none, but for a single one."""
    plain = said.replace("〇", "零").replace("幺", "一").replace("廿", "二十").replace("卅", "三十")
    if not _COUNTING.fullmatch(plain) or (len(plain) > 1 and not re.search("[十百千万亿]", plain)):
        raise NumberUnclear(kind_zh, kind)
    try:
        number = int(cn2an.cn2an(plain, "normal"))
        usual = _bare(cn2an.an2cn(number))
    except (ValueError, LookupError) as error:  # it stumbles over 一二十一
        raise NumberUnclear(kind_zh, kind) from error
    if _bare(plain) not in (usual, _SHORT.sub("", usual)):
        raise NumberUnclear(kind_zh, kind)
    return number


def _bare(numeral: str) -> str:
    """The numeral without what is said in two ways: 两百一十 is 二百十."""
    return numeral.replace("两", "二").replace("一十", "十")


def say_digits(number: str, said: Mapping[str, str] = SAID) -> str:
    """Digits one by one; `said`: digit -> word, with 幺 for 1 where a dialect says so. X is 叉."""
    return "".join("叉" if sign in "Xx" else said[sign] for sign in number)


def say_identity_number(number: ResidentNumber, said: Mapping[str, str] = SAID) -> tuple[str, ...]:
    """An identity number in the groups in which people know it."""
    rest, groups = number.text, []
    for size in GROUPS:
        groups.append(say_digits(rest[:size], said))
        rest = rest[size:]
    return tuple(groups)


def say_amount(yuan: Decimal) -> str:
    """An amount as it is said: 3250.65 -> 三千二百五十块六毛五分. Raises ValueError for parts of a fen and below 0."""
    fen = yuan * 100
    if fen != int(fen) or fen < 0:
        raise ValueError(f"{yuan} is no whole number of fen")
    whole, part = divmod(int(fen), 100)
    jiao, rest = divmod(part, 10)
    said = f"{cn2an.an2cn(whole)}块" if whole or not part else ""
    said += f"{SAID[str(jiao)]}毛" if jiao else "零" if said and rest else ""
    return said + (f"{SAID[str(rest)]}分" if rest else "")


def say_day(of: Day) -> str:
    """A day as it is said: 二零二六年三月五日."""
    year = f"{say_digits(str(of.year))}年" if of.year is not None else ""
    return f"{year}{cn2an.an2cn(of.month)}月{cn2an.an2cn(of.day)}日"
