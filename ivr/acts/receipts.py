"""A receipt number looked up: whether it certifies, and until when; nothing about whom."""

from __future__ import annotations

from certification import certificates, guesses
from ivr.acts.at import Act, At, act, found
from ivr.steps import Facts, Keyed

TRIES = 3  # unknown numbers in a row before a human is asked


@act("certifies", "recorded", "again", "lost", "enough")
def check_receipt(at: At) -> Facts:
    """Whether the number that was keyed certifies; whoever keys too many unknown ones is not answered for a while."""
    assert isinstance(at.event, Keyed)
    keyed = at.event.digits
    known = guesses.guess(
        at.session, at.rt, guesses.RECEIPT, at.number, lambda: certificates.check(at.session, at.rt, keyed)
    )
    if known is None:
        times = at.counted("check_receipt") + 1
        if not guesses.left(at.session, at.rt, guesses.RECEIPT, at.number):
            return found("enough")
        return found("again" if times < TRIES else "lost", times=times)
    until = known.until if known.stands else None
    return found("certifies", date=[until.year, until.month, until.day]) if until else found("recorded")


ACTS: tuple[Act, ...] = (check_receipt,)
