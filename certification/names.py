"""Who has a name: found by a blind index of it, narrowed by what their identity number says; and names half hidden."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from certification import journal, seals
from certification.identity import ResidentNumber
from certification.keys import KeyRing, SealBroken
from certification.rotation import Progress, Unreadable
from certification.runtime import Runtime
from certification.store import Person, only_read

MOST = 2000
"""So many people of one name are looked at; the commonest name of a city of two million has as many."""
SLICE = 1000
_HIDDEN = "**"


@dataclass(frozen=True, slots=True)
class Namesake:
    """Somebody of a name: their identity number is for telling them apart."""

    id: str
    region: str
    number: ResidentNumber | None = field(repr=False)  # None: it does not open


@dataclass(frozen=True, slots=True)
class Namesakes:
    """Everybody of a name, the oldest first. `more`: there are others, who were not looked at."""

    people: tuple[Namesake, ...]
    more: bool


def masked(name: str) -> str:
    """A name of which only the beginning is seen: 王**.

    Two stars always: the last character tells a woman from a man, and how many there are one person from another.
    """
    return name[:1] + _HIDDEN if name else name


def find(
    session: Session, keys: KeyRing, name: str, *, region: str | None = None, narrow: str = "", most: int = MOST
) -> Namesakes:
    """Everybody of this name, in a region or anywhere; at most so many are looked at.

    `narrow`: a year of birth, or the last four characters of an identity number. Spaces, full-width letters and what
    stands between the parts of a name make no difference.
    """
    indexes = keys.indexes(seals.plain(name), seals.NAME)
    wanted = select(Person.id, Person.region, Person.number_sealed).where(Person.name_index.in_(indexes))
    if region is not None:
        wanted = wanted.where(Person.region == region)
    rows = session.execute(wanted.order_by(Person.id).limit(most + 1)).all()
    found = [namesake(keys, *row) for row in rows[:most]]
    return Namesakes(tuple(sorted(filter(lambda one: fits(one, narrow), found), key=_by_age)), len(rows) > most)


def fits(one: Namesake, narrow: str) -> bool:
    """Whether somebody was born in this year, or has a number that ends so; one that does not open may be theirs."""
    if not narrow or one.number is None:
        return True
    return narrow.upper() in (str(one.number.birth_date.year), one.number.tail)


def index(rt: Runtime, by: str, progress: Progress, batch: int = SLICE) -> tuple[Unreadable, ...]:
    """Index the names of whoever came on the roll before names were indexed; those that do not open.

    In slices, beside the running service; after a kill the next run goes on.
    """
    done, left, after = 0, list[Unreadable](), ""
    nameless = select(Person.id, Person.name_sealed).where(Person.name_index.is_(None)).order_by(Person.id)
    while True:
        with rt.sessions() as session:
            only_read(session)
            rows = session.execute(nameless.where(Person.id > after).limit(batch)).all()
        if not rows:
            break
        after, indexed = rows[-1].id, list[dict[str, str]]()
        for row in rows:
            try:
                name = rt.keys.open(row.name_sealed, seals.name(row.id)).decode()
                indexed.append({"of": row.id, "found": rt.keys.index(seals.plain(name), seals.NAME)})
            except SealBroken as error:
                left.append(Unreadable(Person.__tablename__, row.id, "name_sealed", error.en))
        _keep(rt, indexed)
        done += len(indexed)
        progress(len(rows), done + len(left))
    if done:
        with rt.sessions.begin() as session:
            journal.write(session, rt.now(), by, "names indexed", "keys", rows=done, unreadable=len(left))
    return tuple(left)


def _keep(rt: Runtime, indexed: list[dict[str, str]]) -> None:
    """Whoever got another name meanwhile has its index already, and keeps it."""
    mine = update(Person).where(Person.id == bindparam("of"), Person.name_index.is_(None))
    if indexed:
        with rt.sessions.begin() as session:
            session.connection().execute(mine.values(name_index=bindparam("found")), indexed)


def namesake(keys: KeyRing, person_id: str, region: str, sealed: bytes) -> Namesake:
    """Somebody, with what tells them apart from others of their name."""
    try:
        number = ResidentNumber.parse(keys.open(sealed, seals.number(person_id)).decode())
    except SealBroken:
        return Namesake(person_id, region, None)
    return Namesake(person_id, region, number)


def _by_age(one: Namesake) -> tuple[date, str]:
    return (date.min if one.number is None else one.number.birth_date), one.id
