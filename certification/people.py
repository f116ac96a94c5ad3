"""People: added, found by identity number or telephone, and shown only where they must be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from certification import journal, roll
from certification.identity import ResidentNumber
from certification.keys import KeyRing
from certification.phones import PhoneNumber
from certification.roll import Entry, Rejected
from certification.runtime import Runtime
from certification.store import LinePreference, Person, Phone, insert_once, new_id

_NUMBER, _PHONE = "people.number", "phones.number"
_ROWS_A_COMMIT = 500
_ADDED, _UPDATED, _UNCHANGED = "added", "updated", "unchanged"


@dataclass(frozen=True, slots=True)
class Revealed:
    """A person's name and identity number in the clear: for a clerk's eyes, never for the line to say."""

    name: str = field(repr=False)
    number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a roll's rows; a row that changed somebody's name, region, dialect or phones counts as updated."""

    added: int
    updated: int
    unchanged: int
    rejected: list[tuple[int, str]]


def add(
    session: Session,
    rt: Runtime,
    *,
    id_number: str,
    name: str,
    region: str,
    phone: str | None = None,
    dialect: str | None = None,
    relative_phone: str | None = None,
    actor: str = "cli",
) -> Person:
    """Add a person, or bring the one who has this identity number up to date. Raises Problem."""
    fields = {
        "id_number": id_number,
        "name": name,
        "region": region,
        "phone": phone or "",
        "dialect": dialect or "",
        "relative_phone": relative_phone or "",
    }
    return _put(session, rt, roll.entry(fields, rt.regions, rt.now()), actor)[0]


def import_csv(sessions: sessionmaker[Session], rt: Runtime, path: Path, actor: str = "cli") -> ImportReport:
    """Bring a roll in, row by row: a bad row is reported with its line and stops no other; rows twice are harmless.

    Raises roll.RollUnreadable when the file as a whole cannot be read.
    """
    counts = {_ADDED: 0, _UPDATED: 0, _UNCHANGED: 0}
    rejected: list[tuple[int, str]] = []
    rows = roll.read(path, rt.regions, rt.now())
    while batch := list(islice(rows, _ROWS_A_COMMIT)):
        with sessions.begin() as session:
            for row in batch:
                match row:
                    case Entry():
                        counts[_put(session, rt, row, actor)[1]] += 1
                    case Rejected(line, why):
                        rejected.append((line, why))
    return ImportReport(counts[_ADDED], counts[_UPDATED], counts[_UNCHANGED], rejected)


def _put(session: Session, rt: Runtime, entry: Entry, actor: str) -> tuple[Person, str]:
    """The person of this entry, and what was done: added, updated or unchanged. Phones are added, never taken away."""
    person = find_by_number(session, rt.keys, entry.number)
    fate, changes = _UNCHANGED, list[str]()
    if person is None:
        person, fate = _insert(session, rt, entry), _ADDED
    else:
        changes = _update(rt.keys, person, entry)
    for number, holder in ((entry.phone, "self"), (entry.relative_phone, "relative")):
        if number is not None and _add_phone(session, rt.keys, person, number, holder):
            changes.append(f"phone of {holder}")
    if changes and fate == _UNCHANGED:
        fate = _UPDATED
    if fate != _UNCHANGED:
        journal.write(session, rt.now(), actor, f"person {fate}", f"person:{person.id}", changes=changes)
    return person, fate


def _insert(session: Session, rt: Runtime, entry: Entry) -> Person:
    person_id = new_id()
    number_index = rt.keys.index(entry.number.text, _NUMBER)
    insert_once(
        session,
        Person,
        id=person_id,
        region=entry.region,
        name_sealed=rt.keys.seal(entry.name.encode(), f"people.name:{person_id}"),
        number_sealed=rt.keys.seal(entry.number.text.encode(), f"people.number:{person_id}"),
        number_index=number_index,
        dialect=entry.dialect,
        created_at=rt.now(),
    )
    return session.scalars(select(Person).where(Person.number_index == number_index)).one()


def _update(keys: KeyRing, person: Person, entry: Entry) -> list[str]:
    changes = []
    if reveal(keys, person).name != entry.name:
        person.name_sealed = keys.seal(entry.name.encode(), f"people.name:{person.id}")
        changes.append("name")
    if person.region != entry.region:
        person.region = entry.region
        changes.append("region")
    if entry.dialect is not None and person.dialect != entry.dialect:
        person.dialect = entry.dialect
        changes.append("dialect")
    return changes


def _add_phone(session: Session, keys: KeyRing, person: Person, number: PhoneNumber, holder: str) -> bool:
    indexes = keys.indexes(number.e164, _PHONE)
    if session.scalars(select(Phone.id).where(Phone.person_id == person.id, Phone.number_index.in_(indexes))).first():
        return False
    phone_id = new_id()
    return insert_once(
        session,
        Phone,
        id=phone_id,
        person_id=person.id,
        number_sealed=keys.seal(number.e164.encode(), f"phones.number:{phone_id}"),
        number_index=indexes[0],
        kind=number.kind.value,
        holder=holder,
    )


def find_by_number(session: Session, keys: KeyRing, number: ResidentNumber) -> Person | None:
    """The person with this identity number."""
    indexes = keys.indexes(number.text, _NUMBER)
    return session.scalars(select(Person).where(Person.number_index.in_(indexes))).first()


def people_at(session: Session, keys: KeyRing, e164: str) -> list[Person]:
    """Everybody reached at this number, their own or a relative's: a family may share one. Oldest row first."""
    indexes = keys.indexes(e164, _PHONE)
    at_number = select(Phone.person_id).where(Phone.number_index.in_(indexes))
    return list(session.scalars(select(Person).where(Person.id.in_(at_number)).order_by(Person.created_at, Person.id)))


def with_tail(keys: KeyRing, people: Iterable[Person], tail: str) -> list[Person]:
    """Those of `people` whose identity number ends with these four characters; X and x are the same."""
    return [person for person in people if number_of(keys, person).tail == tail.upper()]


def reveal(keys: KeyRing, person: Person) -> Revealed:
    """Name and identity number in the clear. Raises SealBroken."""
    return Revealed(
        name=keys.open(person.name_sealed, f"people.name:{person.id}").decode(),
        number=keys.open(person.number_sealed, f"people.number:{person.id}").decode(),
    )


def number_of(keys: KeyRing, person: Person) -> ResidentNumber:
    """The identity number in the clear, with the birth date in it. Raises SealBroken."""
    return ResidentNumber.parse(keys.open(person.number_sealed, f"people.number:{person.id}").decode())


def remember_dialect(session: Session, keys: KeyRing, e164: str, dialect: str, now: datetime) -> None:
    """Remember the dialect chosen from a number, for its next call."""
    index = keys.index(e164, _PHONE)
    if not insert_once(session, LinePreference, number_index=index, dialect=dialect, updated_at=now):
        mine = update(LinePreference).where(LinePreference.number_index == index)
        session.execute(mine.values(dialect=dialect, updated_at=now))


def dialect_of(session: Session, keys: KeyRing, e164: str) -> str | None:
    """The dialect last chosen from a number."""
    indexes = keys.indexes(e164, _PHONE)
    chosen = select(LinePreference.dialect).where(LinePreference.number_index.in_(indexes))
    return session.scalars(chosen.order_by(LinePreference.updated_at.desc())).first()
