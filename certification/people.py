"""People: added, found by identity number or telephone, and shown only where they must be."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from certification import journal, phones, seals
from certification.errors import Problem
from certification.identity import BirthDateImpossible, ResidentNumber
from certification.keys import KeyRing
from certification.periods import Dates, span
from certification.phones import PhoneNumber
from certification.regions import SHANGHAI, Regions
from certification.runtime import Runtime
from certification.store import LinePreference, Period, Person, Phone, insert_once, new_id

NAME_LENGTH = 60


class NameMissing(Problem):
    """A person needs a name of reasonable length."""

    def __init__(self) -> None:
        super().__init__(
            f"姓名不能为空，也不能超过 {NAME_LENGTH} 个字，请填写证件上的姓名。",
            f"The name is empty or longer than {NAME_LENGTH} characters; write it as on the identity card.",
        )


class RegionUnknown(Problem):
    """There is no region file for the place."""

    def __init__(self, text: str, regions: Regions) -> None:
        super().__init__(
            f"没有“{text}”的地区规则，可写：{'、'.join(region.name for region in regions)}；留空用默认规则。",
            f"There are no rules for {text!r}; write {', '.join(region.code for region in regions)}, or nothing.",
        )


class DialectUnknown(Problem):
    """The line does not speak this dialect."""

    def __init__(self, text: str, spoken: Mapping[str, Sequence[str]]) -> None:
        super().__init__(
            f"线路没有方言“{text}”，可写：{'、'.join(names[0] for names in spoken.values())}；也可留空。",
            f"The line does not speak {text!r}; write {', '.join(spoken)}, or leave it empty.",
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a person before they are on record, already checked."""

    number: ResidentNumber
    name: str
    region: str | None  # None: not said, so the default's, or what is on record
    dialect: str | None
    phone: PhoneNumber | None
    relative_phone: PhoneNumber | None


class Fate(StrEnum):
    """What became of an entry: a new person, one with something changed, or nothing to do."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Revealed:
    """A person's name and identity number in the clear: for a clerk's eyes, never for the line to say."""

    name: str = field(repr=False)
    number: str = field(repr=False)


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
    return put(session, rt, entry(fields, rt), actor)[0]


def put(session: Session, rt: Runtime, entry: Entry, actor: str) -> tuple[Person, Fate]:
    """The person of this entry, and what was done: added, updated or unchanged. Phones are added, never taken away."""
    person = find_by_number(session, rt.keys, entry.number)
    fate, changes = Fate.UNCHANGED, list[str]()
    if person is None:
        person, fate = _insert(session, rt, entry), Fate.ADDED
    else:
        changes = _update(rt.keys, person, entry)
    for number, holder in ((entry.phone, "self"), (entry.relative_phone, "relative")):
        if number is not None and add_phone(session, rt.keys, person, number, holder):
            changes.append(f"phone of {holder}")
    if changes and fate == Fate.UNCHANGED:
        fate = Fate.UPDATED
    if fate != Fate.UNCHANGED:
        journal.write(session, rt.now(), actor, f"person {fate}", f"person:{person.id}", changes=changes)
    return person, fate


def entry(fields: Mapping[str, str], rt: Runtime) -> Entry:
    """Check one person's fields, named as the parameters of add(). Raises Problem, of the kind that fits."""
    number = ResidentNumber.parse(fields["id_number"])
    if number.birth_date > rt.now().astimezone(SHANGHAI).date():
        raise BirthDateImpossible
    return Entry(
        number=number,
        name=plain_name(fields["name"]),
        region=_region(fields.get("region", "").strip(), rt.regions),
        dialect=dialect(fields.get("dialect", "").strip(), rt),
        phone=_phone(fields.get("phone", "")),
        relative_phone=_phone(fields.get("relative_phone", "")),
    )


def plain_name(text: str) -> str:
    """A name as it is kept. Raises NameMissing."""
    name = " ".join(text.split())
    if not 0 < len(name) <= NAME_LENGTH or any(unicodedata.category(character) == "Cc" for character in name):
        raise NameMissing
    return name


def _insert(session: Session, rt: Runtime, entry: Entry) -> Person:
    person_id = new_id()
    number_index = rt.keys.index(entry.number.text, seals.NUMBER)
    insert_once(
        session,
        Person,
        id=person_id,
        region=entry.region or rt.regions.default.code,
        name_sealed=rt.keys.seal(entry.name.encode(), seals.name(person_id)),
        number_sealed=rt.keys.seal(entry.number.text.encode(), seals.number(person_id)),
        name_index=rt.keys.index(seals.plain(entry.name), seals.NAME),
        number_index=number_index,
        dialect=entry.dialect,
        created_at=rt.now(),
    )
    person = session.scalars(select(Person).where(Person.number_index == number_index)).one()
    _open_period(session, rt, person, entry.number.birth_date)
    return person


def _open_period(session: Session, rt: Runtime, person: Person, born: date) -> None:
    """Open the period in which they came on the roll, and none before it; opening.py sees to those that follow."""
    since = person.created_at.astimezone(SHANGHAI).date()
    first = span(rt.regions[person.region].interval, Dates(born, since), since)
    insert_once(session, Period, id=new_id(), person_id=person.id, opens=first.opens, due=first.due)


def _update(keys: KeyRing, person: Person, entry: Entry) -> list[str]:
    changes = []
    if rename(keys, person, entry.name):
        changes.append("name")
    if entry.region is not None and person.region != entry.region:
        person.region = entry.region
        changes.append("region")
    if entry.dialect is not None and person.dialect != entry.dialect:
        person.dialect = entry.dialect
        changes.append("dialect")
    return changes


def rename(keys: KeyRing, person: Person, name: str) -> bool:
    """Keep another name of somebody, and find them by it; False where it is theirs already. Raises SealBroken."""
    if reveal(keys, person).name == name:
        return False
    person.name_sealed = keys.seal(name.encode(), seals.name(person.id))
    person.name_index = keys.index(seals.plain(name), seals.NAME)
    return True


def add_phone(session: Session, keys: KeyRing, person: Person, number: PhoneNumber, holder: str) -> bool:
    """Put a telephone on record; False where the person has it already."""
    indexes = keys.indexes(number.e164, seals.PHONE)
    if session.scalars(select(Phone.id).where(Phone.person_id == person.id, Phone.number_index.in_(indexes))).first():
        return False
    phone_id = new_id()
    return insert_once(
        session,
        Phone,
        id=phone_id,
        person_id=person.id,
        number_sealed=keys.seal(number.e164.encode(), seals.phone(phone_id)),
        number_index=indexes[0],
        kind=number.kind.value,
        holder=holder,
    )


def find_by_number(session: Session, keys: KeyRing, number: ResidentNumber) -> Person | None:
    """The person with this identity number."""
    indexes = keys.indexes(number.text, seals.NUMBER)
    return session.scalars(select(Person).where(Person.number_index.in_(indexes))).first()


def people_at(
    session: Session, keys: KeyRing, e164: str, *, region: str | None = None, most: int | None = None
) -> list[Person]:
    """Everybody reached at this number, their own or a relative's: a family may share one. Oldest row first.

    `region`: of its people alone; `most`: so many at most, for a number may be that of an office.
    """
    indexes = keys.indexes(e164, seals.PHONE)
    at_number = select(Phone.person_id).where(Phone.number_index.in_(indexes))
    found = select(Person).where(Person.id.in_(at_number)).order_by(Person.created_at, Person.id).limit(most)
    return list(session.scalars(found if region is None else found.where(Person.region == region)))


def reached_at(keys: KeyRing, e164: str, person_id: InstrumentedAttribute[str | None]) -> ColumnElement[bool]:
    """In a query: whether this person is reached at this number, their own or a relative's."""
    indexes = keys.indexes(e164, seals.PHONE)
    return exists().where(Phone.person_id == person_id, Phone.number_index.in_(indexes))


def hold(session: Session, person_id: str, *, to_erase: bool = False) -> Person | None:
    """The person, for this transaction alone; None when there is nobody (any more).

    Who holds them `to_erase` waits for rows that are being added about them, and has nobody add any more.
    """
    held = select(Person).where(Person.id == person_id).with_for_update(key_share=not to_erase)
    return session.scalars(held.execution_options(populate_existing=True)).first()


def has_phone(session: Session, person: Person) -> bool:
    """Whether the person can be called at all."""
    return session.scalars(select(Phone.id).where(Phone.person_id == person.id)).first() is not None


def with_tail(keys: KeyRing, people: Iterable[Person], tail: str) -> list[Person]:
    """Those of `people` whose identity number ends with these four characters; X and x are the same."""
    return [person for person in people if number_of(keys, person).tail == tail.upper()]


def reveal(keys: KeyRing, person: Person) -> Revealed:
    """Name and identity number in the clear. Raises SealBroken."""
    return Revealed(
        name=keys.open(person.name_sealed, seals.name(person.id)).decode(),
        number=keys.open(person.number_sealed, seals.number(person.id)).decode(),
    )


def number_of(keys: KeyRing, person: Person) -> ResidentNumber:
    """The identity number in the clear, with the birth date in it. Raises SealBroken."""
    return ResidentNumber.parse(keys.open(person.number_sealed, seals.number(person.id)).decode())


def remember_dialect(session: Session, keys: KeyRing, e164: str, dialect: str, now: datetime) -> None:
    """Remember the dialect chosen from a number, for its next call."""
    index = keys.index(e164, seals.PHONE)
    if not insert_once(session, LinePreference, number_index=index, dialect=dialect, updated_at=now):
        mine = update(LinePreference).where(LinePreference.number_index == index)
        session.execute(mine.values(dialect=dialect, updated_at=now))


def dialect_of(session: Session, keys: KeyRing, e164: str) -> str | None:
    """The dialect last chosen from a number; else the one that everybody there speaks, as far as the roll says."""
    indexes = keys.indexes(e164, seals.PHONE)
    chosen = select(LinePreference.dialect).where(LinePreference.number_index.in_(indexes))
    last = session.scalars(chosen.order_by(LinePreference.updated_at.desc())).first()
    if last is not None:
        return last
    spoken = {person.dialect for person in people_at(session, keys, e164)} - {None}
    return spoken.pop() if len(spoken) == 1 else None


def _region(text: str, regions: Regions) -> str | None:
    if not text:
        return None
    found = regions.find(text)
    if found is None:
        raise RegionUnknown(text, regions)
    return found.code


def spoken(rt: Runtime) -> dict[str, tuple[str, ...]]:
    """The dialects that somebody may have on record, by code, each with its names."""
    return {code: (code,) for region in rt.regions for code in region.dialects} | dict(rt.dialects)


def dialect(text: str, rt: Runtime) -> str | None:
    """The code of a dialect, written as code or name. Raises DialectUnknown."""
    for code, names in spoken(rt).items():
        if text.lower() == code or text in names:
            return code
    if text:
        raise DialectUnknown(text, spoken(rt))
    return None


def _phone(text: str) -> PhoneNumber | None:
    return phones.parse(text) if text.strip() else None
