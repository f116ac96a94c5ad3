"""Staff who prove who they are: a password and a one-time code, wrong tries counted, locked and journalled."""

from __future__ import annotations

import hmac
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from certification import journal, seals
from certification.errors import Problem
from certification.keys import KeyRing, SealBroken
from certification.people import NAME_LENGTH, NameMissing
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.store import Staff, insert_once, new_id

LEAST_PASSWORD = 12
TRIES = 5
FIRST_LOCK = timedelta(minutes=15)
_LONGEST = 10  # the lock doubles at most this often
_STEP_S = 30  # RFC 6238; a clock may be a step behind or ahead
_ISSUER = "stillhere"
_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)  # as certification.pins
_NOBODY = _HASHER.hash("nobody has this name")


class Role(StrEnum):
    """What somebody's account is for."""

    CLERK = "clerk"
    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class PasswordTooShort(Problem):
    """A password that could be searched for."""

    def __init__(self) -> None:
        super().__init__(
            f"密码至少要有 {LEAST_PASSWORD} 个字符，可用几个不相干的词连成一句。",
            f"A password has at least {LEAST_PASSWORD} characters; a few unrelated words will do.",
        )


class NameTaken(Problem):
    """An account of this name exists, or existed; names are never given again, since signatures bear them."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"账号“{name}”已存在或曾存在，姓名不重复使用，请加上工号。",
            f"The account {name} exists or existed, and names are not given twice; add a staff number.",
        )


class NameUnknown(Problem):
    """There is no open account of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"没有在用的账号“{name}”。", f"There is no open account {name}.")


class NotProven(Problem):
    """Name, password and code do not belong together; which of them is wrong is not said."""

    def __init__(self) -> None:
        super().__init__(
            "账号、密码或动态码不对，或动态码已用过；请等下一个动态码再试。",
            "Name, password or code is wrong, or the code was used before; try again with the next code.",
        )


class AccountLocked(Problem):
    """Too many wrong tries."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        here = until.astimezone(SHANGHAI)
        super().__init__(
            f"错误次数过多，账号锁定到 {here:%Y-%m-%d %H:%M}。",
            f"Too many wrong tries: the account is locked until {here:%Y-%m-%d %H:%M}, Shanghai time.",
        )


@dataclass(frozen=True, slots=True)
class Proven:
    """Somebody who just proved who they are; made by prove() alone."""

    staff_id: str
    name: str
    role: Role


def add(session: Session, rt: Runtime, *, name: str, role: Role, password: str, by: str) -> str:
    """Open an account; its otpauth URI, to be scanned once and kept nowhere else.

    Raises NameMissing, PasswordTooShort, NameTaken.
    """
    name = _plain(name)
    if not 0 < len(name) <= NAME_LENGTH:
        raise NameMissing
    if len(password) < LEAST_PASSWORD:
        raise PasswordTooShort
    staff_id, secret = new_id(), pyotp.random_base32()
    new = insert_once(
        session,
        Staff,
        id=staff_id,
        name=name,
        role=role.value,
        password_hash=_HASHER.hash(password),
        totp_sealed=rt.keys.seal(secret.encode(), seals.totp(staff_id)),
        used_step=0,
        wrong_in_row=0,
        added_at=rt.now(),
    )
    if not new:
        raise NameTaken(name)
    journal.write(session, rt.now(), by, "staff added", f"staff:{staff_id}", name=name, role=role.value)
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=_ISSUER)


def close(session: Session, rt: Runtime, name: str, by: str) -> None:
    """Close an account, for good; its signatures under lists not yet released hold no more. Raises NameUnknown."""
    still_open = update(Staff).where(Staff.name == _plain(name), Staff.closed_at.is_(None))
    closed = session.scalar(still_open.values(closed_at=rt.now()).returning(Staff.id))
    if closed is None:
        raise NameUnknown(name)
    journal.write(session, rt.now(), by, "staff closed", f"staff:{closed}", name=_plain(name))


def prove(session: Session, rt: Runtime, name: str, password: str, code: str) -> Proven | Problem:
    """Whether these are this person's password and a one-time code not used before; the refusal, counted, if not.

    Five wrong tries in a row lock the account for 15 minutes, the next five for 30, and so on. The try is counted
    before it is looked at, and the work is the same whoever is named. Commit in either case.
    """
    now = rt.now()
    mine = update(Staff).where(Staff.name == _plain(name), Staff.closed_at.is_(None))
    unlocked = mine.where(or_(Staff.locked_until.is_(None), Staff.locked_until <= now))
    columns = (Staff.id, Staff.name, Staff.role, Staff.password_hash, Staff.totp_sealed, Staff.wrong_in_row)
    row = session.execute(unlocked.values(wrong_in_row=Staff.wrong_in_row + 1).returning(*columns)).first()
    right = _matches(row.password_hash if row else _NOBODY, password)
    if row is None:
        known = session.execute(select(Staff.id, Staff.locked_until).where(Staff.name == _plain(name))).first()
        journal.write(session, now, "staff", "sign-in refused", f"staff:{known.id if known else 'unknown'}")
        locked = known.locked_until if known else None
        return AccountLocked(locked) if locked is not None and locked > now else NotProven()
    if right and _use_code(session, row.id, _secret(rt.keys, row.id, row.totp_sealed), code, now):
        session.execute(update(Staff).where(Staff.id == row.id).values(wrong_in_row=0, locked_until=None))
        return Proven(row.id, row.name, Role(row.role))
    journal.write(session, now, row.name, "sign-in refused", f"staff:{row.id}", wrong=row.wrong_in_row)
    if row.wrong_in_row % TRIES:
        return NotProven()
    until = now + FIRST_LOCK * 2 ** min(row.wrong_in_row // TRIES - 1, _LONGEST)
    session.execute(update(Staff).where(Staff.id == row.id).values(locked_until=until))
    journal.write(session, now, row.name, "staff locked", f"staff:{row.id}", until=until.isoformat())
    return AccountLocked(until)


def _use_code(session: Session, staff_id: str, secret: str | None, code: str, now: datetime) -> bool:
    """Whether the code is one of this moment, and none so new was used before; it is used up by it."""
    if secret is None:
        return False
    otp, present = pyotp.HOTP(secret), int(now.timestamp()) // _STEP_S
    good = [s for s in (present - 1, present, present + 1) if hmac.compare_digest(otp.at(s).encode(), code.encode())]
    if not good:
        return False
    unused = update(Staff).where(Staff.id == staff_id, Staff.used_step < good[0]).values(used_step=good[0])
    return session.scalar(unused.returning(Staff.id)) is not None


def _secret(keys: KeyRing, staff_id: str, sealed: bytes) -> str | None:
    try:
        return keys.open(sealed, seals.totp(staff_id)).decode()
    except SealBroken:
        return None


def _matches(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept, password)
    except VerificationError:
        return False


def _plain(name: str) -> str:
    """A name as it is compared: one writing for what looks the same, without spaces around."""
    return " ".join(unicodedata.normalize("NFKC", name).split())
