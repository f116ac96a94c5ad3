"""The groups that reports tell apart: each of somebody's traits is one value, so nobody is in two groups of a kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from certification.identity import ResidentNumber
from certification.needs import Declared
from certification.periods import birthday

NOT_SAID = ""
"""The value of a trait that nothing is on record of."""
BANDS = (60, 70, 80, 90)
YOUNGER = "younger"
NEEDS = (
    Declared.CANNOT_SPEAK,
    Declared.HARD_OF_HEARING,
    Declared.ILLNESS,
    Declared.ALONE,
    Declared.NO_MOBILE,
    Declared.SOLE_INCOME,
)
"""What somebody declared, the weightiest for the line first: who declared several counts under the first of them."""


class Trait(StrEnum):
    """What people are told apart by."""

    REGION = "region"
    DIALECT = "dialect"
    AGE = "age"
    SEX = "sex"
    PHONE = "phone"
    NEED = "need"


PERSONAL = frozenset({Trait.DIALECT, Trait.AGE, Trait.SEX, Trait.PHONE, Trait.NEED})
"""Traits of a person, by which small groups could single somebody out; a region holds a city."""


class PhoneType(StrEnum):
    """How somebody is reached at a number of their own; a relative's number is none of theirs."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    OTHER = "other"  # the numbering plan does not say
    NONE = "none"


class Group(NamedTuple):
    """Whom somebody is counted with: as they are on the day of the count, for every month alike."""

    region: str
    dialect: str
    age: str
    sex: str
    phone: str
    need: str


def age_band(born: date, day: date) -> str:
    """The band of years of somebody's age on a day: `younger`, or the first year of its ten; `90` is open above."""
    years = day.year - born.year - (day < birthday(born, day.year))
    begun = [band for band in BANDS if years >= band]
    return str(begun[-1]) if begun else YOUNGER


def age_and_sex(number: ResidentNumber | None, day: date) -> tuple[str, str]:
    """Both as the identity number has them; of one that does not open, neither is said."""
    return (NOT_SAID, NOT_SAID) if number is None else (age_band(number.birth_date, day), number.sex)


def phone_type(kinds: Collection[str]) -> PhoneType:
    """Of the kinds of somebody's own numbers the most useful: a mobile takes texts, too."""
    if PhoneType.MOBILE in kinds:
        return PhoneType.MOBILE
    if PhoneType.LANDLINE in kinds:
        return PhoneType.LANDLINE
    return PhoneType.OTHER if kinds else PhoneType.NONE


def need(declared: Collection[str]) -> str:
    """The first of NEEDS that somebody declared."""
    return next((one.value for one in NEEDS if one in declared), NOT_SAID)


def ordered(name: str, values: Iterable[str]) -> list[str]:
    """Values of a trait, a month or a route as people look for them; what nothing is on record of comes last."""
    places = {YOUNGER: "0"} if name == Trait.AGE else {}
    places |= {one.value: str(at) for at, one in enumerate(PhoneType if name == Trait.PHONE else ())}
    return sorted(values, key=lambda value: (value == NOT_SAID, places.get(value, value)))
