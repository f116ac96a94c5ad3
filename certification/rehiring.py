"""A closed account opened again: with another password and another secret, as a new one, and nothing of before."""

from __future__ import annotations

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from certification import journal, signins, staff
from certification.errors import Problem
from certification.runtime import Runtime
from certification.store import PaymentList, Signature, Staff


class NotClosed(Problem):
    """There is no closed account of this name; perhaps a colleague has just opened it again."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"没有停用的账号“{name}”，可能刚被重新启用，请刷新账号页再看。",
            f"There is no closed account {name}; a colleague may have just opened it again: look at the accounts anew.",
        )


def closed(session: Session) -> list[Staff]:
    """Every account that is closed, the last first."""
    return list(session.scalars(select(Staff).where(Staff.closed_at.is_not(None)).order_by(Staff.closed_at.desc())))


def reopen(session: Session, rt: Runtime, name: str, password: str, by: str) -> str:
    """Open a closed account again, for what it was for; its otpauth URI, as that of a new one.

    Nothing of before lets anybody in: not its password, its codes, nor a browser that was signed in; and its signatures
    under lists not yet released stay without effect. Raises PasswordTooShort, NotClosed.
    """
    if len(password) < staff.LEAST_PASSWORD:
        raise staff.PasswordTooShort
    name = staff.plain(name)
    account = session.scalars(select(Staff).where(Staff.name == name, Staff.closed_at.is_not(None))).first()
    if account is None:
        raise NotClosed(name)
    secrets, uri = staff.fresh(rt, account.id, name, password)
    still_closed = update(Staff).where(Staff.id == account.id, Staff.closed_at.is_not(None))
    if session.scalar(still_closed.values(closed_at=None, **secrets).returning(Staff.id)) is None:
        raise NotClosed(name)
    signins.end_all(session, rt, account.id)
    unreleased = select(PaymentList.id).where(PaymentList.released_at.is_(None))
    theirs = delete(Signature).where(Signature.staff_id == account.id, Signature.list_id.in_(unreleased))
    lapsed = len(session.scalars(theirs.returning(Signature.list_id)).all())
    facts = {"name": name, "role": account.role, "region": account.region, "signatures_lapsed": lapsed}
    journal.write(session, rt.now(), by, "staff reopened", f"staff:{account.id}", **facts)
    return uri
