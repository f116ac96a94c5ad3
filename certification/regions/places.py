"""Where people turn in a region: the operator's line, the offices and their appointments, papers and the post."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, field_validator, model_validator

from certification.errors import Problem
from certification.regions.fields import Hour, Name, Table, Telephone, Weekday, Words, each_once

Weekdays = Annotated[tuple[Weekday, ...], AfterValidator(each_once)]


def _in_order(first: time, second: time) -> None:
    if first >= second:
        raise Problem("前一个钟点应早于后一个", "the first hour must lie before the second")


class OperatorLine(Table):
    """Where a human answers: number, hours of the day in Shanghai time, days of the week (1 Monday … 7 Sunday)."""

    number: Telephone
    hours: tuple[Hour, Hour]
    days: Weekdays

    @field_validator("hours")
    @classmethod
    def _are_in_order(cls, value: tuple[time, time]) -> tuple[time, time]:
        _in_order(*value)
        return value


class Slots(Table):
    """When an office can be visited by appointment.

    `days`: of the week. `from` and `to`: hours in Shanghai time, the last appointment ending by `to`. `minutes`: how
    long one is. `people`: how many are seen at once.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    days: Annotated[Weekdays, Field(min_length=1)]
    begins: Hour = Field(alias="from")
    ends: Hour = Field(alias="to")
    minutes: int = Field(ge=5, le=240)
    people: int = Field(ge=1, le=100)

    @model_validator(mode="after")
    def _have_room(self) -> Slots:
        _in_order(self.begins, self.ends)
        open_minutes = 60 * (self.ends.hour - self.begins.hour) + self.ends.minute - self.begins.minute
        if open_minutes < self.minutes:
            raise Problem("from 到 to 之间不够一次预约", "between from and to there is no room for one appointment")
        return self


class Office(Table):
    """A desk where people are certified in person, with `slots` also by appointment. No two here share a name."""

    name: Words
    address: Words
    phone: Telephone
    slots: tuple[Slots, ...] = ()


class Paper(Table):
    """The numbered form that only the office issues.

    `issuer`: who issues it, as printed on it. `days`: how long one may be out before it counts as lost. `forms`: which
    there are: `own` is filled in by the person, `assistance` is stamped by the office of the place where they live.
    """

    issuer: Words
    days: int = Field(ge=1, le=366)
    forms: Annotated[tuple[Literal["own", "assistance"], ...], Field(min_length=1), AfterValidator(each_once)]


class Post(Table):
    """Papers sent by post instead: `papers`, which are taken; `months`, how old one may be when it comes."""

    papers: Annotated[tuple[Name, ...], Field(min_length=1), AfterValidator(each_once)]
    months: int = Field(ge=1, le=12)
