"""How pages show what the domain knows: moments in Shanghai's time, kinds of cases and doubts in words."""

from __future__ import annotations

from datetime import date, datetime

from flask_babel import gettext

from certification import bereavement, phones, review
from certification.regions import SHANGHAI, Region, Regions
from certification.staff import Role
from ops.console import language

NOTHING = "–"
VERDICTS = (*map(str, review.Verdict), *map(str, bereavement.Verdict))
"""Verdicts that have words of their own."""
MACHINES = ("line", "worker", "schedule")  # who acts, in the journal, where no human did
_SEEN = 4  # of a number, at either end
_BEGINS = 3  # of a telephone number, at its beginning


def masked(number: str) -> str:
    """A number of which both ends are seen, and the middle is not."""
    hidden = len(number) - 2 * _SEEN
    return f"{number[:_SEEN]}{'*' * hidden}{number[-_SEEN:]}" if hidden > 0 else number


def ending(number: str) -> str:
    """A number of which the end alone is seen: enough to tell two apart, too little to look for it."""
    return f"…{number[-_SEEN:]}"


def telephone(number: str) -> str:
    """A telephone number as people dial it."""
    return phones.dialled(number)


def masked_telephone(number: str) -> str:
    """The same, with its middle hidden: 138****0001."""
    plain = telephone(number)
    hidden = len(plain) - _BEGINS - _SEEN
    return f"{plain[:_BEGINS]}{'*' * hidden}{plain[-_SEEN:]}" if hidden > 0 else plain


def by(name: str | None) -> str:
    """Who did something: a human's name, or that it was no human."""
    return NOTHING if name is None else str(gettext("before.machine")) if name in MACHINES else name


def moment(at: datetime | None) -> str:
    """A moment, to the minute."""
    return NOTHING if at is None else f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def day(on: date | None) -> str:
    """A day."""
    return NOTHING if on is None else on.isoformat()


def month(of: date | None) -> str:
    """The month of a day."""
    return NOTHING if of is None else f"{of:%Y-%m}"


def region(one: Region | None) -> str:
    """The name of a region."""
    if one is None:
        return str(gettext("region.every"))
    return one.name if language.chosen() == language.FIRST else one.code.capitalize()


def place(regions: Regions, code: str) -> str:
    """The name of a region by its code; the code itself, where no file has its rules any more."""
    return next((region(one) for one in regions if one.code == code), code)


def role(one: Role) -> str:
    """What somebody's account is for."""
    return str(gettext(f"role.{one.value}"))


def case(kind: str) -> str:
    """What a kind of case asks of a human."""
    return str(gettext(f"case.{kind}"))


def verdict(said: str) -> str:
    """A human's verdict on a case; what they wrote in their own words stays as it is."""
    return str(gettext(f"verdict.{said}")) if said in VERDICTS else said


def doubt(name: str) -> str:
    """Why a voice that would do was held back, or why one is too poor to say: see voiceprint."""
    return str(gettext(f"doubt.{name}"))


def words(some: list[str]) -> str:
    """Words asked for or heard."""
    return " ".join(some) if some else NOTHING
