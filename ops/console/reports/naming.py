"""What groups, columns and harms are called on the pages of reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from flask_babel import gettext

from certification.evidence import Kind
from certification.reports.groups import BANDS, NEEDS, NOT_SAID, YOUNGER, PhoneType, Trait
from certification.reports.lives import HOURS
from certification.reports.reading import MONTH, ROUTE, Column
from certification.runtime import Runtime
from ops.console import shown

UNKNOWN = "unknown"
"""Stands in an address for what nothing is on record of."""


def choices(rt: Runtime) -> Mapping[str, list[str]]:
    """Every value that each trait, and the route, can have, in the order in which people look for them."""
    return {
        Trait.REGION: [one.code for one in rt.regions],
        ROUTE: list(map(str, Kind)),
        Trait.DIALECT: [*rt.dialects, NOT_SAID],
        Trait.AGE: [YOUNGER, *map(str, BANDS), NOT_SAID],
        Trait.SEX: ["female", "male", NOT_SAID],
        Trait.PHONE: list(map(str, PhoneType)),
        Trait.NEED: [*(one.value for one in NEEDS), NOT_SAID],
    }


def called(rt: Runtime, by: str, value: str) -> str:
    """A value of a trait, a month or a route, in words."""
    if by == MONTH:
        return value
    if by == Trait.REGION:
        return shown.place(rt.regions, value)
    if by == Trait.DIALECT and value in rt.dialects:
        return str(gettext(f"dialect.{value}"))
    if by == Trait.NEED and value != NOT_SAID:
        return str(gettext(f"need.{value}"))
    if by == ROUTE and value != NOT_SAID:
        return str(gettext(f"evidence.{value}"))
    return value if by == Trait.DIALECT and value != NOT_SAID else said(f"{by}_{value or UNKNOWN}")


def said(name: str) -> str:
    """A word of the reports."""
    return str(gettext(f"report.{name}"))


def number(column: Column, value: int | None) -> str:
    """A number of a table; one that is too small to be shown is said to be."""
    if value is None:
        return str(gettext("report.hidden"))
    return span(value) if column in (Column.MEDIAN, Column.P90) else f"{value:,}"


def span(hours: int) -> str:
    """A time to decide, in hours or in days."""
    if hours <= HOURS:
        return str(gettext("report.hours", n=hours))
    return str(gettext("report.days", n=hours // 24))


def month(text: str | None) -> date | None:
    """A month of an address: its first day. Raises ValueError where it is none."""
    return date.fromisoformat(f"{text}-01") if text else None
