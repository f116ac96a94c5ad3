"""Who helps a person: declared relatives and helpers. They may assist and certify nothing; copies need consent."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, exists, literal, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from certification import bereavement, consent, journal, people, phones, seals
from certification.errors import Problem
from certification.keys import KeyRing, SealBroken
from certification.phones import NumberNotRecognised, PhoneKind
from certification.runtime import Runtime
from certification.store import Consent, Helper, Person, Phone, insert_once, new_id

logger = logging.getLogger(__name__)

COPIES = "copies:"
"""With the helper's identifier behind it, the purpose of a consent to copies of reminders."""


class Relation(StrEnum):
    """What somebody is to the person whom they help."""

    RELATIVE = "relative"
    NEIGHBOUR = "neighbour"
    CARER = "carer"
    HELPER = "helper"  # anybody else


class NumberDeclared(Problem):
    """The number is declared for this person already, under another name or relation."""

    def __init__(self, helper: Helper) -> None:
        super().__init__(
            f"这个电话已经登记为帮手 {helper.id}，姓名或关系不同：请先用 stillhere helpers end 停用，再重新登记。",
            f"This number is declared as helper {helper.id} with another name or relation: end that one first.",
        )


class HelperUnknown(Problem):
    """The person has no such helper, or has had them."""

    def __init__(self, given: str) -> None:
        super().__init__(
            f"此人没有编号为 {given[:32]} 的帮手，或已停用，请用 stillhere helpers show 查看。",
            f"This person has no helper {given[:32]} now: see `stillhere helpers show`.",
        )


@dataclass(frozen=True, slots=True)
class Declared:
    """A helper in the clear: for a clerk's eyes. `copies`: the consent that stands to copies of reminders, if any."""

    helper: Helper
    name: str = field(repr=False)
    number: str = field(repr=False)
    copies: Consent | None


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets a copy of a reminder: which helper, their number (E.164), and whether it can take a message."""

    helper: str
    number: str = field(repr=False)
    kind: PhoneKind


def declare(
    session: Session, rt: Runtime, person: Person, *, name: str, phone: str, relation: Relation, by: str
) -> Helper:
    """Declare that somebody helps the person; the one who is there when all is the same.

    It gives them no right to certify, and no copies. Raises NumberDeclared, NameMissing, NumberNotRecognised.
    """
    number, name = phones.parse(phone), people.plain_name(name)
    if not number.e164.startswith("+"):  # a hotline is nobody's
        raise NumberNotRecognised(phone, "CN")
    people.hold(session, person.id)
    there = session.scalars(_of(person).where(Helper.number_index.in_(rt.keys.indexes(number.e164, seals.HELPER))))
    if (known := there.first()) is not None:
        if (_opened(rt.keys, known)[0], known.relation) != (name, relation.value):
            raise NumberDeclared(known)
        return known
    helper_id = new_id()
    insert_once(
        session,
        Helper,
        id=helper_id,
        person_id=person.id,
        name_sealed=rt.keys.seal(name.encode(), seals.helper_name(helper_id, person.id)),
        number_sealed=rt.keys.seal(number.e164.encode(), seals.helper_number(helper_id, person.id)),
        number_index=rt.keys.index(number.e164, seals.HELPER),
        kind=number.kind.value,
        relation=relation.value,
        declared_by=by,
        declared_at=rt.now(),
    )
    facts = {"helper": helper_id, "relation": relation.value}
    journal.write(session, rt.now(), by, "helper declared", f"person:{person.id}", **facts)
    return session.get_one(Helper, helper_id)


def find(session: Session, person: Person, helper_id: str) -> Helper:
    """A helper of the person who is not ended. Raises HelperUnknown."""
    helper = session.scalars(_of(person).where(Helper.id == helper_id)).first()
    if helper is None:
        raise HelperUnknown(helper_id)
    return helper


def end(session: Session, rt: Runtime, person: Person, helper: Helper, by: str) -> bool:
    """End that somebody helps, once, and the copies with it. True when it was done here."""
    standing = update(Helper).where(Helper.id == helper.id, Helper.ended_at.is_(None))
    if session.scalar(standing.values(ended_at=rt.now(), ended_by=by).returning(Helper.id)) is None:
        return False
    journal.write(session, rt.now(), by, "helper ended", f"person:{person.id}", helper=helper.id)
    stop_copies(session, rt, person, helper, by)
    return True


def agree_to_copies(
    session: Session, rt: Runtime, person: Person, helper: Helper, *, text: str, how: str, by: str
) -> bool:
    """Record that the person agreed, in these words, that the helper gets copies; False when that stands already."""
    people.hold(session, person.id)
    if consent.given(session, person, _purpose(helper)):
        return False
    consent.record(session, rt, person, text=text, how=how, by=by, purpose=_purpose(helper))
    session.flush()
    return True


def stop_copies(session: Session, rt: Runtime, person: Person, helper: Helper, by: str) -> bool:
    """Take the person's consent to copies for the helper back; False where none stands."""
    return consent.withdraw(session, rt, person, by=by, purpose=_purpose(helper)) is not None


def declared(session: Session, rt: Runtime, person: Person) -> list[Declared]:
    """Who helps the person now, in the clear, in the order in which they were declared. Raises SealBroken."""
    standing = select(Consent).where(Consent.person_id == person.id, Consent.withdrawn_at.is_(None))
    given = {one.purpose: one for one in session.scalars(standing)}
    found = session.scalars(_of(person).order_by(Helper.declared_at, Helper.id))
    return [Declared(one, *_opened(rt.keys, one), given.get(_purpose(one))) for one in found]


def copies_for(session: Session, rt: Runtime, person: Person) -> tuple[Recipient, ...]:
    """Whose numbers may get copies of the person's reminders now, each once and never the person's own.

    Nobody's where the region sends none to relatives, or the person is to be left in peace. A number that does not open
    is passed over, and said in the log. A relative's number on the roll gets nothing without such a consent.
    """
    if "relative" not in rt.regions[person.region].reminders.to or bereavement.reminders_stopped(session, person.id):
        return ()
    agreed = _agreed(person.id)
    own = _own_numbers(session, rt.keys, person)
    found = dict[str, Recipient]()
    for one in session.scalars(_of(person).where(agreed).order_by(Helper.declared_at, Helper.id)):
        try:
            number = _opened(rt.keys, one)[1]
        except SealBroken as error:
            logger.error("the number of helper %s cannot be read: %s", one.id, error)
            continue
        if number not in own:
            found.setdefault(number, Recipient(one.id, number, PhoneKind(one.kind)))
    return tuple(found.values())


def helped_from(session: Session, keys: KeyRing, e164: str, *, copies: bool = False) -> list[Person]:
    """Whom somebody at this number is declared to help now; with `copies`, only who agreed that they get copies."""
    here = Helper.number_index.in_(keys.indexes(e164, seals.HELPER))
    helped = select(Helper.person_id).where(here, Helper.ended_at.is_(None))
    if copies:
        helped = helped.where(_agreed(Helper.person_id))
    return list(session.scalars(select(Person).where(Person.id.in_(helped)).order_by(Person.created_at, Person.id)))


def declared_at(keys: KeyRing, e164: str, person_id: InstrumentedAttribute[str | None]) -> ColumnElement[bool]:
    """In a query: whether somebody at this number is declared to help this person now."""
    indexes = keys.indexes(e164, seals.HELPER)
    return exists().where(Helper.person_id == person_id, Helper.number_index.in_(indexes), Helper.ended_at.is_(None))


def _of(person: Person) -> Select[Helper]:
    return select(Helper).where(Helper.person_id == person.id, Helper.ended_at.is_(None))


def _agreed(person_id: str | InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """In a query of helpers: whether this person agrees that the helper gets copies."""
    return exists().where(
        Consent.person_id == person_id,
        Consent.purpose == literal(COPIES) + Helper.id,
        Consent.withdrawn_at.is_(None),
    )


def _purpose(helper: Helper) -> str:
    return f"{COPIES}{helper.id}"


def _opened(keys: KeyRing, helper: Helper) -> tuple[str, str]:
    """Name and number. Raises SealBroken."""
    name = keys.open(helper.name_sealed, seals.helper_name(helper.id, helper.person_id))
    number = keys.open(helper.number_sealed, seals.helper_number(helper.id, helper.person_id))
    return name.decode(), number.decode()


def _own_numbers(session: Session, keys: KeyRing, person: Person) -> set[str]:
    own = set()
    for phone in session.scalars(select(Phone).where(Phone.person_id == person.id, Phone.holder == "self")):
        try:
            own.add(keys.open(phone.number_sealed, seals.phone(phone.id)).decode())
        except SealBroken as error:
            logger.error("the telephone %s cannot be read: %s", phone.id, error)
    return own
