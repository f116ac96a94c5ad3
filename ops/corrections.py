"""Messages about what humans took back: that it has to be done once more, is looked at again, or stands after all."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from certification import bereavement, certifying, overdue
from certification.keys import SealBroken
from certification.runtime import Runtime
from certification.store import Case, Evidence, Message, Period, Person, TakenBack, only_read
from ops.duties import one_by_one
from ops.notices import BY, each, mobile_of, put, tell
from sms import calling, outbox
from sms.outbox import ON_ITS_WAY, Purpose
from sms.providers.configured import carriers

logger = logging.getLogger(__name__)

LATELY = timedelta(days=3)  # over a weekend
JUST_NOW = timedelta(minutes=10)
AT_ONCE = 200
_UNDONE, _STANDS = "undone:", "stands:"


def close_again(rt: Runtime) -> int:
    """Close periods that opened again just now while other evidence came in, which did not see it; how many."""
    waiting = select(TakenBack.id).join(Period, Period.id == TakenBack.period_id).where(Period.closed_at.is_(None))
    with rt.sessions() as session:
        only_read(session)
        found = session.scalars(waiting.where(TakenBack.at > rt.now() - JUST_NOW).limit(AT_ONCE)).all()
    return one_by_one(rt, found, _close)


def _close(session: Session, rt: Runtime, identifier: str) -> bool:
    row = session.get_one(TakenBack, identifier)
    return row.period_id is not None and certifying.close_again(session, rt, row.period_id, BY)


def tell_undone(rt: Runtime) -> int:
    """Put into the outbox what was taken back lately and whom it leaves to certify; how many messages.

    Whoever has certified meanwhile is not told, nor is anybody whose death was reported. Whoever has no mobile is a
    human's to call.
    """
    if not carriers(rt.settings):
        return 0
    written = select(Message.id).where(Message.reminder == literal(_UNDONE) + TakenBack.id)
    lately = (TakenBack.tell.is_(True), TakenBack.at > rt.now() - LATELY, TakenBack.stands_at.is_(None))
    found = select(TakenBack.id).join(Person, Person.id == TakenBack.person_id).where(*lately, ~written.exists())
    return each(rt, found.where(~bereavement.reported()).order_by(TakenBack.at), _undone)


def _undone(session: Session, rt: Runtime, identifier: str) -> bool:
    row = session.get_one(TakenBack, identifier)
    person, about = session.get_one(Person, row.person_id), _UNDONE + row.id
    try:
        period = _period(session, rt, row, person)
    except SealBroken as error:
        logger.error("the record of person %s cannot be read, taken back %s: %s", person.id, row.id, error)
        return _nothing(session, rt, about, person, "unreadable")
    case = None if row.case_id is None else session.get(Case, row.case_id)
    certified = (
        select(Person.id).join(Period, Period.id == period.id).where(Person.id == person.id, overdue.certified())
    )
    if session.scalars(certified).first() is not None:  # by this period, or by a later one
        return _nothing(session, rt, about, person, "certified")
    if case is not None and case.decided_at is not None:  # the new verdict is told
        return _nothing(session, rt, about, person, "decided")
    phone = mobile_of(session, person)
    if phone is None and row.period_id is not None:
        calling.ask_again(session, rt, person, period, BY)
    words = "undone.sign" if case is None else "undone.verdict"
    return tell(session, rt, about, words, {"period": period.id}, person, phone)


def _period(session: Session, rt: Runtime, row: TakenBack, person: Person) -> Period:
    """The period that opened again; where none did, the present one. Raises SealBroken."""
    opened = None if row.period_id is None else session.get(Period, row.period_id)
    return opened or certifying.current_period(session, rt, person)


def tell_standing(rt: Runtime) -> int:
    """Put into the outbox that a sign of life stands after all, for whoever was told otherwise; how many messages."""
    if not carriers(rt.settings):
        return 0
    written = select(Message.id).where(Message.reminder == literal(_STANDS) + TakenBack.id)
    heard = select(Message.id).where(Message.reminder == literal(_UNDONE) + TakenBack.id, Message.state.in_(ON_ITS_WAY))
    lately = (TakenBack.stands_at > rt.now() - LATELY, heard.exists(), ~written.exists())
    return each(rt, select(TakenBack.id).where(*lately).order_by(TakenBack.stands_at), _stands)


def _stands(session: Session, rt: Runtime, identifier: str) -> bool:
    row = session.get_one(TakenBack, identifier)
    person, about = session.get_one(Person, row.person_id), _STANDS + row.id
    evidence = session.get_one(Evidence, row.evidence_id)
    period = None if row.period_id is None else session.get(Period, row.period_id)
    if evidence.withdrawn_at is not None or period is None or period.closed_at is None:
        return _nothing(session, rt, about, person, "called off")
    facts = {"receipt": evidence.receipt}
    return tell(session, rt, about, "undone.stands", facts, person, mobile_of(session, person))


def _nothing(session: Session, rt: Runtime, about: str, person: Person, why: str) -> bool:
    """Tell nothing, and note that this was looked at."""
    message = put(session, rt, about, Purpose.NOTICE, "undone.verdict", {}, person, None)
    outbox.drop(session, rt, message, why)
    return False
