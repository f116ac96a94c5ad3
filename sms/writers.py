"""Who wrote a text: the people reached at the number, those whom its holder helps, their region, their dialect."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from certification import cases, certifying, helpers, journal, people, seals
from certification.cases import CaseKind
from certification.certifying import day_of
from certification.keys import SealBroken
from certification.regions import Region
from certification.runtime import Runtime
from certification.store import Case, Helper, Person, Phone, Text

logger = logging.getLogger(__name__)

ACTOR = "text"
"""Who did it, in the journal."""
DAY = timedelta(days=1)
MOST = 10
"""Of so many people at one number at most the PIN says who, or a report of a death is taken for each."""


Found = TypeVar("Found", Phone, Helper)


@dataclass(frozen=True, slots=True)
class Said:
    """What is answered: the sentence, what is put into it, and whom it is about, when that is one person."""

    words: str
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    person: Person | None = None


@dataclass(frozen=True, slots=True)
class Writer:
    """Somebody at a telephone number (E.164) who wrote a text: a convenience, and no evidence of who they are."""

    session: Session
    rt: Runtime
    text: Text
    number: str

    @property
    def reached(self) -> list[Person]:
        """Who is reached at the number, their own or a relative's, or agreed that a helper there gets copies."""
        agreed = helpers.helped_from(self.session, self.rt.keys, self.number, copies=True)
        return _each_once([*self._on_roll, *agreed])

    @property
    def meant(self) -> list[Person]:
        """Whose PIN, or whose death, a text from the number may tell: also everybody whom a helper there helps."""
        return _each_once([*self._on_roll, *helpers.helped_from(self.session, self.rt.keys, self.number)])

    @property
    def person(self) -> Person | None:
        """Who is reached at the number, when that is one person."""
        reached = self.reached
        return reached[0] if len(reached) == 1 else None

    @property
    def _on_roll(self) -> list[Person]:
        return people.people_at(self.session, self.rt.keys, self.number)

    def region(self, person: Person | None) -> Region:
        """The region of whoever is spoken of; else the one that all who may be meant live in; else the default."""
        codes = {one.region for one in ([person] if person else self.meant)}
        return self.rt.regions[codes.pop()] if len(codes) == 1 else self.rt.regions.default

    def dialect(self, person: Person | None) -> str:
        """The dialect of the answer: the person's, else the number's, else the first of the region."""
        own = person.dialect if person else None
        return own or people.dialect_of(self.session, self.rt.keys, self.number) or self.region(person).dialects[0]

    def phone(self, person: Person | None) -> Phone | None:
        """The telephone of the roll that has the number, where that opens: the person's, else anybody's."""
        here = select(Phone).where(Phone.number_index.in_(self.rt.keys.indexes(self.number, seals.PHONE)))
        rows = self.session.scalars(here.order_by(Phone.id))
        return self._first([one for one in rows if self._is_at(one.number_sealed, seals.phone(one.id))], person)

    def helper(self, person: Person | None) -> Helper | None:
        """The helper who has the number, where that opens: the person's, else anybody's."""
        indexes = self.rt.keys.indexes(self.number, seals.HELPER)
        here = select(Helper).where(Helper.number_index.in_(indexes), Helper.ended_at.is_(None))
        rows = self.session.scalars(here.order_by(Helper.id))
        context = seals.helper_number
        return self._first(
            [one for one in rows if self._is_at(one.number_sealed, context(one.id, one.person_id))], person
        )

    def _is_at(self, sealed: bytes, context: str) -> bool:
        try:
            return self.rt.keys.open(sealed, context).decode() == self.number
        except SealBroken as error:
            logger.error("the number of text %s cannot be read where it is on record: %s", self.text.id, error)
            return False

    def holder(self, person: Person) -> str:
        """Whose telephone it is to this person: their own (self), a relative's, or a helper's."""
        indexes = self.rt.keys.indexes(self.number, seals.PHONE)
        theirs = select(Phone.holder).where(Phone.person_id == person.id, Phone.number_index.in_(indexes))
        return self.session.scalars(theirs.order_by(Phone.id)).first() or "helper"

    @staticmethod
    def _first(rows: list[Found], person: Person | None) -> Found | None:
        theirs = [one for one in rows if person is not None and one.person_id == person.id]
        return next(iter(theirs or rows), None)

    def readable(self, found: Iterable[Person]) -> list[Person]:
        """Those of these people whose record opens; for each of the others a human gets a case."""
        return [one for one in found if self._opens(one)]

    def _opens(self, person: Person) -> bool:
        try:
            certifying.dates(self.rt, person)
        except SealBroken as error:
            logger.error("the record of person %s cannot be read, text %s: %s", person.id, self.text.id, error)
        else:
            return True
        now, about = self.rt.now(), f"person:{person.id}"
        journal.write(self.session, now, ACTOR, "record found unreadable", about, text=self.text.id)
        cause = f"{CaseKind.UNREADABLE}:{person.id}"
        self._ask(CaseKind.UNREADABLE, cause, person, {"text": self.text.id, "dialect": self.dialect(person)})
        return False

    def earlier(self) -> list[Text]:
        """What came from the number in the day before this text, the latest first."""
        since = self.text.received_at - DAY
        before = select(Text).where(written_at(self.rt, self.number), Text.id != self.text.id)
        return list(self.session.scalars(before.where(Text.received_at > since).order_by(Text.received_at.desc())))

    def ask_a_human(self, kind: CaseKind, why: str) -> Case:
        """A case for whoever wrote, one a day for the number while it waits; where it was decided, a new one."""
        person = self.person
        detail = {"text": self.text.id, "why": why, "dialect": self.dialect(person)}
        return self._ask(kind, self._today(kind), person, detail)

    def ask_at_once(self, kind: CaseKind, person: Person | None) -> Case:
        """A case that goes before others, about this person or whoever wrote; one a day as well."""
        cause = f"{self._today(kind)}:{person.id}" if person else self._today(kind)
        detail = {"text": self.text.id, "first": True, "dialect": self.dialect(person)}
        return self._ask(kind, cause, person, detail)

    def _today(self, kind: CaseKind) -> str:
        index, day = self.rt.keys.index(self.number, seals.TEXTING), day_of(self.rt.now())
        return f"{kind}:text:{index[:32]}:{day}"

    def _ask(self, kind: CaseKind, cause: str, person: Person | None, detail: dict[str, Any]) -> Case:
        there = cases.of(self.session, cause)
        if there is not None and there.decided_at is not None:
            cause = f"{cause}:{self.text.id[:8]}"
        return cases.open_case(self.session, self.rt, kind=kind, cause=cause, person=person, detail=detail, actor=ACTOR)


def written_at(rt: Runtime, number: str) -> ColumnElement[bool]:
    """In a query of texts: which came from this number."""
    return Text.from_index.in_(rt.keys.indexes(number, seals.TEXTING))


def _each_once(found: Iterable[Person]) -> list[Person]:
    return list({one.id: one for one in found}.values())
