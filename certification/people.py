"""People: added, found by identity number or telephone, and shown only where they must be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from certification import journal, phones
from certification.errors import Problem
from certification.identity import BirthDateImpossible, ResidentNumber
from certification.keys import KeyRing
from certification.phones import PhoneNumber
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.store import LinePreference, Person, Phone, insert_once, new_id

_NUMBER, _PHONE = "people.number", "phones.number"
NAME_LENGTH = 60


class NameMissing(Problem):
    """A person needs a name of reasonable length."""

    def __init__(self) -> None:
        super().__init__(
            f"姓名不能为空，也不能超过 {NAME_LENGTH} 个字，请填写证件上的姓名。",
            f"The name is empty or longer than {NAME_LENGTH} characters; write it as on the identity card.",
        )


@dataclass(frozen=True, slots=True)
class Revealed:
    """A person's name and identity number in the clear: for a clerk's eyes, never for the line to say."""

    name: str = field(repr=False)
    number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Details:
    """What is known of a person before they are a row, already checked."""

    number: ResidentNumber
    name: str
    region: str
    dialect: str | None = None
    phone: PhoneNumber | None = None
    relative_phone: PhoneNumber | None = None


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
    """Add a person, or bring the one who has this identity number up to date.

    Raises what identity.ResidentNumber.parse and phones.parse raise, and NameMissing.
    """
    details = Details(
        number=ResidentNumber.parse(id_number),
        name=name.strip(),
        region=region,
        dialect=dialect,
        phone=phones.parse(phone) if phone else None,
        relative_phone=phones.parse(relative_phone) if relative_phone else None,
    )
    return put(session, rt, details, actor)[0]


def put(session: Session, rt: Runtime, details: Details, actor: str) -> tuple[Person, bool]:
    """The person with these details, and whether anything of them is new. Phones are added, never taken away."""
    if not 0 < len(details.name) <= NAME_LENGTH:
        raise NameMissing
    if details.number.birth_date > rt.now().astimezone(SHANGHAI).date():
        raise BirthDateImpossible
    person = find_by_number(session, rt.keys, details.number)
    if person is None:
        person, changes = _insert(session, rt, details), ["added"]
    else:
        changes = _update(rt.keys, person, details)
    for number, holder in ((details.phone, "self"), (details.relative_phone, "relative")):
        if number is not None and _add_phone(session, rt.keys, person, number, holder):
            changes.append(f"phone of {holder}")
    if changes:
        action = "person added" if changes[0] == "added" else "person changed"
        journal.write(session, rt.now(), actor, action, f"person:{person.id}", changes=changes)
    return person, bool(changes)


def _insert(session: Session, rt: Runtime, details: Details) -> Person:
    person_id = new_id()
    number_index = rt.keys.index(details.number.text, _NUMBER)
    insert_once(
        session,
        Person,
        id=person_id,
        region=details.region,
        name_sealed=rt.keys.seal(details.name.encode(), f"people.name:{person_id}"),
        number_sealed=rt.keys.seal(details.number.text.encode(), f"people.number:{person_id}"),
        number_index=number_index,
        dialect=details.dialect,
        created_at=rt.now(),
    )
    return session.scalars(select(Person).where(Person.number_index == number_index)).one()


def _update(keys: KeyRing, person: Person, details: Details) -> list[str]:
    changes = []
    if reveal(keys, person).name != details.name:
        person.name_sealed = keys.seal(details.name.encode(), f"people.name:{person.id}")
        changes.append("name")
    if person.region != details.region:
        person.region = details.region
        changes.append("region")
    if details.dialect is not None and person.dialect != details.dialect:
        person.dialect = details.dialect
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
