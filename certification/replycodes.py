"""One-time codes in reminders, for whoever has no PIN: good once, from the number that the reminder went to."""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, count

from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.orm import Session, aliased

from certification import guesses, journal, seals
from certification.keys import KeyRing
from certification.runtime import Runtime
from certification.store import Message, Person, ReplyCode, insert_into

DIGITS = 6
VALID = timedelta(days=7)
KNOWN = timedelta(days=60)  # so long a code that is over is still known as one, and not taken for a wrong PIN
_LOOKED_FOR = 20  # draws among which a message's code is found again: each after the first is one in ten thousands


@dataclass(frozen=True, slots=True)
class Drawn:
    """The code of a message, about a person and to a number (E.164)."""

    message_id: str
    person_id: str
    e164: str = field(repr=False)
    code: str = field(repr=False)


def draw(session: Session, rt: Runtime, to: Iterable[tuple[Message, str]]) -> dict[str, Drawn]:
    """The code of each of these messages, about a person and to that number (E.164); by message.

    It is worked out of a key and the message: whoever makes the text anew, as after a kill, comes to the same, and it
    stands nowhere. None fits another that is known at its number: two people may share it, and a code says who.
    """
    wanted = [(message, e164) for message, e164 in to if message.person_id is not None]
    kept = {one.message_id: one for one in session.scalars(_of([message.id for message, _ in wanted]))}
    known = _by_number(session, rt, [e164 for _, e164 in wanted])
    beside, drawn = defaultdict[str, set[str]](set), dict[str, Drawn]()
    for message, e164 in wanted:
        others = [one for one in known[e164] if one.message_id != message.id]
        code = _again(rt.keys, kept.get(message.id)) or _fresh(rt.keys, message.id, others, beside[e164])
        drawn[message.id] = Drawn(message.id, str(message.person_id), e164, code)
        beside[e164].add(code)
    return drawn


def keep(session: Session, rt: Runtime, drawn: Sequence[Drawn]) -> None:
    """Make these codes good, once each and for a week, as their messages are handed over.

    A code is kept as a blind index together with its message. One that is used stays so.
    """
    if not drawn:
        return
    expires = rt.now() + VALID
    rows = [
        {
            "message_id": one.message_id,
            "person_id": one.person_id,
            "number_index": rt.keys.index(one.e164, seals.PHONE),
            "code_index": rt.keys.index(_bound(one.message_id, one.code), seals.CODE),
            "expires_at": expires,
        }
        for one in drawn
    ]
    new = insert_into(session, ReplyCode)
    fresh = {name: new.excluded[name] for name in ("number_index", "code_index", "expires_at")}
    session.execute(new.on_conflict_do_update(index_elements=[ReplyCode.message_id], set_=fresh), rows)
    journal.write(session, rt.now(), "text", "reply codes issued", "texts", number=len(rows))


def check(session: Session, rt: Runtime, e164: str, digits: str) -> Person | None:
    """Who was sent this code at this number; it is used up. None for a wrong one, and for any after too many.

    Guesses are counted for the number, and only where a code waits.
    """
    if not (waiting := _waiting(session, rt, e164)):
        return None
    return guesses.guess(session, rt, guesses.REPLY, e164, lambda: _use(session, rt, waiting, digits))


def waits(session: Session, rt: Runtime, e164: str, person: Person | None = None) -> bool:
    """Whether a code that was sent to this number, to this person where one is named, is still good."""
    return any(person is None or one.person_id == person.id for one in _waiting(session, rt, e164))


def over(session: Session, rt: Runtime, e164: str, digits: str) -> Person | None:
    """Who was sent this code at this number a while ago, when it is used, too old, or another came after it."""
    known = _at(session, rt.keys, [e164], ReplyCode.expires_at > rt.now() - KNOWN)
    good = {one.message_id for one in _waiting(session, rt, e164)}
    found = _fitting(rt.keys, known, digits)
    if not found or any(one.message_id in good for one in found):
        return None
    return session.get(Person, found[0].person_id)


def ends(now: datetime) -> Select[datetime]:
    """When each of the codes that are still good ends: for so long they need the key that they were worked out with."""
    return select(ReplyCode.expires_at).where(ReplyCode.expires_at > now, ReplyCode.used_at.is_(None))


def _of(message_ids: Iterable[str]) -> Select[ReplyCode]:
    return select(ReplyCode).where(ReplyCode.message_id.in_(message_ids))


def _again(keys: KeyRing, kept: ReplyCode | None) -> str | None:
    """The code that is kept for a message, found among those that may be drawn for it."""
    if kept is None:
        return None
    may_be = chain.from_iterable(_drawn(keys, kept.message_id, number) for number in range(_LOOKED_FOR))
    return next((code for code in may_be if _same(keys, kept, code)), None)


def _fresh(keys: KeyRing, message_id: str, others: Sequence[ReplyCode], beside: set[str]) -> str:
    may_be = (_drawn(keys, message_id, number)[0] for number in count())
    return next(code for code in may_be if code not in beside and not _fitting(keys, others, code))


def _drawn(keys: KeyRing, message_id: str, number: int) -> list[str]:
    """What a message's code is at this draw, by each key, the newest first."""
    return [f"{int(index, 16) % 10**DIGITS:0{DIGITS}d}" for index in keys.indexes(f"{message_id}:{number}", seals.DRAW)]


def _bound(message_id: str, code: str) -> str:
    return f"{message_id}:{code}"


def _waiting(session: Session, rt: Runtime, e164: str) -> list[ReplyCode]:
    good = (ReplyCode.expires_at > rt.now(), ReplyCode.used_at.is_(None), ~_replaced())
    return _at(session, rt.keys, [e164], *good)


def _replaced() -> ColumnElement[bool]:
    """In a query of codes: whether a carrier took a message with a later one to the same person."""
    later = aliased(ReplyCode)
    taken = select(later.message_id).join(Message, Message.id == later.message_id)
    mine = (later.person_id == ReplyCode.person_id, later.expires_at > ReplyCode.expires_at)
    return taken.where(*mine, Message.sent_at.is_not(None)).exists()


def _at(session: Session, keys: KeyRing, numbers: Iterable[str], *which: ColumnElement[bool]) -> list[ReplyCode]:
    indexes = [index for e164 in numbers for index in keys.indexes(e164, seals.PHONE)]
    here = select(ReplyCode).where(ReplyCode.number_index.in_(indexes), *which)
    return list(session.scalars(here.execution_options(populate_existing=True)))


def _by_number(session: Session, rt: Runtime, numbers: Iterable[str]) -> dict[str, list[ReplyCode]]:
    """What is known at each of these numbers."""
    by_index = {index: e164 for e164 in numbers for index in rt.keys.indexes(e164, seals.PHONE)}
    found = dict[str, list[ReplyCode]]((e164, []) for e164 in by_index.values())
    for one in _at(session, rt.keys, found, ReplyCode.expires_at > rt.now() - KNOWN):
        found[by_index[one.number_index]].append(one)
    return found


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
