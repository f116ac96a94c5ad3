"""One-time codes in reminders, for whoever has no PIN: good once, from the number that the reminder went to."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from certification import guesses, journal, seals
from certification.keys import KeyRing
from certification.runtime import Runtime
from certification.store import Message, Person, ReplyCode, insert_once

DIGITS = 6
VALID = timedelta(days=7)
KNOWN = timedelta(days=60)  # so long a code that is over is still known as one, and not taken for a wrong PIN


def issue(session: Session, rt: Runtime, message: Message, person: Person, e164: str) -> str:
    """A fresh code for this message to this number, good once within a week; another for the same message ends it.

    It is kept as a blind index together with its message, so that it can be found neither in the database nor again.
    """
    now, waiting = rt.now(), _at(session, rt.keys, e164, ReplyCode.expires_at > rt.now())
    code = _draw(rt)
    while _fitting(rt.keys, waiting, code):  # two people may share the number: a code says who
        code = _draw(rt)
    values = {
        "person_id": person.id,
        "number_index": rt.keys.index(e164, seals.PHONE),
        "code_index": rt.keys.index(_bound(message.id, code), seals.CODE),
        "expires_at": now + VALID,
        "used_at": None,
    }
    if not insert_once(session, ReplyCode, message_id=message.id, **values):
        session.execute(update(ReplyCode).where(ReplyCode.message_id == message.id).values(**values))
    journal.write(session, now, "text", "reply code issued", f"person:{person.id}", message=message.id)
    return code


def check(session: Session, rt: Runtime, e164: str, digits: str) -> Person | None:
    """Who was sent this code at this number; it is used up. None for a wrong one, and for any after too many.

    Guesses are counted for the number, and only where a code waits.
    """
    if not (waiting := _waiting(session, rt, e164)):
        return None
    return guesses.guess(session, rt, guesses.REPLY, e164, lambda: _use(session, rt, waiting, digits))


def waits(session: Session, rt: Runtime, e164: str) -> bool:
    """Whether a code that was sent to this number is still good."""
    return bool(_waiting(session, rt, e164))


def over(session: Session, rt: Runtime, e164: str, digits: str) -> Person | None:
    """Who was sent this code at this number a while ago, when it is used or too old."""
    found = _fitting(rt.keys, _at(session, rt.keys, e164, ReplyCode.expires_at > rt.now() - KNOWN), digits)
    gone = [one for one in found if one.used_at is not None or one.expires_at <= rt.now()]
    return session.get(Person, gone[0].person_id) if gone else None


def _draw(rt: Runtime) -> str:
    return f"{rt.random.randrange(10**DIGITS):0{DIGITS}d}"


def _bound(message_id: str, code: str) -> str:
    return f"{message_id}:{code}"


def _waiting(session: Session, rt: Runtime, e164: str) -> list[ReplyCode]:
    return _at(session, rt.keys, e164, ReplyCode.expires_at > rt.now(), ReplyCode.used_at.is_(None))


def _at(session: Session, keys: KeyRing, e164: str, *which: ColumnElement[bool]) -> list[ReplyCode]:
    here = select(ReplyCode).where(ReplyCode.number_index.in_(keys.indexes(e164, seals.PHONE)), *which)
    return list(session.scalars(here.execution_options(populate_existing=True)))


def _fitting(keys: KeyRing, codes: Iterable[ReplyCode], digits: str) -> list[ReplyCode]:
    """Those that these digits are; every one is compared to its end, so that the time taken tells nothing."""
    compared = [(one, _same(keys, one, digits)) for one in codes]
    return [one for one, same in compared if same]


def _same(keys: KeyRing, code: ReplyCode, digits: str) -> bool:
    candidates = keys.indexes(_bound(code.message_id, digits), seals.CODE)
    return sum(hmac.compare_digest(code.code_index, one) for one in candidates) > 0


def _use(session: Session, rt: Runtime, waiting: list[ReplyCode], digits: str) -> Person | None:
    for code in _fitting(rt.keys, waiting, digits):
        mine = update(ReplyCode).where(ReplyCode.message_id == code.message_id, ReplyCode.used_at.is_(None))
        person_id = session.scalar(mine.values(used_at=rt.now()).returning(ReplyCode.person_id))
        if person_id is not None:
            facts = {"message": code.message_id}
            journal.write(session, rt.now(), "text", "reply code used", f"person:{person_id}", **facts)
            return session.get_one(Person, person_id)
    return None
