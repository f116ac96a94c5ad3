"""What the line writes: sentences by name and dialect (words/), with the region's signature and the safe word. Pure.

A dialect says what it says differently; the rest is Mandarin's. Texts hold no link, no name, and no PIN.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from string import Formatter
from types import MappingProxyType
from typing import Any

from certification.phones import dialled
from certification.regions import SHANGHAI, Region
from sms.segments import Length, measure

WORDS = Path(__file__).with_name("words")
HOME = "mandarin"
HOW = frozenset({"how", "answer.help"})
"""Names of what the region's file itself answers: how people certify there."""
WORDING, AGAIN = "wording", "again"
"""Facts of any answer: the key of the wording that is sent instead, and when it is sent once more."""
SAME_A_DAY = 2  # carriers in China refuse the third of the same text to a number within 24 hours
NUMBERS = frozenset({"number", "helpline"})
"""What stands in a sentence for a telephone number of the region's."""
SAFE_WORD = 4
"""Characters that a safe word has at most."""


def render(
    words: str, region: Region, dialect: str | None, facts: Mapping[str, Any], safe_word: str | None = None
) -> str:
    """The text of a sentence, as it is sent. `facts`: days and moments as ISO strings. Raises KeyError for a bug."""
    told = {name: _WRITTEN.get(name, str)(value) for name, value in facts.items()}
    text = (
        region.how_sms
        if words in HOW
        else signature(region) + _sentence(told.get(WORDING, words), dialect).format_map(told | _numbers(region))
    )
    if AGAIN in told:
        text += f"（{told[AGAIN]}）"
    return f"{text}暗号：{safe_word}" if safe_word else text


def otherwise(words: str, times: int, now: datetime) -> dict[str, str]:
    """What keeps an answer that went so often within a day from being the same again, to be put among its facts.

    Each time another wording, each of them as often as carriers let it through; then the time of day stands behind it.
    """
    wordings = [words, *sorted(one for one in KEYS if one.startswith(f"{words}."))]
    if times < SAME_A_DAY * len(wordings):
        wording = wordings[times % len(wordings)]
        return {WORDING: wording} if wording != words else {}
    return {AGAIN: now.isoformat()}


def longest(
    words: str, region: Region, dialect: str | None, safe_word: bool, more: Mapping[str, Any] = MappingProxyType({})
) -> Length:
    """The most that a sentence can measure here, with the longest facts and `more`, and with a safe word or without."""
    offices = [office.name for office in region.offices]
    facts = _LONGEST | {"office": max(offices, key=len, default="社保窗口"), **more}
    return measure(render(words, region, dialect, facts, "喜" * SAFE_WORD if safe_word else None))


def signature(region: Region) -> str:
    """Who writes: 【…】, as the region's own answer begins."""
    return region.how_sms[: region.how_sms.index("】") + 1]


@cache
def facts_of(words: str) -> frozenset[str]:
    """The facts that a sentence asks for, in whatever dialect."""
    if words in HOW:
        return frozenset()
    said = [sentences(dialect).get(words, "") for dialect in dialects()]
    return frozenset(name for text in said for _, name, _, _ in Formatter().parse(text) if name) - NUMBERS


@cache
def dialects() -> tuple[str, ...]:
    """The dialects that there are sentences in, Mandarin first."""
    return (HOME, *sorted(path.stem for path in WORDS.glob("*.toml") if path.stem != HOME))


@cache
def sentences(dialect: str) -> Mapping[str, str]:
    """The sentences of a dialect's own by name; none for one that there is no file of."""
    if dialect not in dialects():
        return {}
    return {name: str(text) for name, text in tomllib.loads((WORDS / f"{dialect}.toml").read_text("utf-8")).items()}


def _sentence(words: str, dialect: str | None) -> str:
    return sentences(dialect or HOME).get(words) or sentences(HOME)[words]


def _numbers(region: Region) -> dict[str, str]:
    return {"number": dialled(region.operator.number), "helpline": dialled(region.helpline)}


def _day(value: Any) -> str:
    day = date.fromisoformat(str(value))
    return f"{day.month}月{day.day}日"


def _day_of_a_year(value: Any) -> str:
    return f"{str(value)[:4]}年{_day(value)}"


def _moment(value: Any) -> str:
    moment = datetime.fromisoformat(str(value))
    if moment.tzinfo is not None:
        moment = moment.astimezone(SHANGHAI)
    return f"{_day(moment.date())}{moment:%H:%M}"


def _time(value: Any) -> str:
    return f"{datetime.fromisoformat(str(value)).astimezone(SHANGHAI):%H:%M}"


_WRITTEN: Mapping[str, Callable[[Any], str]] = {
    "due": _day,
    "next_due": _day_of_a_year,  # it may be more than a year from now
    "until": _moment,
    "at": _moment,
    AGAIN: _time,
}
_LONGEST = {
    "due": "2026-12-31",
    "next_due": "2026-12-31",
    "until": "2026-12-31T23:59:00+08:00",
    "at": "2026-12-31T23:59:00+08:00",
    "receipt": "0" * 14,
    "code": "000000",
    "left": 10,
}

KEYS: frozenset[str] = frozenset(sentences(HOME)) | HOW
