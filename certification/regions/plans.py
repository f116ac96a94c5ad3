"""What a region does about people who are not certified yet: reminders, the ladder, the comparison, suspensions."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from certification.errors import Problem
from certification.regions.fields import Hour, Name, StrengthName, Table, Words, each_once


class Rung(StrEnum):
    """A rung of the ladder: how somebody is reached who is still not certified."""

    MESSAGE = "message"
    CALL = "call"
    OPERATOR = "operator"
    VISIT = "visit"


class Reply(StrEnum):
    """What is sent back to a reminder, to certify by text."""

    PIN = "pin"
    CODE = "code"


Circumstance = Literal["alone", "illness", "sole_income", "failures"]


class Reminders(Table):
    """When people are reminded.

    `days_before`: so many days before the last day of an open period a message goes out; an empty list for none.
    `to`: who gets it: the person themself, and a relative who agreed. `quiet_hours`: from the first to the second hour
    in Shanghai, over midnight where the second is earlier, nothing is sent and nobody is called; only answers and
    receipts go out, to whoever has just written or called.
    `max_a_day`: how many messages and calls of ours, all together, reach one person in a day at most.
    `reply`: what a reminder asks to be sent back, of everybody for whom it would be enough: `pin` their PIN, and of
    whoever has none a one-time code that stands in the reminder; `code` such a code of everybody. It is good for a
    week, from the telephone that the reminder went to. Whoever could not certify so is asked to call.
    """

    days_before: Annotated[tuple[Annotated[int, Field(ge=0, le=365)], ...], AfterValidator(each_once)]
    to: Annotated[tuple[Literal["self", "relative"], ...], Field(min_length=1), AfterValidator(each_once)]
    quiet_hours: tuple[Hour, Hour]
    max_a_day: int = Field(ge=1, le=10)
    reply: Reply

    @field_validator("quiet_hours")
    @classmethod
    def _some_of_the_day(cls, value: tuple[Hour, Hour]) -> tuple[Hour, Hour]:
        if value[0] == value[1]:
            raise Problem("两个钟点不能相同", "the two hours must differ")
        return value


class Climb(Table):
    """One rung, and how many days are waited there for a success before the next."""

    rung: Rung
    wait_days: int = Field(ge=0, le=90)


class Ladder(Table):
    """How people who are not certified are followed up, from rung to rung in this order; a success stops it.

    A visit is passed over where the region does not certify by visits.
    `first_age`: from this age on (years), and `first`: in these circumstances (living alone, a declared illness,
    no other income, earlier failures) a person goes before the others, here and among the cases that wait.
    """

    rungs: tuple[Climb, ...] = Field(min_length=1)
    first_age: int = Field(ge=0, le=150)
    first: Annotated[tuple[Circumstance, ...], AfterValidator(each_once)]

    @field_validator("rungs")
    @classmethod
    def _each_rung_once(cls, value: tuple[Climb, ...]) -> tuple[Climb, ...]:
        each_once(tuple(climb.rung for climb in value))
        return value


class Household(Table):
    """From when on one telephone or voice that acts for many is a question for a human; nobody is refused by it.

    `undeclared`: for so many people, within `window_days`, somebody certified or tried to from one number that is on
    record for none of them: neither theirs nor a relative's, nor that of a declared helper. For as many, one voice
    spoke that was none of theirs, and they have no telephone and no helper in common.
    """

    undeclared: int = Field(ge=2, le=100)
    window_days: int = Field(ge=1, le=366)


class Suspension(Table):
    """Whether payments are ever proposed for suspension here, and after what.

    `enabled`: false switches all suspensions of the region off. `channels`: on how many channels a real attempt to
    reach the person must be on record; two is the least that can be written. Two supervisors sign: that is no setting.
    """

    enabled: bool
    channels: int = Field(ge=2, le=5)


SHOWS_LIFE = (
    *("alive", "seen", "visit", "paid", "withdrawal", "boarded", "registered"),
    *("正常", "就诊", "门诊", "住院", "取药", "取款", "消费", "刷卡", "乘车", "在册"),
)
"""Events that show life, where a region names no others."""


class Source(Table):
    """A kind of record in the signal files: how strong a sign of life it is, seen how many days before the run."""

    strength: StrengthName
    days: int = Field(ge=1, le=366)


class Comparison(Table):
    """The comparison with other registers.

    `register_only`: only who is found in the household register of this place is judged by the comparison; the others
    go to the call. `sources`: the records that count, by the name that the signal files give them. `dead`: the events
    that say that somebody died: they certify nobody and suspend nobody, a human looks. `alive`: the events that show
    life; of any other event a line is not taken, and neither certifies. Both are compared in small letters; a line
    without an event shows life.
    """

    register_only: bool = False
    sources: dict[Name, Source] = Field(min_length=1)
    dead: tuple[Words, ...] = Field(min_length=1)
    alive: tuple[Words, ...] = Field(default=SHOWS_LIFE, min_length=1)

    @model_validator(mode="after")
    def _nobody_is_both(self) -> Comparison:
        if both := {one.lower() for one in self.dead} & {one.lower() for one in self.alive}:
            names = "、".join(sorted(both))
            raise Problem(f"dead 和 alive 都写了：{names}", f"both dead and alive have: {names}")
        return self

    @model_validator(mode="after")
    def _has_the_register(self) -> Comparison:
        if self.register_only and "household_register" not in self.sources:
            raise Problem(
                "register_only 需要 [comparison.sources.household_register]",
                "register_only needs [comparison.sources.household_register]",
            )
        return self
