"""The region's answer in writing: offered on a mobile that calls, and asked for; whoever runs the service sends it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from certification import appointments, phones, seals, standings
from certification.phones import CHINA, PhoneKind
from certification.store import Call
from ivr.acts.at import Act, At, act, found
from ivr.steps import Facts

A_DAY = 2  # as many as carriers in China let through of one text to one number
DAY = timedelta(days=1)
ASKED = Call.state[("known", "text_how", "region")].as_string()
"""In a query of calls: the region whose answer the caller asked for in writing; NULL where they did not."""


@act("known", "textable")
def where(at: At) -> Facts:
    """The region whose rules are told, whether its offices take appointments, and whether a text can be had of it."""
    result = "textable" if _textable(at) else "known"
    return found(result, region=at.region.code, appointments=appointments.taken(at.region))


@act("asked")
def text_how(at: At) -> Facts:
    """Write down that the caller wants the answer in writing, and whose."""
    return found("asked", region=at.state.fact("where", "region"))


def _textable(at: At) -> bool:
    """Whether the answer may be sent to the telephone that calls: a mobile in China, and not too often in a day.

    The calling number is no evidence of who calls; the answer holds nothing personal, so that none is needed.
    """
    number = at.number
    if number is None or not at.rt.settings.texts or at.state.fact("text_how", "region") is not None:
        return False
    if not number.startswith(f"+{CHINA}") or phones.parse(number).kind is not PhoneKind.MOBILE:
        return False
    if standings.fault_of(at.session, at.rt.keys, number) is not None:
        return False
    here = Call.from_index.in_(at.rt.keys.indexes(number, seals.CALLING)), Call.touched_at > at.rt.now() - DAY
    asked = select(func.count()).select_from(Call).where(*here, ASKED.is_not(None))
    return at.session.scalars(asked).one() < A_DAY


ACTS: tuple[Act, ...] = (where, text_how)
