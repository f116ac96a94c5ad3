"""What the sweep does for the text line: reminders of the day, the ladder's messages, and the sender kept awake."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import Select, and_, literal, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from certification import contacts, journal, review
from certification.certifying import day_of
from certification.contacts import Channel, Outcome
from certification.ladder.steps import MESSAGE
from certification.regions import Region
from certification.regions.hours import quiet
from certification.runtime import Runtime
from certification.store import Campaign, Climb, Contact, Message, Period, Person, Phone, only_read
from ops import corrections
from ops.confirmations import write_of_appointments
from ops.duties import one_by_one
from ops.notices import send_answers, tell_verdicts
from ops.queue import TEXTS, connect, queue_of
from sms import calling, campaigns, outbox, planning, recipients
from sms.outbox import SEND, Purpose, waits
from sms.providers.configured import carriers
from sms.sending import unclear

logger = logging.getLogger(__name__)

BY = "schedule"
AT_ONCE = 200
PATIENCE = timedelta(seconds=2)  # of the other duties, while a campaign is planned and let go
ASKED_LATELY = timedelta(days=7)


def remind_today(rt: Runtime) -> int:
    """Plan and let go each region's reminders of the day, once people may be disturbed; how many messages.

    This goes by slices, and after PATIENCE it lets the other duties have their turn: the next sweep goes on, with what
    was begun before what was not. What was planned and not let go, as after a kill, is let go as well; whoever paused
    or stopped a campaign is heeded.
    """
    if not carriers(rt.settings):
        return 0
    ends, queued = rt.now() + PATIENCE, 0
    for some in _slices(rt):
        queued += some
        if rt.now() >= ends:
            break
    return queued


def _slices(rt: Runtime) -> Iterator[int]:
    """Do the work of the day slice by slice; of each, how many messages it queued."""
    now = rt.now()
    today = day_of(now)
    with rt.sessions() as session:
        only_read(session)
        left = select(Message.id).where(Message.campaign_id == Campaign.id, Message.state == "planned").exists()
        torn = session.scalars(select(Campaign.id).where(Campaign.state == "released", left)).all()
        uncalled = calling.unasked(session)
    for identifier in dict.fromkeys((*torn, *uncalled)):
        yield from _safely(identifier, _see_off(rt, identifier))
    with rt.sessions() as session:
        waiting = [one for one in campaigns.due_today(session, rt, today, BY) if not quiet(one, now)]
    for region in waiting:
        yield from _safely(region.code, _remind(rt, region, today))


def _safely(what: str, slices: Iterator[int]) -> Iterator[int]:
    try:
        yield from slices
    except OperationalError:
        raise
    except Exception:
        logger.exception("the reminders of %s wait for the next sweep", what)


def _remind(rt: Runtime, region: Region, today: date) -> Iterator[int]:
    identifier = planning.begin(rt, region, today, BY)
    while planning.go_on(rt, identifier, BY) is not None:
        yield 0
    if campaigns.leave(rt, identifier):
        return
    campaigns.let_go(rt, identifier, BY)
    yield from _see_off(rt, identifier)


def _see_off(rt: Runtime, identifier: str) -> Iterator[int]:
    while some := campaigns.queue(rt, identifier):
        yield some
    while calling.go_on(rt, identifier, BY) is not None:
        yield 0


def send_ladder_messages(rt: Runtime) -> int:
    """Put into the outbox what the ladder's message rung asked for; how many."""
    with rt.sessions() as session:
        only_read(session)
        found = session.scalars(_asked(rt)).all()
    return one_by_one(rt, found, _send)


def _asked(rt: Runtime) -> Select[str]:
    """Contacts that the ladder asked for, and of which there is no message; from the ladder, which is short."""
    put = select(Message.id).where(Message.reminder == Contact.ref).exists()
    ref = literal("ladder:") + Climb.id + f":{MESSAGE}"
    return (
        select(Contact.id)
        .join(Climb, and_(Contact.channel == Channel.SMS.value, Contact.ref == ref))
        .where(Climb.stopped_at.is_(None), Climb.asked_at > rt.now() - ASKED_LATELY)
        .where(Contact.outcome == Outcome.QUEUED.value, ~put)
        .order_by(Contact.begun_at)
        .limit(AT_ONCE)
    )


def _send(session: Session, rt: Runtime, contact_id: str) -> bool:
    contact = session.get_one(Contact, contact_id)
    climb = session.get(Climb, contact.ref.split(":")[1])
    if climb is None or climb.stopped_at is not None:
        return False
    person, period = session.get_one(Person, climb.person_id), session.get_one(Period, climb.period_id)
    takes = select(Phone).where(Phone.id == recipients.own_phone(literal(person.id)))
    phone = session.scalars(takes).first()
    if phone is None:  # no mobile of their own, or one that takes nothing: the next rung
        ref = contact.ref
        contacts.note(session, rt, person, channel=Channel.SMS, ref=ref, outcome=Outcome.FAILED, actor=BY)
        return False
    outbox.put(
        session,
        rt,
        reminder=contact.ref,
        purpose=Purpose.LADDER,
        words="ladder.message",
        facts={"due": period.due.isoformat(), "period": period.id},
        person=person,
        phone=phone,
    )
    return True


def wake_the_sender(rt: Runtime) -> int:
    """Queue a job where messages wait, or are unclear, and none is queued: one fell out, or their time has come."""
    with rt.sessions() as session:
        only_read(session)
        wanted = waits(session, rt) or session.scalars(unclear(rt).limit(1)).first() is not None
    if not wanted or queue_of(connect(rt.settings.redis_url), TEXTS).count:
        return 0
    rt.enqueue(SEND, "sweep")
    return 1


def finish_campaigns(rt: Runtime) -> int:
    """Note that nothing of a released campaign is left to send; how many campaigns."""
    open_ = select(Message.id).where(
        Message.campaign_id == Campaign.id, Message.state.in_(("planned", "queued", "sending"))
    )
    with rt.sessions() as session:
        only_read(session)
        uncalled = calling.unasked(session)
    over = update(Campaign).where(Campaign.state == "released", ~open_.exists(), Campaign.id.not_in(uncalled))
    with rt.sessions.begin() as session:
        done = session.scalars(over.values(state="done", ended_at=rt.now()).returning(Campaign.id)).all()
        for identifier in done:
            journal.write(session, rt.now(), BY, "campaign done", campaigns.subject(identifier))
    return len(done)


def settle_campaigns(rt: Runtime) -> int:
    """Hold back, drop or bring back what is of campaigns that somebody paused, stopped or resumed; how many messages.

    By slices. One that was stopped while it was planned is planned to its end.
    """
    ends, settled = rt.now() + PATIENCE, 0
    with rt.sessions() as session:
        found = campaigns.held(session)
        resumed = (Campaign.state == "planning", Campaign.stopped_from.is_not(None))
        torn = session.scalars(select(Campaign.id).where(*resumed)).all()
    for identifier in found:
        while rt.now() < ends and (some := campaigns.settle(rt, identifier)):
            settled += some
    for identifier in torn:
        while rt.now() < ends and planning.go_on(rt, identifier, BY) is not None:
            pass
    return settled


def close_calls(rt: Runtime) -> int:
    """Close the cases to call people who are certified meanwhile, and invitations to the desk; how many."""
    with rt.sessions.begin() as session:
        return calling.close(session, rt) + review.close_invitations(session, rt)


DUTIES = (
    remind_today,
    send_ladder_messages,
    write_of_appointments,
    tell_verdicts,
    corrections.close_again,
    corrections.tell_undone,
    corrections.tell_standing,
    send_answers,
    settle_campaigns,
    finish_campaigns,
    close_calls,
    wake_the_sender,
)
