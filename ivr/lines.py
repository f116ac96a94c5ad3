"""How many callers are listened to, over all processes: a spoken turn under way is a line taken."""

from __future__ import annotations

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from certification.runtime import Runtime
from certification.store import Call, SpokenTurn

KEPT = 5  # one line in so many is kept for those who can go on by voice alone


def free(session: Session, rt: Runtime) -> int:
    """How many more callers can be listened to now. Below zero where more came at one moment than there are lines.

    A turn counts from the answer that opens it until the call goes on or ends; one that nobody heard of again, until it
    expires.
    """
    under_way = (
        select(func.count())
        .select_from(SpokenTurn)
        .join(Call, Call.id == SpokenTurn.call_id)
        .where(SpokenTurn.state != "done", SpokenTurn.expires_at > rt.now())
        .where(Call.turn == SpokenTurn.n, Call.ended_at.is_(None))
    )
    return rt.settings.media_slots - session.scalars(under_way).one()


def for_a_command(session: Session, rt: Runtime) -> bool:
    """Whether somebody is listened to who could press a key as well: not where it takes one of the last lines."""
    return free(session, rt) > rt.settings.media_slots // KEPT


def for_a_challenge(session: Session, rt: Runtime) -> bool:
    """Whether a challenge may begin."""
    return free(session, rt) > 0


def listened(session: Session, call: Call, n: int) -> bool:
    """Whether turn n of the call was a spoken one."""
    turn = exists().where(SpokenTurn.call_id == call.id, SpokenTurn.n == n)
    return session.scalars(select(turn)).one()
