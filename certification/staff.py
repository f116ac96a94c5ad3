"""Staff who prove who they are: a password and a one-time code, wrong tries counted, locked and journalled."""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from certification import doors, journal, seals
from certification.errors import Problem
from certification.keys import KeyRing, SealBroken
from certification.people import NAME_LENGTH, NameMissing
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.store import Agent, ProviderAccount, Staff, insert_once, new_id

LEAST_PASSWORD = 12
_STEP_S = 30  # RFC 6238; a clock may be a step behind or ahead
_ISSUER = "stillhere"
_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)  # as certification.pins
_NOBODY = _HASHER.hash("nobody has this name")


class Role(StrEnum):
    """What somebody's account is for."""

    CLERK = "clerk"
    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    AGENT = "agent"  # of an employer, agency or community: certifies its own people
    VISITOR = "visitor"  # goes to people's homes
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class PasswordTooShort(Problem):
    """A password that could be searched for."""

    def __init__(self) -> None:
        super().__init__(
            f"密码至少要有 {LEAST_PASSWORD} 个字符，可用几个不相干的词连成一句。",
            f"A password has at least {LEAST_PASSWORD} characters; a few unrelated words will do.",
        )


class PasswordsDiffer(Problem):
    """The new password was not typed the same way twice."""

    def __init__(self) -> None:
        super().__init__(
            "两次输入的新密码不一样，没有更改。", "The new password was not the same both times; nothing changed."
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
            f"错误次数过多，这里到 {here:%Y-%m-%d %H:%M} 不能再登录这个账号；别处不受影响。",
            f"Too many wrong tries: from here, the account is locked until {here:%Y-%m-%d %H:%M}, Shanghai time.",
        )


class CodeWrong(Problem):
    """The one-time code is not that of this moment."""

    def __init__(self) -> None:
        super().__init__(
            "动态码不对，或已用过；请等下一个动态码再试。",
            "The code is wrong, or was used before; try again with the next one.",
        )


@dataclass(frozen=True, slots=True)
class Proven:
    """Somebody who just proved who they are; made by prove() and vouched() alone.

    `region`, `agent_id`: whose people alone they see; None: everybody's.
    """

    staff_id: str
    name: str
    role: Role
    region: str | None = None
    agent_id: str | None = None


class AgentMissing(Problem):
    """An account of a certifying agent says of which, and no other does."""

    def __init__(self) -> None:
        super().__init__(
            "代办机构的账号要写明是哪一家（--agent），别的账号不写。",
            "An account of a certifying agent says of which (--agent), and no other account does.",
        )


def add(
    session: Session,
    rt: Runtime,
    *,
    name: str,
    role: Role,
    password: str,
    by: str,
    region: str | None = None,
    agent: Agent | None = None,
) -> str:
    """Open an account; its otpauth URI, to be scanned once and kept nowhere else.

    `region`: whose people alone it is for. Raises NameMissing, PasswordTooShort, NameTaken, AgentMissing.
    """
    name = plain(name)
    if not 0 < len(name) <= NAME_LENGTH:
        raise NameMissing
    if len(password) < LEAST_PASSWORD:
        raise PasswordTooShort
    if (role is Role.AGENT) != (agent is not None):
        raise AgentMissing
    staff_id = new_id()
    secrets, uri = fresh(rt, staff_id, name, password)
    region = region if agent is None else agent.region
    new = insert_once(
        session,
        Staff,
        id=staff_id,
        name=name,
        role=role.value,
        region=region,
        agent_id=None if agent is None else agent.id,
        **secrets,
        added_at=rt.now(),
    )
    if not new:
        raise NameTaken(name)
    facts = {"name": name, "role": role.value, "region": region}
    journal.write(session, rt.now(), by, "staff added", f"staff:{staff_id}", **facts)
    return uri


def fresh(rt: Runtime, staff_id: str, name: str, password: str) -> tuple[dict[str, Any], str]:
    """What an account is kept with that nobody used yet, and its otpauth URI."""
    secret = pyotp.random_base32()
    sealed = rt.keys.seal(secret.encode(), seals.totp(staff_id))
    uri = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=_ISSUER)
    return {"password_hash": _HASHER.hash(password), "totp_sealed": sealed, "used_step": 0}, uri


def close(session: Session, rt: Runtime, name: str, by: str) -> None:
    """Close an account; its signatures under lists not yet released hold no more. Raises NameUnknown."""
    still_open = update(Staff).where(Staff.name == plain(name), Staff.closed_at.is_(None))
    closed = session.scalar(still_open.values(closed_at=rt.now()).returning(Staff.id))
    if closed is None:
        raise NameUnknown(name)
    session.execute(delete(ProviderAccount).where(ProviderAccount.staff_id == closed))
    journal.write(session, rt.now(), by, "staff closed", f"staff:{closed}", name=plain(name))


def named(session: Session, staff_id: str) -> str:
    """Whose account this is."""
    return session.get_one(Staff, staff_id).name


def listed(session: Session) -> list[Staff]:
    """Every account that is open, by name."""
    return list(session.scalars(select(Staff).where(Staff.closed_at.is_(None)).order_by(Staff.name)))


def change_password(session: Session, rt: Runtime, who: Proven, password: str) -> None:
    """Give somebody who just proved who they are another password. Raises PasswordTooShort."""
    if len(password) < LEAST_PASSWORD:
        raise PasswordTooShort
    session.execute(update(Staff).where(Staff.id == who.staff_id).values(password_hash=_HASHER.hash(password)))
    journal.write(session, rt.now(), who.name, "password changed", f"staff:{who.staff_id}")


def prove(
    session: Session, rt: Runtime, name: str, password: str, code: str, at: Sequence[str] = doors.CLI
) -> Proven | Problem:
    """Whether these are this person's password and a one-time code not used before; the refusal, counted, if not.

    `at`: the doors through which they come, see certification.doors. Five wrong tries in a row lock a door to the
    account for 15 minutes, the next five for 30, and so on. The try is counted before it is looked at, and the work is
    the same whoever is named. Commit in either case.
    """
    now = rt.now()
    account = session.scalars(select(Staff).where(Staff.name == plain(name), Staff.closed_at.is_(None))).first()
    locked = None if account is None else doors.locked(session, account.id, at, now)
    counted = None if account is None or locked else doors.knock(session, account.id, at, now)
    right = _matches(_NOBODY if account is None else account.password_hash, password)
    if account is None or counted is None:
        journal.write(session, now, "staff", "sign-in refused", f"staff:{account.id if account else 'unknown'}")
        return NotProven() if locked is None else AccountLocked(locked)
    right = right and _use_code(session, account.id, _secret(rt.keys, account.id, account.totp_sealed), code, now)
    return _let_in(session, account, at) if right else _count(session, now, account, at, counted)


def vouched(
    session: Session, rt: Runtime, staff_id: str, code: str | None, at: Sequence[str] = doors.CLI
) -> Proven | Problem:
    """Whether somebody whose password a provider asked for may come in; the refusal, counted, if not.

    `code`: a one-time code of ours, counted as in prove(); None where the provider asked for a second factor as well.
    Then there is nothing to guess: no try is counted and no count is forgotten, but a locked door is locked to them,
    too. Commit in either case.
    """
    now = rt.now()
    account = session.scalars(select(Staff).where(Staff.id == staff_id, Staff.closed_at.is_(None))).first()
    if account is None:
        return NotProven()
    locked = doors.locked(session, account.id, at, now)
    if locked is None and code is None:
        return _proven(account)
    counted = None if locked else doors.knock(session, account.id, at, now)
    if code is None or counted is None:
        journal.write(session, now, "staff", "sign-in refused", f"staff:{account.id}", how="oidc")
        return NotProven() if locked is None else AccountLocked(locked)
    if _use_code(session, account.id, _secret(rt.keys, account.id, account.totp_sealed), code, now):
        return _let_in(session, account, at)
    refused = _count(session, now, account, at, counted)
    return CodeWrong() if isinstance(refused, NotProven) else refused


def _proven(account: Staff) -> Proven:
    return Proven(account.id, account.name, Role(account.role), account.region, account.agent_id)


def _let_in(session: Session, account: Staff, at: Sequence[str]) -> Proven:
    doors.let_in(session, account.id, at)
    return _proven(account)


def _count(session: Session, now: datetime, account: Staff, at: Sequence[str], counted: dict[str, int]) -> Problem:
    """Journal a wrong try, and lock the doors at which it was one too many."""
    facts = {"door": at[0].partition(":")[0], "wrong": counted[at[0]]}
    journal.write(session, now, account.name, "sign-in refused", f"staff:{account.id}", **facts)
    until = doors.lock(session, account.id, counted, now)
    if until is None:
        return NotProven()
    journal.write(session, now, account.name, "staff locked", f"staff:{account.id}", until=until.isoformat())
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


def plain(name: str) -> str:
    """A name as it is compared: one writing for what looks the same, without spaces around."""
    return " ".join(unicodedata.normalize("NFKC", name).split())
