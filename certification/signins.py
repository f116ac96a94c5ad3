"""Who is signed in at the console: until they leave, their account is closed, or they have been away for too long."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session

from certification import journal
from certification.runtime import Runtime
from certification.staff import Proven, Role
from certification.store import SignIn, Staff, new_id

IDLE = timedelta(minutes=30)  # nobody signed in does anything
LONGEST = timedelta(hours=12)  # a working day
KEPT = timedelta(days=400)
_NOTED = timedelta(minutes=1)  # how often it is written down that somebody is there


def begin(session: Session, rt: Runtime, who: Proven, how: str = "password") -> str:
    """Sign somebody in who just proved who they are; the identifier that their browser keeps.

    `how`: with a password of ours, or through a provider ("oidc").
    """
    identifier, now = new_id(), rt.now()
    session.add(SignIn(id=identifier, staff_id=who.staff_id, begun_at=now, seen_at=now))
    journal.write(session, now, who.name, "signed in", f"staff:{who.staff_id}", how=how)
    return identifier


def of(session: Session, rt: Runtime, identifier: str) -> Proven | None:
    """Who is signed in so; None where nobody is any more."""
    account = session.scalars(_alive(rt.now()).where(SignIn.id == identifier)).first()
    if account is None:
        return None
    return Proven(account.id, account.name, Role(account.role), account.region, account.agent_id)


def seen(session: Session, rt: Runtime, identifier: str) -> None:
    """Note that somebody who is signed in is there, once a minute at most."""
    now = rt.now()
    mine = update(SignIn).where(SignIn.id == identifier, SignIn.ended_at.is_(None), SignIn.seen_at <= now - _NOTED)
    session.execute(mine.values(seen_at=now))


def unnoted(session: Session, rt: Runtime, identifier: str) -> bool:
    """Whether seen() has something to note: it only reads."""
    mine = select(SignIn.id).where(SignIn.id == identifier, SignIn.seen_at <= rt.now() - _NOTED)
    return session.scalar(mine) is not None


def end(session: Session, rt: Runtime, identifier: str) -> None:
    """Sign somebody out."""
    mine = update(SignIn).where(SignIn.id == identifier, SignIn.ended_at.is_(None))
    staff_id = session.scalar(mine.values(ended_at=rt.now()).returning(SignIn.staff_id))
    if staff_id is not None:
        name = session.get_one(Staff, staff_id).name
        journal.write(session, rt.now(), name, "signed out", f"staff:{staff_id}")


def end_others(session: Session, rt: Runtime, staff_id: str, but: str) -> None:
    """Sign somebody out everywhere else."""
    others = update(SignIn).where(SignIn.staff_id == staff_id, SignIn.id != but, SignIn.ended_at.is_(None))
    session.execute(others.values(ended_at=rt.now()))


def end_all(session: Session, rt: Runtime, staff_id: str) -> None:
    """Sign somebody out everywhere."""
    theirs = update(SignIn).where(SignIn.staff_id == staff_id, SignIn.ended_at.is_(None))
    session.execute(theirs.values(ended_at=rt.now()))


def forget(session: Session, now: datetime) -> int:
    """Forget who was signed in long ago, which the journal says for good; how many."""
    gone = delete(SignIn).where(SignIn.begun_at < now - KEPT).returning(SignIn.id)
    return len(session.execute(gone).all())


def _alive(now: datetime) -> Select[Staff]:
    alive = (SignIn.ended_at.is_(None), SignIn.begun_at > now - LONGEST, SignIn.seen_at > now - IDLE)
    return select(Staff).join(SignIn, SignIn.staff_id == Staff.id).where(*alive, Staff.closed_at.is_(None))
