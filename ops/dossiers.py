"""What a human needs in order to see to a case: whom it is about, where they are reached, and what they wrote."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import helpers, journal, people, seals
from certification.keys import SealBroken
from certification.runtime import Runtime
from certification.store import Call, Case, Person, Phone, Text
from sms.digits import hidden

logger = logging.getLogger(__name__)

BEFORE = timedelta(days=1)
MOST = 20
"""So many texts of a number are shown, the latest."""
LONGEST = 500
ERASED = "（已删除 erased）"
"""Instead of what somebody wrote so long ago that it is kept no more: in a dossier that is a file."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A telephone, and whose it is: self, relative, a helper's relation, or whoever wrote or called."""

    number: str | None = field(repr=False)  # None: it does not open
    whose: str


@dataclass(frozen=True, slots=True)
class Written:
    """A text, as it came but for a PIN or a code, and what it was taken for; `erased`: it is kept no more."""

    at: datetime
    body: str | None = field(repr=False)
    read: str
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Dossier:
    """What is known for a case. `name`: None where the case is of nobody on the roll, or it does not open."""

    name: str | None = field(repr=False)
    dialect: str | None
    telephones: list[Reached]
    texts: list[Written]


def of(session: Session, rt: Runtime, case: Case, by: str) -> Dossier:
    """The dossier of a case, for somebody who has to see to it: that they looked is journalled."""
    journal.write(session, rt.now(), by, "case shown", f"case:{case.id}", kind=case.kind)
    person = session.get(Person, case.person_id) if case.person_id else None
    text = session.get(Text, str(case.detail.get("text", "")))
    found = [*_from(session, rt, case, text), *(_of(session, rt, person) if person else [])]
    spoken = person.dialect if person and person.dialect else case.detail.get("dialect")
    return Dossier(
        _opened(lambda: people.reveal(rt.keys, person).name) if person else None,
        spoken,
        list({(one.number or object()): one for one in reversed(found)}.values())[::-1],
        _texts(session, rt, case, text) if text else [],
    )


def _from(session: Session, rt: Runtime, case: Case, text: Text | None) -> list[Reached]:
    """The telephone that wrote or called."""
    found, call = list[Reached](), session.get(Call, case.call_id) if case.call_id else None
    if text is not None:
        found.append(Reached(_unsealed(rt, text.from_sealed, seals.writer(text.id)), "writer"))
    if call is not None and call.from_sealed is not None:
        found.append(Reached(_unsealed(rt, call.from_sealed, seals.caller(call.id)), "caller"))
    return found


def _of(session: Session, rt: Runtime, person: Person) -> list[Reached]:
    """The person's telephones, and those of whoever helps them."""
    rows = session.scalars(select(Phone).where(Phone.person_id == person.id).order_by(Phone.holder.desc(), Phone.id))
    own = [Reached(_unsealed(rt, one.number_sealed, seals.phone(one.id)), one.holder) for one in rows]
    try:
        return own + [Reached(one.number, one.helper.relation) for one in helpers.declared(session, rt, person)]
    except SealBroken as error:
        logger.error("the helpers of person %s cannot be read: %s", person.id, error)
        return own


def _texts(session: Session, rt: Runtime, case: Case, text: Text) -> list[Written]:
    """What came from the number from a day before the case on, in that order."""
    mine = (Text.from_index == text.from_index, Text.received_at > case.opened_at - BEFORE)
    rows = session.scalars(select(Text).where(*mine).order_by(Text.received_at.desc()).limit(MOST)).all()
    return [Written(one.received_at, _body(rt, one), one.read, one.body_sealed is None) for one in reversed(rows)]


def _body(rt: Runtime, text: Text) -> str | None:
    if text.body_sealed is None:
        return ERASED
    body = _unsealed(rt, text.body_sealed, seals.body(text.id))
    return None if body is None else hidden(body)[:LONGEST]


def _unsealed(rt: Runtime, sealed: bytes, context: str) -> str | None:
    return _opened(lambda: rt.keys.open(sealed, context).decode("utf-8", "replace"))


def _opened(what: Callable[[], str]) -> str | None:
    try:
        return what()
    except SealBroken as error:
        logger.error("something that belongs to a case cannot be read: %s", error)
        return None
