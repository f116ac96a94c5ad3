"""The outbox: each message once for what it is about, claimed by one sender, told of in any order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from certification import contacts, journal, seals, standings
from certification.contacts import Channel, Outcome
from certification.runtime import Runtime
from certification.store import Campaign, Helper, Message, Person, Phone, insert_once, later, new_id
from sms import calling, numbers
from sms.providers.codes import permanent

SEND = "ops.text_jobs.send"


class Purpose(StrEnum):
    """What a message is for."""

    ANSWER = "answer"
    RECEIPT = "receipt"
    APPOINTMENT = "appointment"
    NOTICE = "notice"  # what came of a call after it was over
    LADDER = "ladder"
    REMINDER = "reminder"


PRIORITY = MappingProxyType(
    {
        Purpose.ANSWER: 0,
        Purpose.RECEIPT: 1,
        Purpose.APPOINTMENT: 2,
        Purpose.NOTICE: 3,
        Purpose.LADDER: 5,
        Purpose.REMINDER: 9,
    }
)
"""The least goes first: whoever asked something waits for no campaign."""
UNASKED = (Purpose.LADDER, Purpose.REMINDER)
"""What nobody asked for: an attempt to reach the person, and nothing for a number that wants no reminders."""


OPTED_OUT, FAULTY = "opted out", "number: "
"""Why a message is dropped where its number takes it no more; behind the second stands the carrier's code."""


class Told(StrEnum):
    """What a carrier tells of a message."""

    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"


FINAL = frozenset({"delivered", "failed", "dropped"})
ON_ITS_WAY = ("sending", "sent", "delivered", "unknown")
"""Where the carrier may have it: it counts as sent for everything that must not be sent too often."""
_REACHED = {Told.DELIVERED: Outcome.DELIVERED, Told.UNDELIVERED: Outcome.UNDELIVERED, Told.FAILED: Outcome.FAILED}


def put(
    session: Session,
    rt: Runtime,
    *,
    reminder: str,
    purpose: Purpose,
    words: str,
    facts: Mapping[str, Any] = MappingProxyType({}),
    person: Person | None = None,
    phone: Phone | None = None,
    helper: Helper | None = None,
    to: str | None = None,
    attempt: int = 1,
    campaign: Campaign | None = None,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
) -> Message:
    """Put a message into the outbox, once for each `reminder` and attempt; else the one that is there.

    It goes to a telephone of the roll, to a declared helper, or to a number (`to`, E.164) that is on no roll.
    """
    identifier = new_id()
    new = insert_once(
        session,
        Message,
        id=identifier,
        reminder=reminder,
        attempt=attempt,
        purpose=purpose.value,
        priority=PRIORITY[purpose],
        campaign_id=campaign and campaign.id,
        person_id=person and person.id,
        phone_id=phone and phone.id,
        helper_id=helper and helper.id,
        to_sealed=None if to is None else rt.keys.seal(to.encode(), seals.recipient(identifier)),
        words=words,
        facts=dict(facts),
        state="queued",
        not_before=not_before or rt.now(),
        expires_at=expires_at,
    )
    if new:
        later(session, rt.enqueue, SEND, identifier)
    there = select(Message).where(Message.reminder == reminder, Message.attempt == attempt)
    return session.scalars(there).one()


def told(session: Session, rt: Runtime, provider: str, ref: str, outcome: Told, code: str | None) -> bool:
    """Write down what a carrier told of a message, called by the carrier's identifier or by ours; False if unknown.

    In any order, twice or late: every event is kept, and a final state is never left.
    """
    mine = or_(Message.provider_ref == ref, Message.id == ref)
    held = select(Message).where(Message.provider == provider, mine).with_for_update()
    message = session.scalars(held.execution_options(populate_existing=True)).first()
    if message is None:
        return False
    message.events = [*message.events, [outcome.value, rt.now().isoformat(), code]]
    if message.state in FINAL:
        return True
    if outcome is Told.SENT:
        message.state = "sent"
    else:
        settle(session, rt, message, "delivered" if outcome is Told.DELIVERED else "failed", code)
        reached(session, rt, message, _REACHED[outcome])
        if code is not None and outcome is not Told.DELIVERED and permanent(provider, code):
            number = numbers.number_of(session, rt, message)
            if number is not None:
                nothing_arrives(session, rt, message, number, code)
    session.flush()
    return True


def settle(session: Session, rt: Runtime, message: Message, state: str, why: str | None) -> None:
    """Bring a message into a final state, or into `unknown` for good."""
    message.state, message.why, message.settled_at = state, why and why[:60], rt.now()
    session.flush()


def nothing_arrives(session: Session, rt: Runtime, message: Message, number: str, code: str) -> None:
    """Note that nothing arrives at this number any more; a human calls whoever was reminded there in vain."""
    standings.mark_fault(session, rt, number, code)
    _call_instead(session, rt, message)


def _call_instead(session: Session, rt: Runtime, message: Message) -> None:
    if Purpose(message.purpose) is Purpose.REMINDER and message.phone_id is not None:
        calling.ask_instead(session, rt, message)


def reached(session: Session, rt: Runtime, message: Message, outcome: Outcome) -> None:
    """Note what became of an attempt to reach the person; a copy for a helper, or an answer, is none."""
    if message.person_id is None or message.phone_id is None or Purpose(message.purpose) not in UNASKED:
        return
    person = session.get(Person, message.person_id)
    if person is not None:
        contacts.note(session, rt, person, channel=Channel.SMS, ref=message.reminder, outcome=outcome, actor="text")


def claim(session: Session, rt: Runtime, most: int) -> list[Message]:
    """Take at most so many messages whose time has come, the most urgent first: by compare-and-set, for one sender."""
    now = rt.now()
    waiting = (
        select(Message.id)
        .where(Message.state == "queued", Message.not_before <= now)
        .order_by(Message.priority, Message.not_before, Message.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    ids = session.scalars(waiting).all()
    if not ids:
        return []
    mine = update(Message).where(Message.id.in_(ids), Message.state == "queued")
    taken = session.scalars(
        mine.values(state="sending", claimed_at=now, tries=Message.tries + 1).returning(Message.id),
        execution_options={"synchronize_session": False},
    ).all()
    rows = select(Message).where(Message.id.in_(taken)).order_by(Message.priority, Message.not_before, Message.id)
    return list(session.scalars(rows.execution_options(populate_existing=True)))


def waits(session: Session, rt: Runtime) -> bool:
    """Whether there is anything whose time has come."""
    due = select(Message.id).where(Message.state == "queued", Message.not_before <= rt.now()).limit(1)
    return session.scalars(due).first() is not None


def drop(session: Session, rt: Runtime, message: Message, why: str) -> None:
    """Do not send a message; say why, and in the journal where somebody asked for it."""
    settle(session, rt, message, "dropped", why)
    if why == OPTED_OUT or why.startswith(FAULTY):
        _call_instead(session, rt, message)
    if Purpose(message.purpose) not in UNASKED:
        facts = {"message": message.id, "purpose": message.purpose, "why": why}
        subject = f"person:{message.person_id}" if message.person_id else "texts"
        journal.write(session, rt.now(), "text", "message dropped", subject, **facts)


def put_off(session: Session, message: Message, until: datetime) -> None:
    """Let a message that was claimed wait; it was not tried."""
    message.state, message.not_before, message.tries = "queued", until, message.tries - 1
    session.flush()
