"""Accounts at an OpenID Connect provider, bound to ours by the administrator: it says who comes, never what they may.

Nobody is registered by coming, and nobody is known by a name or an address of theirs: `sub` alone is for good.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from certification import journal, signins
from certification.errors import Problem
from certification.runtime import Runtime
from certification.staff import NameUnknown, plain
from certification.store import ProviderAccount, Staff, insert_once

LONGEST = 255  # characters of a `sub`: OpenID Connect Core, section 2


class ProviderAbsent(Problem):
    """There is no provider to bind an account of."""

    def __init__(self) -> None:
        super().__init__(
            "没有设置统一登录，请先设置 OIDC_ISSUER。", "There is no OpenID Connect provider; set OIDC_ISSUER first."
        )


class SubUnusable(Problem):
    """What is to be the provider's name of somebody cannot be one."""

    def __init__(self) -> None:
        super().__init__(
            f"统一登录编号（sub）应有 1 到 {LONGEST} 个 ASCII 字符，请照统一登录处所写的抄。",
            f"The provider's identifier (sub) has 1 to {LONGEST} ASCII characters; copy it as the provider has it.",
        )


class SubTaken(Problem):
    """This account at the provider is somebody else's here."""

    def __init__(self) -> None:
        super().__init__(
            "这个统一登录编号已绑定别的账号，请先解除那边的绑定。",
            "This identifier of the provider is bound to another account; unbind it there first.",
        )


class NotBound(Problem):
    """Somebody whom the provider knows, and whom no administrator has let in here."""

    def __init__(self, sub: str) -> None:
        super().__init__(
            f"统一登录认得您，但本系统还没有您的账号。请把这个编号告诉管理员：{sub}",
            f"The provider knows you, but no account here is yours yet. Give the administrator this identifier: {sub}",
        )


def bind(session: Session, rt: Runtime, name: str, sub: str, by: str) -> None:
    """Bind somebody's account at the provider to theirs here, instead of any other; who was signed in so is out.

    Raises ProviderAbsent, SubUnusable, NameUnknown, SubTaken.
    """
    sub, issuer = sub.strip(), rt.settings.oidc_issuer
    if not issuer:
        raise ProviderAbsent
    if not (0 < len(sub) <= LONGEST and sub.isascii() and sub.isprintable()):
        raise SubUnusable
    account = _open(session, name)
    _free(session, rt, account.id)
    new = {"issuer": issuer, "sub": sub, "staff_id": account.id, "bound_at": rt.now()}
    if not insert_once(session, ProviderAccount, **new):
        raise SubTaken
    journal.write(session, rt.now(), by, "provider account bound", f"staff:{account.id}")


def unbind(session: Session, rt: Runtime, name: str, by: str) -> bool:
    """Have the provider let nobody into this account any more; False where it let nobody in. Raises NameUnknown."""
    account = _open(session, name)
    if not _free(session, rt, account.id):
        return False
    journal.write(session, rt.now(), by, "provider account unbound", f"staff:{account.id}")
    return True


def bound(session: Session, rt: Runtime) -> set[str]:
    """The accounts that somebody may come into from the provider, as it is now."""
    return set(
        session.scalars(select(ProviderAccount.staff_id).where(ProviderAccount.issuer == rt.settings.oidc_issuer))
    )


def whose(session: Session, rt: Runtime, sub: str) -> str | Problem:
    """Whose account here is bound to the provider's `sub`; the refusal, journalled, if it is nobody's that is open.

    Commit in either case.
    """
    mine = (ProviderAccount.issuer == rt.settings.oidc_issuer, ProviderAccount.sub == sub)
    found = select(Staff.id).join(ProviderAccount, ProviderAccount.staff_id == Staff.id)
    staff_id = session.scalar(found.where(*mine, Staff.closed_at.is_(None)))
    if staff_id is None:
        journal.write(session, rt.now(), "staff", "sign-in refused", "staff:unknown", how="oidc", why="not bound")
        return NotBound(sub)
    return staff_id


def second_factor(rt: Runtime, claims: Mapping[str, Any]) -> bool:
    """Whether the provider says, in a way that the settings take for it, that it asked for a second factor."""
    said, methods = {f"acr:{claims.get('acr')}"}, claims.get("amr")
    if isinstance(methods, list):
        said |= {f"amr:{one}" for one in methods}
    return not said.isdisjoint(rt.settings.oidc_second_factor)


def _open(session: Session, name: str) -> Staff:
    account = session.scalars(select(Staff).where(Staff.name == plain(name), Staff.closed_at.is_(None))).first()
    if account is None:
        raise NameUnknown(name)
    return account


def _free(session: Session, rt: Runtime, staff_id: str) -> bool:
    """Take away what was bound to an account, and sign out whoever is in it."""
    mine = delete(ProviderAccount).where(ProviderAccount.staff_id == staff_id).returning(ProviderAccount.sub)
    was = session.scalar(mine) is not None
    if was:
        signins.end_all(session, rt, staff_id)
    return was
