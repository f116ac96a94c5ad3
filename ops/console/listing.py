"""Lists of the console: filters that stand in the address, pages by key, and everything listed for a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from flask import abort, request
from flask_babel import gettext
from sqlalchemy import Row, Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from certification.errors import TooManyRows
from certification.runtime import Runtime
from ops.console import access, shown
from ops.console.exporting import MOST

SIZE = 50
_PART = 1000
STEP = 20_000
Rows = Select[*tuple[Any, ...]]
"""A query of columns."""
Line = Row[*tuple[Any, ...]]
_LONGEST = 60
_FIRST, _LAST = date(1900, 1, 1), date(2999, 12, 31)
_DAYS = {"month": re.compile("[0-9]{4}-[0-9]{2}"), "date": re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")}


@dataclass(frozen=True, slots=True)
class Field:
    """What a list may be narrowed to: its name in the address, its label, and what may be chosen, each with its words.

    `kind`: select; or month, date, text, for which nothing is to be chosen from. `unless`: what it is where the address
    does not say; then it is always something.
    """

    name: str
    label: str
    choices: Mapping[str, str] = field(default_factory=dict)
    kind: str = "select"
    unless: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for: the filters that are set, and beyond which row the page begins or ends."""

    fields: Sequence[Field]
    values: dict[str, str]
    after: str | None = None
    before: str | None = None

    def __getitem__(self, name: str) -> str | None:
        """What a filter is set to; None where it is not."""
        return self.values.get(name) or next((one.unless for one in self.fields if one.name == name), None)

    @property
    def region(self) -> str | None:
        """Whose rows are to be shown: their own region's, or that which they chose; None: every region's."""
        return access.who().region or self.values.get("region")

    @property
    def month(self) -> date | None:
        """The first day of the month that was asked for."""
        given = self.values.get("month")
        return None if given is None else date.fromisoformat(f"{given}-01")

    def day(self, name: str) -> date | None:
        """The day that a filter is set to."""
        given = self.values.get(name)
        return None if given is None else date.fromisoformat(given)


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the rows, and what the address says of those before and after them."""

    rows: Sequence[Line]
    before: str | None
    after: str | None


def read(*fields: Field) -> Asked:
    """What the address asks of these fields. What cannot be chosen is no such page."""
    values = {}
    for one in fields:
        given = request.args.get(one.name, "").strip()
        if given:
            values[one.name] = given if _may(one, given) else abort(404)
    return Asked(fields, values, request.args.get("after"), request.args.get("before"))


def _may(one: Field, given: str) -> bool:
    if one.kind == "select":
        return given in one.choices
    if one.kind not in _DAYS:
        return len(given) <= _LONGEST
    try:
        return _DAYS[one.kind].fullmatch(given) is not None and reckoned(date.fromisoformat(f"{given}-01"[:10]))
    except ValueError:
        return False


def reckoned(day: date) -> bool:
    """Whether a day of an address can be reckoned with: there are days, and moments anywhere, before and after it."""
    return _FIRST <= day <= _LAST


def region_field(rt: Runtime) -> list[Field]:
    """The choice of a region, for whoever is of none."""
    if access.who().region is not None:
        return []
    return [Field("region", gettext("list.region"), {one.code: shown.region(one) for one in rt.regions})]


def page(
    session: Session,
    rows: Rows,
    by: Sequence[InstrumentedAttribute[Any]],
    asked: Asked,
    *,
    size: int = SIZE,
    down: bool = False,
    walk: Rows | None = None,
    step: int = STEP,
) -> Page:
    """The page that was asked for. `by`: the order, columns never empty, the last of which tells any two rows apart.

    `down`: the greatest first. The order should be that of an index, and its columns are among those selected, by their
    own names. `walk`: the rows of that index alone, of which `step` are gone through, however rare what is wanted is:
    where that is not a whole page, it goes on behind them.
    """
    if asked.after and asked.before:
        abort(404)
    backwards = asked.before is not None
    given = asked.before or asked.after
    falling = down != backwards
    wanted = rows.order_by(*(one.desc() if falling else one.asc() for one in by)).limit(size + 1)
    if given:
        here = tuple_(*(literal(value, one.type) for value, one in zip(_key(given, by), by, strict=True)))
        wanted = wanted.where(tuple_(*by) < here if falling else tuple_(*by) > here)
        walk = None if walk is None else walk.where(tuple_(*by) < here if falling else tuple_(*by) > here)
    bound = None
    if walk is not None:
        order = (one.desc() if falling else one.asc() for one in by)
        bound = session.execute(walk.order_by(*order).offset(step - 1).limit(1)).first()
    if bound is not None:
        end = tuple_(*(literal(value, one.type) for value, one in zip(bound, by, strict=True)))
        wanted = wanted.where(tuple_(*by) >= end if falling else tuple_(*by) <= end)
    found = list(session.execute(wanted).all())
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    further = None if bound is None or more else _text(list(bound))
    if not found:
        return Page(found, further, None) if backwards else Page(found, None, further)
    names = [str(one.key) for one in by]
    first, last = (_text([row._mapping[name] for name in names]) for row in (found[0], found[-1]))
    earlier, later = (more, True) if backwards else (bool(given), more)
    if backwards:
        return Page(found, further or (first if earlier else None), last if later else None)
    return Page(found, first if earlier else None, further or (last if later else None))


def everything(
    session: Session, rows: Rows, by: Sequence[InstrumentedAttribute[Any]], *, down: bool = False
) -> Iterator[Line]:
    """Every row, for a file: a few at a time in memory. Raises TooManyRows where a sheet holds no more."""
    wanted = rows.order_by(*(one.desc() if down else one.asc() for one in by)).limit(MOST + 1)
    for number, row in enumerate(session.execute(wanted.execution_options(yield_per=_PART))):
        if number == MOST:
            raise TooManyRows(MOST)
        yield row


def _text(values: list[Any]) -> str:
    plain = [one.isoformat() if isinstance(one, date) else one for one in values]
    return json.dumps(plain, separators=(",", ":"))


def _key(given: str, by: Sequence[InstrumentedAttribute[Any]]) -> list[Any]:
    """The values that an address says; anything else in their place is no such page."""
    try:
        values = json.loads(given)
        if not isinstance(values, list) or len(values) != len(by):
            abort(404)
        return [_value(value, one.type.python_type) for value, one in zip(values, by, strict=True)]
    except (ValueError, TypeError, OverflowError, RecursionError):
        abort(404)


def _value(value: object, of: type) -> object:
    if of is datetime:
        moment = datetime.fromisoformat(str(value))
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment.astimezone(UTC)
    if of is date:
        return date.fromisoformat(str(value))
    if not isinstance(value, of):
        raise TypeError(value)
    if isinstance(value, str) and not value.isprintable():  # JSON writes what no database keeps
        raise ValueError(value)
    return value
