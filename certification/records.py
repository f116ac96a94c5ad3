"""A person's record at the desk: opened for whoever is not on the roll, and corrected. Nothing is replaced unseen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from certification import journal, people, phones, seals
from certification.errors import Problem
from certification.keys import SealBroken
from certification.people import Fate
from certification.phones import NumberNotRecognised, PhoneNumber
from certification.runtime import Runtime
from certification.store import LinePreference, Person, Phone, ReplyCode


class Holder(StrEnum):
    """Whose a telephone is."""

    SELF = "self"
    RELATIVE = "relative"


class OnRollElsewhere(Problem):
    """The number is on the roll of another region, whose people are not this clerk's."""

    def __init__(self) -> None:
        super().__init__(
            "这个身份证号已在其他地区的名册上，不能再开一份。请联系上级核对后转移。",
            "This identity number is on the roll of another region, and not opened twice: have it moved from there.",
        )


class HolderUnknown(Problem):
    """A telephone is the person's own, or a relative's."""

    def __init__(self) -> None:
        super().__init__("请选电话是本人的还是亲属的。", "Say whose the telephone is: their own, or a relative's.")


class What(StrEnum):
    """What a correction changes."""

    NAME = "name"
    DIALECT = "dialect"
    HOLDER = "holder"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Change:
    """One change, in the clear: for a clerk's eyes. `about`: a telephone number (E.164) that stays."""

    what: What
    before: str = field(repr=False)
    after: str = field(repr=False)
    about: str = field(default="", repr=False)

    @property
    def replaces(self) -> bool:
        """Whether something that is on record goes."""
        return self.before != ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A record as it should be, already checked: `holders` of telephones that stay, `gone` of those that go."""

    name: str = field(repr=False)
    dialect: str | None
    holders: Mapping[str, Holder]
    gone: frozenset[str]
    more: tuple[tuple[PhoneNumber, Holder], ...] = field(repr=False)


def open_record(session: Session, rt: Runtime, entry: people.Entry, by: str) -> tuple[Person, bool]:
    """Put somebody on the roll; who has this number already is left as they are. Whether they are new. Journalled."""
    there = people.find_by_number(session, rt.keys, entry.number)
    if there is not None:
        return there, False
    person, fate = people.put(session, rt, entry, by)
    return person, fate is Fate.ADDED


def entry(rt: Runtime, fields: Mapping[str, str]) -> people.Entry:
    """Check what a clerk filled in: as people.entry(), with `phone` and its `holder`. Raises Problem."""
    number = fields.get("phone", "").strip()
    if number:
        telephone(number)
    whose = {Holder.SELF: "phone", Holder.RELATIVE: "relative_phone"}[holder(fields.get("holder", ""))]
    told = {name: fields.get(name, "") for name in ("id_number", "name", "region", "dialect")}
    return people.entry({**told, whose: number}, rt)


def telephone(text: str) -> PhoneNumber:
    """A telephone of somebody's; a hotline is nobody's. Raises NumberNotRecognised."""
    number = phones.parse(text)
    if not number.e164.startswith("+"):
        raise NumberNotRecognised(text, "CN")
    return number


def holder(text: str) -> Holder:
    """Whose a telephone is. Raises HolderUnknown."""
    try:
        return Holder(text)
    except ValueError:
        raise HolderUnknown from None


def wanted(
    rt: Runtime,
    *,
    name: str,
    dialect: str,
    holders: Mapping[str, str],
    gone: Collection[str],
    more: Sequence[tuple[str, str]],
) -> Wanted:
    """Check a record as a clerk filled it in; rows without a number are passed over. Raises Problem."""
    added = tuple((telephone(number), holder(whose)) for number, whose in more if number.strip())
    stay = {phone: holder(whose) for phone, whose in holders.items()}
    return Wanted(people.plain_name(name), people.dialect(dialect, rt), stay, frozenset(gone), added)


def changes(session: Session, rt: Runtime, person: Person, wanted: Wanted) -> tuple[Change, ...]:
    """What would change, telephones of others left alone. Raises SealBroken."""
    return tuple(change for change, _ in _changes(session, rt, person, wanted))


def correct(session: Session, rt: Runtime, person: Person, wanted: Wanted, by: str) -> tuple[Change, ...]:
    """Bring a record up to what is wanted, and say what changed. Journalled, without what it says. Raises SealBroken.

    No message goes to a number that went, and no code that it got is good any more.
    """
    people.hold(session, person.id)
    found = _changes(session, rt, person, wanted)
    for change, phone in found:
        match change.what:
            case What.NAME:
                people.rename(rt.keys, person, change.after)
            case What.DIALECT:
                person.dialect = change.after or None
            case What.HOLDER if phone is not None:
                phone.holder = change.after
            case What.REMOVED if phone is not None:
                _remove(session, rt, person, phone, change.before)
            case _:
                people.add_phone(session, rt.keys, person, telephone(change.after), change.about)
    if found:
        facts = {"changes": [change.what.value for change, _ in found]}
        journal.write(session, rt.now(), by, "record corrected", f"person:{person.id}", **facts)
    return tuple(change for change, _ in found)


def telephones(session: Session, rt: Runtime, person: Person) -> list[tuple[Phone, str]]:
    """The telephones of somebody, their own first, and each number (E.164); "" for one that does not open."""
    theirs = select(Phone).where(Phone.person_id == person.id).order_by(Phone.holder.desc(), Phone.id)
    found = list[tuple[Phone, str]]()
    for phone in session.scalars(theirs.execution_options(populate_existing=True)):
        try:
            found.append((phone, rt.keys.open(phone.number_sealed, seals.phone(phone.id)).decode()))
        except SealBroken:
            found.append((phone, ""))
    return found


def _changes(session: Session, rt: Runtime, person: Person, wanted: Wanted) -> list[tuple[Change, Phone | None]]:
    found = list[tuple[Change, Phone | None]]()
    if (name := people.reveal(rt.keys, person).name) != wanted.name:
        found.append((Change(What.NAME, name, wanted.name), None))
    if person.dialect != wanted.dialect:
        found.append((Change(What.DIALECT, person.dialect or "", wanted.dialect or ""), None))
    there = telephones(session, rt, person)
    stay = {number: phone for phone, number in there if phone.id not in wanted.gone and number}
    holders = dict(wanted.holders)
    for typed, whose in wanted.more:
        if typed.e164 in stay:
            holders[stay[typed.e164].id] = whose
    for phone, number in there:
        if phone.id in wanted.gone:
            found.append((Change(What.REMOVED, number or "?", ""), phone))
        elif phone.id in holders and phone.holder != holders[phone.id]:
            found.append((Change(What.HOLDER, phone.holder, holders[phone.id].value, number), phone))
    new = {typed.e164: whose for typed, whose in wanted.more if typed.e164 not in stay}
    found += [(Change(What.ADDED, "", e164, whose.value), None) for e164, whose in new.items()]
    return found


def _remove(session: Session, rt: Runtime, person: Person, phone: Phone, e164: str) -> None:
    indexes = {phone.number_index, *rt.keys.indexes(e164, seals.PHONE)}
    session.delete(phone)
    session.flush()
    good = (ReplyCode.used_at.is_(None), ReplyCode.expires_at > rt.now())
    theirs = update(ReplyCode).where(ReplyCode.person_id == person.id, ReplyCode.number_index.in_(indexes), *good)
    session.execute(theirs.values(expires_at=rt.now()))
    if session.scalars(select(Phone.id).where(Phone.number_index.in_(indexes)).limit(1)).first() is None:
        session.execute(delete(LinePreference).where(LinePreference.number_index.in_(indexes)))
