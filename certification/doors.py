"""Where somebody tries to sign in from: wrong tries lock that door alone, so that nobody locks another out.

As OWASP's "device cookies" have it: a browser in which somebody signed in before is a door of its own, which only its
own wrong tries lock. All others come through the door of their network; and where strangers from many networks were
wrong a hundred times, no stranger comes in for a while.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from certification.store import SignInTry, insert_once

TRIES = 5
TRIES_ANYWHERE = 100
FIRST_LOCK = timedelta(minutes=15)
KEPT = timedelta(days=30)  # a door that nobody tried for so long is forgotten
CLI = ("cli",)
ANYWHERE = "anywhere"
_LONGEST = 10  # the lock doubles at most this often
_PREFIXES = {4: 24, 6: 48}  # what one stranger usually has at most


def device(token: str) -> tuple[str, ...]:
    """The door of a browser that holds this token, given to it when the same person signed in there."""
    return (f"device:{token}",)


def network(address: str | None) -> tuple[str, ...]:
    """The doors of everybody else, by the network of an IP address."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return ("network:unknown", ANYWHERE)
    return (f"network:{ip_network((found, _PREFIXES[found.version]), strict=False)}", ANYWHERE)


def locked(session: Session, staff_id: str, doors: Sequence[str], now: datetime) -> datetime | None:
    """Until when one of the doors is locked; None where all are open."""
    shut = (SignInTry.staff_id == staff_id, SignInTry.door.in_(doors), SignInTry.locked_until > now)
    return session.scalars(select(func.max(SignInTry.locked_until)).where(*shut)).one()


def knock(session: Session, staff_id: str, doors: Sequence[str], now: datetime) -> dict[str, int] | None:
    """Count a try at each door before it is looked at: wrong ones in a row, with it. None where a door is locked."""
    counted = dict[str, int]()
    for door in doors:
        insert_once(session, SignInTry, staff_id=staff_id, door=door, wrong_in_row=0, tried_at=now)
        unlocked = or_(SignInTry.locked_until.is_(None), SignInTry.locked_until <= now)
        mine = update(SignInTry).where(SignInTry.staff_id == staff_id, SignInTry.door == door, unlocked)
        tried = mine.values(wrong_in_row=SignInTry.wrong_in_row + 1, tried_at=now).returning(SignInTry.wrong_in_row)
        wrong = session.scalar(tried)
        if wrong is None:
            return None
        counted[door] = wrong
    return counted


def lock(session: Session, staff_id: str, counted: dict[str, int], now: datetime) -> datetime | None:
    """Lock each door at which the try was one too many, each time for twice as long; until when, if any was."""
    until = None
    for door, wrong in counted.items():
        tries = TRIES_ANYWHERE if door == ANYWHERE else TRIES
        if wrong % tries:
            continue
        until = now + FIRST_LOCK * 2 ** min(wrong // tries - 1, _LONGEST)
        mine = update(SignInTry).where(SignInTry.staff_id == staff_id, SignInTry.door == door)
        session.execute(mine.values(locked_until=until))
    return until


def let_in(session: Session, staff_id: str, doors: Sequence[str]) -> None:
    """Forget the wrong tries at these doors; of those from anywhere only this one: the others may be strangers'."""
    mine = (SignInTry.staff_id == staff_id, SignInTry.door.in_(doors))
    session.execute(delete(SignInTry).where(*mine, SignInTry.door != ANYWHERE))
    one_less = update(SignInTry).where(*mine, SignInTry.door == ANYWHERE, SignInTry.wrong_in_row > 0)
    session.execute(one_less.values(wrong_in_row=SignInTry.wrong_in_row - 1))


def forget(session: Session, now: datetime) -> int:
    """Forget doors that nobody tried for long; how many."""
    gone = delete(SignInTry).where(SignInTry.tried_at < now - KEPT).returning(SignInTry.door)
    return len(session.execute(gone).all())
