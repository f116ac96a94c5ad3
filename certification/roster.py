"""People listed by where they stand. A page goes through a bounded number of rows of one index, of however many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, literal, select, tuple_, type_coerce
from sqlalchemy.orm import Session, aliased

from certification import bereavement
from certification.cases import CaseKind
from certification.contacts import REAL
from certification.errors import Problem
from certification.evidence import Kind
from certification.needs import Declared
from certification.overdue import unresolved
from certification.store import Case, Contact, Evidence, Need, Period, Person, Suspension

STEP = 20_000
"""Rows that are gone through for a page at most; where none of them was wanted, the next page goes on behind them."""
FEW = 10
"""Rows for each of a page that are gone through first."""
MOST = 100_000
"""People in a file at most."""
_PART = 1000

Key = tuple[Any, ...]


class Stand(StrEnum):
    """Where somebody stands."""

    DUE = "due"  # their period ends within some days, and it is not certified
    OVERDUE = "overdue"  # it is over
    UNTRIED = "untried"  # and nobody really tried to reach them since it began
    CERTIFIED = "certified"  # in the present period
    SUSPENDED = "suspended"  # not paid
    UNREACHED = "unreached"  # message and call brought nothing: a human is to call


class TooMany(Problem):
    """A file would be too long to be of use, or it would be cut."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"超过 {most} 人，没有生成文件：请按地区、状态或方言缩小范围再下载。",
            f"These are more than {most} people, and no file was made: narrow the list by region, state or dialect.",
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is to be listed. `days`: within how many a period ends; `route`: by which the present one was certified."""

    region: str | None = None
    stand: Stand | None = None
    days: int = 30
    route: Kind | None = None
    dialect: str | None = None
    need: Declared | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody on a list: the last day of the period that it is about, and how the present one was certified."""

    person: Person
    due: date | None
    certified: bool
    route: str | None
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the people wanted, perhaps none, and the key behind which the next begin; None: these are the last."""

    people: Sequence[Listed]
    after: Key | None


@dataclass(frozen=True, slots=True)
class _Walk:
    """The rows that are gone through, in the order of an index, and what of them is wanted."""

    rows: Select[Any]
    order: tuple[Any, ...]
    only: tuple[ColumnElement[bool], ...] = ()

    def types(self) -> list[type]:
        return [one.type.python_type for one in self.order]


def key_of(wanted: Wanted, text: str) -> Key:
    """A key as an address writes it. Raises ValueError for anything else."""
    types, parts = _walk(wanted, date.min).types(), text.split("~")
    return tuple(date.fromisoformat(one) if of is date else one for one, of in zip(parts, types, strict=True))


def text_of(key: Key) -> str:
    """A key as an address writes it."""
    return "~".join(one.isoformat() if isinstance(one, date) else str(one) for one in key)


def part(
    session: Session, wanted: Wanted, today: date, *, size: int, after: Key | None = None, step: int = STEP
) -> Part:
    """So many of the people wanted, from behind a key: those whom `step` rows of an index hold."""
    walk = _walk(wanted, today)
    rows = walk.rows if after is None else walk.rows.where(tuple_(*walk.order) > _here(walk, after))
    rows = rows.order_by(*walk.order)
    for some in (min(FEW * size, step), step):  # most often the first few will do
        found = _found(session, rows.limit(some), wanted, walk, today, size + 1)
        if len(found) > size:
            return Part(_listed(session, found[:size], today), _key(found[size - 1], walk))
    last = session.execute(rows.offset(step - 1).limit(1)).first()
    return Part(_listed(session, found, today), None if last is None else _key(last, walk))


def _found(
    session: Session, rows: Select[Any], wanted: Wanted, walk: _Walk, today: date, most: int
) -> Sequence[Row[Any]]:
    """Which of these rows are wanted, in their order, at most so many."""
    some = rows.subquery("some")
    order = [some.c[f"k{at}"] for at in range(len(walk.order))]
    return session.execute(_filtered(some, wanted, walk, today).order_by(*order).limit(most)).all()


def everybody(session: Session, wanted: Wanted, today: date, most: int = MOST) -> Iterator[Listed]:
    """Everybody wanted, for a file. Raises TooMany."""
    after, count = None, 0
    while True:
        found = part(session, wanted, today, size=_PART, after=after)
        count += len(found.people)
        if count > most:
            raise TooMany(most)
        yield from found.people
        if found.after is None:
            return
        after = found.after
        session.expunge_all()


def _walk(wanted: Wanted, today: date) -> _Walk:
    """The index to go through: where nobody stands, or anywhere, the roll by identifier, or whoever has the need."""
    unclosed = _rows(Period.person_id, Period.due, order=(Period.due, Period.person_id)).where(
        Period.closed_at.is_(None)
    )
    match wanted.stand:
        case Stand.DUE:
            soon = (Period.due >= today, Period.due <= today + timedelta(days=wanted.days), Period.opens <= today)
            return _Walk(unclosed.where(*soon), (Period.due, Period.person_id), (~bereavement.found_dead(),))
        case Stand.OVERDUE | Stand.UNTRIED:
            rows = unclosed.where(Period.due < today)
            return _Walk(rows, (Period.due, Period.person_id), (~bereavement.found_dead(),))
        case Stand.SUSPENDED:
            rows = _rows(Suspension.person_id, order=(Suspension.person_id,)).where(Suspension.state == "suspended")
            return _Walk(rows, (Suspension.person_id,))
        case Stand.UNREACHED:
            waits = (Case.decided_at.is_(None), Case.kind == CaseKind.UNREACHED.value, Case.person_id.is_not(None))
            return _Walk(_rows(Case.person_id, order=(Case.rank, Case.id)).where(*waits), (Case.rank, Case.id))
    if wanted.need is not None:
        rows = _rows(Need.person_id, order=(Need.person_id,)).where(Need.need == wanted.need.value)
        return _Walk(rows, (Need.person_id,))
    rows = _rows(Person.id, order=(Person.id,))
    return _Walk(rows if wanted.region is None else rows.where(Person.region == wanted.region), (Person.id,))


def _rows(person: Any, due: Any = None, *, order: tuple[Any, ...]) -> Select[Any]:
    keys = [one.label(f"k{at}") for at, one in enumerate(order)]
    return select(person.label("who"), (literal(None) if due is None else due).label("due"), *keys)


def _filtered(some: Any, wanted: Wanted, walk: _Walk, today: date) -> Select[Any]:
    found = select(some).join(Person, Person.id == some.c.who)
    if wanted.region is not None:
        found = found.where(Person.region == wanted.region)
    if wanted.dialect is not None:
        found = found.where(Person.dialect == wanted.dialect)
    if wanted.need is not None:
        found = found.where(exists().where(Need.person_id == Person.id, Need.need == wanted.need.value))
    if wanted.stand in (Stand.OVERDUE, Stand.UNTRIED):
        found = found.join(Period, and_(Period.person_id == some.c.who, Period.due == some.c.due))
        found = found.where(unresolved(today))
        if wanted.stand is Stand.UNTRIED:
            real = Contact.outcome.in_([one.value for one in REAL])
            since = Contact.begun_at >= type_coerce(Period.opens, Contact.begun_at.type)
            found = found.where(~exists().where(Contact.person_id == Period.person_id, since, real))
    if wanted.stand is Stand.CERTIFIED or wanted.route is not None:
        found = found.where(_certified(today, wanted.route))
    return found.where(*walk.only)


def _certified(today: date, route: Kind | None) -> ColumnElement[bool]:
    """In a query of people: whether their present period is certified, by a route where one is given."""
    present = aliased(Period)
    days = (present.person_id == Person.id, present.opens <= today, present.due >= today)
    closed = select(present.id).where(*days, present.closed_at.is_not(None))
    if route is not None:
        closed = closed.join(Evidence, Evidence.id == present.closed_by).where(Evidence.kind == route.value)
    return closed.exists()


def _listed(session: Session, rows: Sequence[Any], today: date) -> list[Listed]:
    ids = [row.who for row in rows]
    present = and_(Period.person_id == Person.id, Period.opens <= today, Period.due >= today)
    facts = select(Person, Period.due, Period.closed_at, Evidence.kind).outerjoin(Period, present)
    facts = facts.outerjoin(Evidence, Evidence.id == Period.closed_by).where(Person.id.in_(ids))
    known = {person.id: (person, due, at is not None, kind) for person, due, at, kind in session.execute(facts)}
    needs: dict[str, list[str]] = {one: [] for one in ids}
    for who, need in session.execute(select(Need.person_id, Need.need).where(Need.person_id.in_(ids))):
        needs[who].append(need)
    found = dict[str, Listed]()  # somebody may have several cases: they are on a page once
    for row in rows:
        person, due, certified, kind = known[row.who]
        found.setdefault(
            row.who,
            Listed(person, row.due or due, certified, kind if certified else None, tuple(sorted(needs[row.who]))),
        )
    return list(found.values())


def _key(row: Any, walk: _Walk) -> Key:
    return tuple(row._mapping[f"k{at}"] for at in range(len(walk.order)))


def _here(walk: _Walk, key: Key) -> Any:
    return tuple_(*(literal(value, one.type) for value, one in zip(key, walk.order, strict=True)))
