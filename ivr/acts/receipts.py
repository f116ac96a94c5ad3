"""A receipt number looked up: whether it certifies, and until when; nothing about whom."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import certifying, guesses
from certification.store import Evidence, Period
from ivr.acts.at import Act, At, act, found
from ivr.steps import Facts, Keyed

TRIES = 3  # unknown numbers in a row before a human is asked


@act("certifies", "recorded", "again", "lost", "enough")
def check_receipt(at: At) -> Facts:
    """Whether the number that was keyed certifies; whoever keys too many unknown ones is not answered for a while."""
    assert isinstance(at.event, Keyed)
    keyed = at.event.digits
    known = guesses.guess(at.session, at.rt, guesses.RECEIPT, at.number, lambda: _look(at.session, keyed))
    if known is None:
        times = at.counted("check_receipt") + 1
        if not guesses.left(at.session, at.rt, guesses.RECEIPT, at.number):
            return found("enough")
        return found("again" if times < TRIES else "lost", times=times)
    [until] = known
    return found("certifies", date=[until.year, until.month, until.day]) if until else found("recorded")


def _look(session: Session, receipt: str) -> tuple[date | None] | None:
    """Until when a receipt certifies: the last day of its period, (None,) where that is open; None for an unknown one.

    Its period is the one in which the sign of life was seen, whatever closed it.
    """
    evidence = session.scalars(select(Evidence).where(Evidence.receipt == receipt)).first()
    if evidence is None:
        return None
    seen = certifying.day_of(evidence.observed_at)
    around = select(Period.due).where(Period.person_id == evidence.person_id, Period.closed_at.is_not(None))
    return (session.scalars(around.where(Period.opens <= seen, Period.due >= seen)).first(),)


ACTS: tuple[Act, ...] = (check_receipt,)
