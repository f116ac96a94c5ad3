"""PINs: six digits, kept as a hash over a sealed secret, with one counter of wrong tries for line and text."""

from __future__ import annotations

import hmac
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from certification import journal, people, seals
from certification.errors import Problem
from certification.identity import ResidentNumber
from certification.keys import KeyRing, SealBroken
from certification.runtime import Runtime
from certification.store import Person, Pin, insert_once

logger = logging.getLogger(__name__)

TRIES = 5
FIRST_LOCK = timedelta(hours=1)
_LONGEST = 10  # the lock doubles at most this often: 1024 hours
_PEPPER_BYTES = 32

# argon2id with 19 MiB and two passes: the least that OWASP's password storage notes recommend. What it is given is
# already an HMAC under a secret that is sealed beside it, so that a stolen database alone cannot be searched through a
# million PINs, and a new key of the ring needs nobody's PIN.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_NOBODY = _HASHER.hash("no PIN is set")


class PinMalformed(Problem):
    """A PIN has six digits."""

    def __init__(self) -> None:
        super().__init__("密码应为六位数字，请重新设置。", "A PIN has six digits; please choose again.")


class PinTooEasy(Problem):
    """A PIN that others would guess first."""

    def __init__(self) -> None:
        super().__init__(
            "这个密码太容易被猜到，请不要用重复或连续的数字、生日或身份证号中的数字。",
            "This PIN is easily guessed; avoid repeated or consecutive digits, the birthday, the identity number.",
        )


class PinsDiffer(Problem):
    """The PIN was not typed the same way twice."""

    def __init__(self) -> None:
        super().__init__("两次输入的密码不一样，没有设置。", "The PIN was not the same both times, and is not set.")


@dataclass(frozen=True, slots=True)
class Right:
    """The PIN is the person's."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """It is not; so many tries are left before a lock."""

    left: int


@dataclass(frozen=True, slots=True)
class Locked:
    """Too many wrong tries; none is looked at before this moment."""

    until: datetime


@dataclass(frozen=True, slots=True)
class NotSet:
    """The person has no PIN."""


@dataclass(frozen=True, slots=True)
class Whose:
    """The PIN is this person's, and of nobody else of those it was held against."""

    person: Person


@dataclass(frozen=True, slots=True)
class Several:
    """More than one of them has this PIN: it does not say who it was."""


PinResult = Right | Wrong | Locked | NotSet
Among = Whose | Several | Wrong | Locked | NotSet


def set_pin(session: Session, rt: Runtime, person: Person, pin: str, by: str) -> None:
    """Set or replace the person's PIN, and forget wrong tries. Raises PinMalformed or PinTooEasy."""
    if not (pin.isascii() and pin.isdigit() and len(pin) == 6):
        raise PinMalformed
    if easy(pin, people.number_of(rt.keys, person)):
        raise PinTooEasy
    fresh = {**_hashed(rt, person, pin), "set_at": rt.now()}
    if not insert_once(session, Pin, person_id=person.id, wrong_in_row=0, **fresh):
        mine = update(Pin).where(Pin.person_id == person.id)
        session.execute(mine.values(wrong_in_row=0, locked_until=None, **fresh))
    journal.write(session, rt.now(), by, "PIN set", f"person:{person.id}")


def is_set(session: Session, person: Person) -> bool:
    """Whether the person has a PIN."""
    return session.get(Pin, person.id) is not None


def easy(pin: str, number: ResidentNumber) -> bool:
    """Whether others would guess this PIN first."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    repeated = pin in {pin[:1] * 6, pin[:2] * 3, pin[:3] * 2}
    born = number.birth_date
    birthdays = {f"{born:%d%m%y}", f"{born:%m%d%y}", f"{born:%y%d%m}"}
    return steps <= {1} or steps <= {9} or repeated or pin in birthdays or pin in number.text


def check(session: Session, rt: Runtime, person: Person, typed: str) -> PinResult:
    """Whether `typed` is the person's PIN. Five wrong in a row lock it for an hour, the next five for two, and on."""
    answer = check_among(session, rt, [person], typed)
    return Right() if isinstance(answer, Whose | Several) else answer


def check_among(session: Session, rt: Runtime, people: Sequence[Person], typed: str, actor: str = "line") -> Among:
    """Whose PIN of these people's `typed` is; on a telephone that several share, the PIN says who.

    The try is counted before it is looked at, by compare-and-set, so that tries at the same time are all counted; and
    the work is the same whether there is a PIN, a lock, or neither. Only what fits nobody stays counted, once for each;
    a right one ends the count of its owner alone. Who is locked is not looked at, and said before a wrong try is.
    """
    now = rt.now()
    tried = [(one, _count(session, one, now)) for one in sorted(people, key=lambda one: one.id)]
    fits = [(one, row) for one, row in tried if _fits(rt.keys, one, row, typed) and row is not None]
    if not fits:
        return _worst([_settle(session, rt, one, row, actor) for one, row in tried])
    owner = fits[0][0] if len(fits) == 1 else None
    for one, row in tried:
        if row is not None and one is not owner:
            mine = update(Pin).where(Pin.person_id == one.id, Pin.wrong_in_row > 0)
            session.execute(mine.values(wrong_in_row=Pin.wrong_in_row - 1))
    if owner is None:
        return Several()
    mine = update(Pin).where(Pin.person_id == owner.id)
    session.execute(mine.values(wrong_in_row=0, locked_until=None))
    row = fits[0][1]
    if row.pepper_sealed is None:
        session.execute(mine.where(Pin.hash == row.hash).values(**_hashed(rt, owner, typed)))
    return Whose(owner)


def _count(session: Session, person: Person, now: datetime) -> Any:
    """Count a try at the person's PIN; None where there is none to look at, or a lock."""
    unlocked = update(Pin).where(Pin.person_id == person.id, or_(Pin.locked_until.is_(None), Pin.locked_until <= now))
    counted = unlocked.values(wrong_in_row=Pin.wrong_in_row + 1)
    return session.execute(counted.returning(Pin.wrong_in_row, Pin.hash, Pin.pepper_sealed)).first()


def _fits(keys: KeyRing, person: Person, row: Any, typed: str) -> bool:
    pepper = _pepper(keys, person, row.pepper_sealed if row else None)
    return _matches(row.hash if row else _NOBODY, [_peppered(pepper, typed), *_keyed(keys, person, typed)])


def _settle(session: Session, rt: Runtime, person: Person, row: Any, actor: str) -> Wrong | Locked | NotSet:
    """What a try came to that fits nobody."""
    if row is None:
        pin = session.get(Pin, person.id, populate_existing=True)
        return Locked(pin.locked_until) if pin is not None and pin.locked_until is not None else NotSet()
    if row.wrong_in_row % TRIES:
        return Wrong(TRIES - row.wrong_in_row % TRIES)
    until = rt.now() + FIRST_LOCK * 2 ** min(row.wrong_in_row // TRIES - 1, _LONGEST)
    session.execute(update(Pin).where(Pin.person_id == person.id).values(locked_until=until))
    journal.write(session, rt.now(), actor, "PIN locked", f"person:{person.id}", wrong=row.wrong_in_row)
    return Locked(until)


def _worst(came: list[Wrong | Locked | NotSet]) -> Wrong | Locked | NotSet:
    """What is said of them all: a lock, and when the first one ends; else how many tries are left at least.

    Were somebody who is locked told that tries are left, they would lock the others, try by try.
    """
    locks = [one.until for one in came if isinstance(one, Locked)]
    left = [one.left for one in came if isinstance(one, Wrong)]
    if locks:
        return Locked(min(locks))
    return Wrong(min(left)) if left else NotSet()


def _hashed(rt: Runtime, person: Person, pin: str) -> dict[str, object]:
    """The columns of a PIN under a fresh pepper."""
    pepper = secrets.token_bytes(_PEPPER_BYTES)
    sealed = rt.keys.seal(pepper, seals.pepper(person.id))
    return {"hash": _HASHER.hash(_peppered(pepper, pin)), "pepper_sealed": sealed}


def _peppered(pepper: bytes, pin: str) -> str:
    return hmac.digest(pepper, pin.encode(), sha256).hex()


def _pepper(keys: KeyRing, person: Person, sealed: bytes | None) -> bytes:
    """The secret of a PIN; where there is none, or none that opens, one under which no PIN is right."""
    try:
        if sealed is not None:
            return keys.open(sealed, seals.pepper(person.id))
    except SealBroken as error:
        logger.error("the PIN of person %s cannot be checked: %s", person.id, error)
    return secrets.token_bytes(_PEPPER_BYTES)


def _keyed(keys: KeyRing, person: Person, pin: str) -> list[str]:
    """What a PIN of before 2026-11-27 was hashed as, under each key; tried for every PIN, or the time would tell."""
    return keys.indexes(f"{person.id}:{pin}", "pins")


def _matches(kept: str, keyed: list[str]) -> bool:
    """Whether the hash was made of any of these; all are tried, so that the time taken tells nothing."""
    return sum(_verify(kept, candidate) for candidate in keyed) > 0


def _verify(kept: str, candidate: str) -> bool:
    try:
        return _HASHER.verify(kept, candidate)
    except VerifyMismatchError:
        return False
