"""A region's rules, key by key, as its file is read."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from certification.errors import Problem
from certification.evidence import Lesser, Rule
from certification.periods import Interval
from certification.regions.fields import Holiday, NoneHere, StrengthName, Table, Telephone, each_once
from certification.regions.places import Office, OperatorLine, Paper, Post
from certification.regions.plans import Comparison, Household, Ladder, Reminders, Suspension

SMS_UNITS = 134
"""Two joined segments of 67 UTF-16 units: what an answer by message may cost."""
_SIGNED = re.compile(r"【[^【】]{2,20}】.")


class Route(StrEnum):
    """A way to certify."""

    CALL = "call"
    PIN = "pin"
    SMS = "sms"
    COMPARISON = "comparison"
    DESK = "desk"
    AGENT = "agent"
    PAPER = "paper"
    POST = "post"
    VISIT = "visit"
    APPOINTMENT = "appointment"


WITHOUT_VOICE = (Route.PIN, Route.DESK, Route.PAPER, Route.VISIT)


class LesserRule(Table):
    """Weaker evidence that counts while stronger evidence is recent."""

    counts: StrengthName
    backed_by: StrengthName
    months: int = Field(ge=1, le=60)


class EvidenceRules(Table):
    """The strength that closes a period."""

    needs: StrengthName
    lesser: Annotated[LesserRule | None, NoneHere] = None

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
    """One region's rules.

    `code`: the file's name. `name`: the place's, never inherited. `interval`: how often people certify, see Interval.
    `routes`: the ways that are open; one of them must need no voice. `holidays`: days on which no desk and no line is
    staffed. `helpline`: who is there for somebody in despair; the country's own unless said. `dialects`: what a call
    begins with. `recording_days`: how long recordings are kept. `how` answers "how do I certify here?" in each dialect;
    Mandarin is always there. `how_sms`: the same answer by message, with its signature in 【】. `comparison`: absent
    where nothing is compared.
    """

    code: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    name: str = Field(min_length=1, max_length=40)
    interval: Interval
    routes: Annotated[tuple[Route, ...], AfterValidator(each_once)]
    holidays: tuple[Holiday, ...]
    dialects: Annotated[tuple[str, ...], Field(min_length=1, max_length=3), AfterValidator(each_once)]
    recording_days: int = Field(ge=1, le=3650)
    operator: OperatorLine
    helpline: Telephone = "12356"
    evidence: EvidenceRules
    reminders: Reminders
    ladder: Ladder
    household: Household
    suspension: Suspension
    voice: VoiceRules
    comparison: Annotated[Comparison | None, NoneHere] = None
    offices: tuple[Office, ...] = ()
    paper: Paper
    post: Post
    how: dict[str, str]
    how_sms: str

    def opens(self, route: Route) -> bool:
        """Whether people can certify by this route here; by comparison only where there are rules for one."""
        return route in self.routes and (route is not Route.COMPARISON or self.comparison is not None)

    @field_validator("routes")
    @classmethod
    def _one_needs_no_voice(cls, value: tuple[Route, ...]) -> tuple[Route, ...]:
        if not set(value) & set(WITHOUT_VOICE):
            ways = ", ".join(WITHOUT_VOICE)
            raise Problem(f"至少要有一条不用说话的路：{ways}", f"one way must need no voice: add one of {ways}")
        return value

    @field_validator("offices")
    @classmethod
    def _each_office_has_its_name(cls, value: tuple[Office, ...]) -> tuple[Office, ...]:
        each_once(tuple(office.name for office in value))
        return value

    @field_validator("how")
    @classmethod
    def _has_mandarin(cls, value: dict[str, str]) -> dict[str, str]:
        if not value.get("mandarin", "").strip():
            raise Problem("缺少普通话的回答，请加上 mandarin", "the answer in mandarin is missing: add it")
        return value

    @field_validator("how_sms")
    @classmethod
    def _fits_a_message(cls, value: str) -> str:
        units = len(value.encode("utf-16-le")) // 2
        if units > SMS_UNITS or not _SIGNED.match(value):
            raise Problem(
                f"应以【签名】开头，连签名不超过 {SMS_UNITS} 个字，现在 {units} 个",
                f"begin with a signature in 【】, and write at most {SMS_UNITS} characters with it; there are {units}",
            )
        return value
