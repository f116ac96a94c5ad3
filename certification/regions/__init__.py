"""A city's rules as data: the built-in region files, and the ones that a folder of the operator puts over them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from certification import phones
from certification.errors import Problem
from certification.evidence import Lesser, Rule, Strength
from certification.periods import Interval

BUILT_IN = Path(__file__).parent
SHANGHAI = ZoneInfo("Asia/Shanghai")
_HOUR = re.compile(r"\d\d:\d\d(:\d\d)?", re.ASCII)


class RegionFileInvalid(Problem):
    """A region file cannot be used: says which file and key, and what to write."""

    def __init__(self, path: Path, key: str, zh: str, en: str | None = None) -> None:
        self.path, self.key = path, key
        super().__init__(
            f"地区文件 {path} 中的 {key} 有误，请对照 default.toml 修改：{zh}。",
            f"{path}: {key} is wrong, compare with default.toml: {en or zh}.",
        )


def _strength(value: object) -> object:
    names = {strength.name.lower(): strength for strength in Strength}
    if not isinstance(value, str) or value not in names:
        raise ValueError(f"write one of {', '.join(names)}")
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


StrengthName = Annotated[Strength, BeforeValidator(_strength)]
Hour = Annotated[time, BeforeValidator(_hour)]


class Table(BaseModel):
    """A table of a region file: unknown keys are mistakes, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OperatorLine(Table):
    """Where a human answers: number, hours of the day in Shanghai time, days of the week (1 Monday … 7 Sunday)."""

    number: str
    hours: tuple[Hour, Hour]
    days: tuple[Annotated[int, Field(ge=1, le=7)], ...]

    @field_validator("number")
    @classmethod
    def _is_a_number(cls, value: str) -> str:
        return phones.parse(value).e164

    @field_validator("hours")
    @classmethod
    def _in_order(cls, value: tuple[time, time]) -> tuple[time, time]:
        if value[0] >= value[1]:
            raise ValueError("the first hour must lie before the second")
        return value


class LesserRule(Table):
    """Weaker evidence that counts while stronger evidence is recent."""

    counts: StrengthName
    backed_by: StrengthName
    months: int = Field(ge=1, le=60)


class EvidenceRules(Table):
    """The strength that closes a period."""

    needs: StrengthName
    lesser: LesserRule | None = None

    @property
    def rule(self) -> Rule:
        """The rule as decide() takes it."""
        lesser = self.lesser
        return Rule(self.needs, None if lesser is None else Lesser(lesser.counts, lesser.backed_by, lesser.months))


class VoiceRules(Table):
    """From where a voice may certify, and after how many failed attempts only a human may.

    `max_fmr`: the false match rate, as counted on the speakers of the calibration. `impostors`: the share of calls by
    somebody else. `cost`: of certifying one of those, in reviews by a human. The stricter of the two rules holds.
    `personal`: each person gets a threshold of their own: lower for whoever was often rejected and known by a human,
    where few strangers come near; higher for a voice that too many resemble, whose calls go to a human much oftener.
    """

    max_fmr: float = Field(gt=0, le=0.05)
    impostors: float = Field(default=0.01, gt=0, lt=1)
    cost: float = Field(default=200.0, gt=0)
    personal: bool = False
    failures_in_24h: int = Field(ge=1, le=20)
    failures_in_period: int = Field(ge=1, le=100)


class Region(Table):
    """One region's rules. `how` answers "how do I certify here?" in each dialect; Mandarin is always there."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    name: str = Field(min_length=1, max_length=40)
    interval: Interval
    dialects: tuple[str, ...] = Field(min_length=1, max_length=3)
    recording_days: int = Field(ge=1, le=3650)
    operator: OperatorLine
    evidence: EvidenceRules
    voice: VoiceRules
    how: dict[str, str]

    @field_validator("dialects")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise Problem("每种方言只写一次", "write each dialect once")
        return value

    @field_validator("how")
    @classmethod
    def _has_mandarin(cls, value: dict[str, str]) -> dict[str, str]:
        if not value.get("mandarin", "").strip():
            raise ValueError("the answer in mandarin is missing")
        return value


class Regions:
    """Regions by code; a code that nobody has written rules for gets the default's."""

    def __init__(self, regions: dict[str, Region], default: str) -> None:
        self._regions = regions
        self._default = regions[default]

    @classmethod
    def load(cls, folder: Path | None = None, default: str = "default") -> Regions:
        """Read the built-in files and then `folder`'s, which replace those of the same name.

        Raises RegionFileInvalid.
        """
        regions: dict[str, Region] = {}
        for place in (BUILT_IN, folder):
            for path in sorted(place.glob("*.toml")) if place else ():
                regions[path.stem] = _read(path)
        if default not in regions:
            place = (folder or BUILT_IN) / f"{default}.toml"
            raise RegionFileInvalid(place, "DEFAULT_REGION", f"there is no file for the region {default!r}")
        return cls(regions, default)

    def __getitem__(self, code: str) -> Region:
        return self._regions.get(code, self._default)

    @property
    def default(self) -> Region:
        """The region of people whose region is not named."""
        return self._default

    def __iter__(self) -> Iterator[Region]:
        """Every region, by code."""
        return iter([self._regions[code] for code in sorted(self._regions)])

    def find(self, text: str) -> Region | None:
        """The region with this code or name; None when there is none."""
        return next((region for region in self if text in {region.code, region.name}), None)


def operator_open(region: Region, now: datetime) -> bool:
    """Whether a human answers the region's line at this moment."""
    here = now.astimezone(SHANGHAI)
    opens, closes = region.operator.hours
    return here.isoweekday() in region.operator.days and opens <= here.time() < closes


def _read(path: Path) -> Region:
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RegionFileInvalid(path, "TOML", str(error)) from None
    try:
        return Region.model_validate({"code": path.stem, **table})
    except ValidationError as error:
        first = error.errors()[0]
        cause = first.get("ctx", {}).get("error")
        reason = (cause.zh, cause.en) if isinstance(cause, Problem) else (str(cause or first["msg"]),)
        key = ".".join(map(str, first["loc"]))
        raise RegionFileInvalid(path, key, *(text.rstrip(".。") for text in reason)) from None
