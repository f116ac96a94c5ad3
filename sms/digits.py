"""Six digits in what somebody wrote, in all the ways they are typed; and not in telephone numbers or dates. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import cn2an

SIX = 6
_VALUES = dict(
    zip(
        "0123456789零〇○洞一幺壹二两贰三叁四肆五伍六陆七柒拐八捌九玖勾",
        "012345678900001112223344556677788999",
        strict=True,
    )
)
_DIGIT = f"[{''.join(_VALUES)}]"
_BETWEEN = r"[\s\-‐-―_.·•,、。/~|]"
_RUN = re.compile(f"{_DIGIT}(?:{_BETWEEN}{{0,3}}{_DIGIT})*")
_COUNTED = "[零〇一二两三四五六七八九]{0,2}[十百千万亿][零〇一二两三四五六七八九十百千万亿]*"
_COUNTED_ROW = re.compile(rf"{_COUNTED}(?:{_BETWEEN}{{1,3}}{_COUNTED})*")
_OTHER_NUMBER = "#"  # stands for a number that is no row of digits

_IS = r"""(?:\s|就是|应该是|是|为|系|改成|[:=,。"'“”‘’「」(<\[-])*$"""
_THE_NUMBER = r"(?:^|[\s,。!;:])(?:我的?|这个|那个|收到的|你们?发的|短信[里上中]?的?)?号码?"
"""Our own texts call a code so; whoever has another number in mind says of what."""
_LABEL = re.compile(rf"(?:密码(?:还|也)?|密马|密吗|口令|暗码|\bpin(?:码| ?code)?|{_THE_NUMBER}){_IS}")
_NOT_A_PIN = re.compile(
    r"(?:邮编|编码|编号|号|号码|门牌|车牌|[qｑ]+|微信|vx|wx|电话|手机|座机|传真|身份证|取件码|提货码|快递|订单"
    r"|股票|代码|彩票|奖|金额|余额|工资|退休金|养老金|[领欠花借](?:了|我|你|他)?|发了|转账|汇款|不是|不对|错|还是|社保号|医保)"
    rf"{_IS}"
)
_UNIT = re.compile(r"[元块岁年月日号点楼栋室分%度斤米个次天万亿股路层户位遍]")
_AGE = re.compile(r"(?:今年|年龄|岁数|[虚周]岁|都|已经?|快)\s*$")
_TOLD_BY_OTHERS = re.compile(r"【|验证码(?:发|给|告)|泄露|有效|分钟|http|www|中奖|兑奖|转账|汇款|快递|贷款")
_MOST_BESIDE = 30  # letters around a PIN that nobody has called one


@dataclass(frozen=True, slots=True)
class _Run:
    """Digits in a row, and what stands before and after them."""

    written: str
    digits: str
    before: str
    after: str

    @property
    def called_pin(self) -> bool:
        return _LABEL.search(self.before) is not None

    @property
    def by_the_way(self) -> bool:
        """Whether it is a number of something else: an age, a storey, one of the small words that hold a numeral."""
        if len(self.digits) > 4:
            return False
        counts = _UNIT.match(self.after) or (len(self.digits) <= 3 and _AGE.search(self.before))
        return counts is not None or not re.search("[0-9]", self.written)

    @property
    def may_be_pin(self) -> bool:
        if len(self.digits) != SIX:
            return False
        if self.called_pin:
            return not re.match("[a-z0-9]", self.after)
        glued = re.search(r"[a-z+$¥€@#*]$", self.before) or re.match(r"[a-z@]", self.after)
        return not (glued or _UNIT.match(self.after) or _NOT_A_PIN.search(self.before) or _is_date(self.written))


def six_digits(text: str) -> str | None:
    """The six digits that may be a PIN, of a text in its plain form; None when there are none, or it is not clear."""
    if _TOLD_BY_OTHERS.search(text):
        return None
    runs = list(_runs(_COUNTED_ROW.sub(_spelled, text)))
    called = [run for run in runs if run.called_pin]
    if called:
        return _the_one(called) if all(run.may_be_pin for run in called) else None
    numbers = [run for run in runs if not run.by_the_way]
    beside = re.sub(r"\W|\d", "", _RUN.sub("", text))
    if len(beside) > _MOST_BESIDE or not all(run.may_be_pin for run in numbers):
        return None
    return _the_one(numbers)


def hidden(text: str) -> str:
    """A text as it came, with stars for rows of six digits: whoever reads it for the person needs no PIN and no code.

    Telephone numbers stay: they may be where somebody wants to be called.
    """

    def starred(found: re.Match[str]) -> str:
        digits = sum(letter in _VALUES for letter in found[0])
        return "******" if digits and digits % SIX == 0 else found[0]

    return _RUN.sub(starred, unicodedata.normalize("NFKC", text))


def _the_one(runs: list[_Run]) -> str | None:
    said = {run.digits for run in runs}
    return said.pop() if len(said) == 1 else None


def _runs(text: str) -> Iterator[_Run]:
    for found in _RUN.finditer(text):
        digits = "".join(_VALUES.get(letter, "") for letter in found[0])
        yield _Run(found[0], digits, text[: found.start()], text[found.end() :])


def _spelled(found: re.Match[str]) -> str:
    """Counted numbers as digits: 四十八 二十九 十三, or one in the hundred thousands; else a sign for a number."""
    parts = re.findall(_COUNTED, found[0])
    try:
        values = [int(cn2an.cn2an(part, "strict")) for part in parts]
    except (ValueError, KeyError):
        return _OTHER_NUMBER
    pairs = len(values) == SIX // 2 and all(10 <= value <= 99 for value in values)
    counted = len(values) == 1 and {"万", "千"} <= set(parts[0])
    return "".join(map(str, values)) if pairs or counted else _OTHER_NUMBER


def _is_date(written: str) -> bool:
    """Whether six digits in groups are a day: 2026-1-5, 2026 11, 49-03-07. Groups by spaces alone need a whole year."""
    groups = [
        "".join(_VALUES[letter] for letter in group)
        for group in re.split(f"{_BETWEEN}+", written)
        if group and all(letter in _VALUES for letter in group)
    ]
    match [len(group) for group in groups]:
        case [4, 2] | [4, 1, 1]:
            return groups[0][:2] in ("19", "20") and _in_calendar(*groups[1:])
        case [2, 2, 2]:
            return bool(re.search(r"[-./]", written)) and (
                _in_calendar(*groups[1:]) or _in_calendar(groups[1], groups[0])
            )
        case _:
            return False


def _in_calendar(month: str, day: str = "1") -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= 31
