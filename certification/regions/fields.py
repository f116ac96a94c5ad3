"""The kinds of value that a region file is written in: tables, hours, days off, strengths."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from certification import phones
from certification.errors import Problem
from certification.evidence import Strength

SHANGHAI = ZoneInfo("Asia/Shanghai")
_HOUR = re.compile(r"\d\d:\d\d(:\d\d)?", re.ASCII)


class Table(BaseModel):
    """A table of a region file: unknown keys are mistakes, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class DaysOff:
    """Days on which nobody works, first and last included; written "2026-10-01" or "2026-10-01/2026-10-07"."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return self.first.isoformat() if self.first == self.last else f"{self.first}/{self.last}"


def _strength(value: object) -> object:
    names = {strength.name.lower(): strength for strength in Strength}
    if isinstance(value, Strength):
        return value
    if not isinstance(value, str) or value not in names:
        raise Problem(f"请写 {'、'.join(names)} 之一", f"write one of {', '.join(names)}")
    return names[value]


def _hour(value: object) -> object:
    """An hour as "09:00", or as TOML's own 09:00:00; never a number, which would be taken for seconds."""
    right = _HOUR.fullmatch(value) if isinstance(value, str) else isinstance(value, time)
    if not right:
        raise Problem(
            f'{value!r} 应写作带引号的北京时间，如 "09:00"，不带时区',
            f'{value!r} is no hour: write Shanghai time in quotes and without a zone, such as "09:00"',
        )
    return value


def _days_off(value: object) -> object:
    if isinstance(value, DaysOff):
        return value
    written = value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value
    try:
        first, _, last = str(written).partition("/")
        found = DaysOff(date.fromisoformat(first), date.fromisoformat(last or first))
    except ValueError:
        found = None
    if found is None or found.last < found.first:
        raise Problem(
            f'{value!r} 应写作 "2026-10-01"，或首尾两天 "2026-10-01/2026-10-07"',
            f'{value!r} is no day: write "2026-10-01", or the first and the last day, "2026-10-01/2026-10-07"',
        )
    return found


def _number(value: str) -> str:
    return phones.parse(value).e164


def _none_here(value: object) -> object:
    return None if value is False else value


def each_once(value: tuple[object, ...]) -> tuple[object, ...]:
    """The same list. Raises Problem when something is in it twice."""
    if len(set(value)) < len(value):
        raise Problem("每项只写一次", "write each once")
    return value


StrengthName = Annotated[
    Strength, BeforeValidator(_strength), PlainSerializer(lambda strength: strength.name.lower(), return_type=str)
]
Hour = Annotated[
    time,
    BeforeValidator(_hour),
    PlainSerializer(lambda hour: hour.isoformat("seconds" if hour.second else "minutes"), return_type=str),
]
Holiday = Annotated[DaysOff, BeforeValidator(_days_off), PlainSerializer(str, return_type=str)]
Telephone = Annotated[str, BeforeValidator(lambda value: _number(value) if isinstance(value, str) else value)]
Weekday = Annotated[int, Field(ge=1, le=7)]
Words = Annotated[str, Field(min_length=1, max_length=200)]
"""A name or a sentence; not empty."""
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""A name of data: small letters, digits and _."""
NoneHere = BeforeValidator(_none_here)
"""For a table that may be absent: `false` takes away what would be inherited."""
