"""Messages that nobody waits for on the line: what came of a call, and the region's answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, literal, or_, select
from sqlalchemy.orm import Session, aliased

from certification import bereavement, cases, certifying, review, seals
from certification.cases import CaseKind
from certification.certifying import day_of
from certification.evidence import Kind
from certification.keys import SealBroken
from certification.runtime import Runtime
from certification.store import Assessment, Call, Case, Evidence, Message, Period, Person, Phone, only_read
from ivr.acts.texts import ASKED
from ops.duties import one_by_one
from sms import calling, outbox, recipients, texts
from sms.outbox import Purpose
from sms.providers.configured import carriers

logger = logging.getLogger(__name__)

CALLED_LATELY = timedelta(days=1)
DECIDED_LATELY = timedelta(days=3)  # over a weekend
AT_ONCE = 200
BY = "schedule"


def send_receipt(session: Session, rt: Runtime, call: Call) -> bool:
    """After a call that certified, put the receipt into the outbox, for a mobile of the person's own; once a call.

    Whoever was certified by somebody else's call so hears of it. What a human's verdict did later is told by that.
    """
    if not carriers(rt.settings) or not _lately(rt, call):
        return False
    weighed = select(Assessment.id).where(Assessment.call_id == call.id)
    of_call = or_(
        (Evidence.kind == Kind.PIN.value) & (Evidence.ref == call.id),
        (Evidence.kind == Kind.VOICE.value) & Evidence.ref.in_(weighed) & (Evidence.source != review.SOURCE),
    )
    closed = (
        select(Evidence).join(Period, Period.closed_by == Evidence.id).where(of_call, Evidence.withdrawn_at.is_(None))
    )
    evidence = session.scalars(closed).first()
    if evidence is None:
        return False
    person = session.get_one(Person, evidence.person_id)
    phone = mobile_of(session, person)
    if phone is None:
        return False
    next_due = certifying.status(session, rt, person).next_due
    facts = {"receipt": evidence.receipt, "next_due": next_due.isoformat()}
    put(session, rt, f"receipt:{call.id}", Purpose.RECEIPT, "receipt.call", facts, person, phone)
    return True


def tell_dropped(session: Session, rt: Runtime, call: Call, person: Person) -> bool:
    """Tell whoever was cut off that nothing is lost and how to go on: once a day, where they take reminders.

    Where no message reaches them, that is written down; a human has their case in any event.
    """
    if not carriers(rt.settings) or not _lately(rt, call) or bereavement.reminders_stopped(session, person.id):
        return False
    phone, period = mobile_of(session, person, stopped=False), certifying.current_period(session, rt, person)
    about = f"dropped:{person.id}:{day_of(rt.now())}"
    return tell(session, rt, about, "call.dropped", {"period": period.id}, person, phone)


def tell_verdicts(rt: Runtime) -> int:
    """Put into the outbox what a human decided lately about the voice of a call; how many messages.

    Not where the person's death was reported. Whoever has no mobile is a human's to call, and that is written down.
    """
    if not carriers(rt.settings):
        return 0
    case = aliased(Case)  # whether a death was reported is asked of cases, too
    written = select(Message.id).where(Message.reminder == literal("verdict:") + case.id)
    decided = (case.verdict.in_([*review.Verdict]), case.decided_at > rt.now() - DECIDED_LATELY)
    found = select(case.id).join(Person, Person.id == case.person_id).where(case.kind.in_(review.KINDS), *decided)
    found = found.where(~bereavement.reported(), ~written.exists())
    return each(rt, found.order_by(case.decided_at), _tell_verdict)


def _tell_verdict(session: Session, rt: Runtime, identifier: str) -> bool:
    """Tell it once; where the person's record does not open, a human gets that, and it is not tried again."""
    case = session.get_one(Case, identifier, with_for_update=True, populate_existing=True)
    if case.verdict not in [*review.Verdict]:  # taken back meanwhile: the next verdict is told
        return False
    person = session.get_one(Person, case.person_id)
    try:
        return _verdict(session, rt, case, person)
    except SealBroken as error:
        logger.error("the record of person %s cannot be read, verdict on case %s: %s", person.id, case.id, error)
    kind, detail = CaseKind.UNREADABLE, {"verdict": case.id}
    cases.open_case(session, rt, kind=kind, cause=f"{kind}:verdict:{case.id}", person=person, detail=detail, actor=BY)
    message = put(session, rt, f"verdict:{case.id}", Purpose.NOTICE, "verdict.more", {}, person, None)
    outbox.drop(session, rt, message, "unreadable")
    return False


def _verdict(session: Session, rt: Runtime, case: Case, person: Person) -> bool:
    phone, period = mobile_of(session, person), certifying.current_period(session, rt, person)
    receipt = _certified(session, rt, person, case)
    more = "verdict.invited" if review.invited(session, case) else "verdict.more"
    words, facts = ("verdict.certified", {"receipt": receipt}) if receipt else (more, {"period": period.id})
    if phone is None and receipt is None and period.closed_at is None:
        calling.ask_for(session, rt, person, period, BY)
    return tell(session, rt, f"verdict:{case.id}", words, facts, person, phone)


def _certified(session: Session, rt: Runtime, person: Person, case: Case) -> str | None:
    """The receipt of the call that the case is about, where its period is certified."""
    spoke = (Evidence.kind == Kind.VOICE.value, Evidence.ref == str(case.detail.get("assessment", "")))
    evidence = session.scalars(select(Evidence).where(*spoke, Evidence.withdrawn_at.is_(None))).first()
    if evidence is None:
        return None
    period = certifying.current_period(session, rt, person, evidence.observed_at)
    return evidence.receipt if period.closed_at is not None else None


def send_answers(rt: Runtime) -> int:
    """Put into the outbox the region's answer for each caller who has just asked for it in writing; how many."""
    if not carriers(rt.settings):
        return 0
    written = select(Message.id).where(Message.reminder == literal("how:") + Call.id)
    asked = select(Call.id).where(Call.seen_to_at.is_(None), ASKED.is_not(None), ~written.exists())
    return each(rt, asked, _answer)


def _answer(session: Session, rt: Runtime, identifier: str) -> bool:
    return send_answer(session, rt, session.get_one(Call, identifier))


def send_answer(session: Session, rt: Runtime, call: Call) -> bool:
    """Put the region's answer into the outbox where the caller asked for it, for the mobile that calls; once a call.

    It holds nothing personal. Where the mobile is one person's own and nobody else's, it carries their safe word.
    """
    region = session.scalars(select(ASKED).where(Call.id == call.id)).first()
    if region is None or call.from_sealed is None or not carriers(rt.settings):
        return False
    try:
        number = rt.keys.open(call.from_sealed, seals.caller(call.id)).decode()
    except SealBroken as error:
        logger.error("the number of call %s cannot be read: %s", call.id, error)
        return False
    here = session.scalars(select(Phone).where(Phone.number_index.in_(rt.keys.indexes(number, seals.PHONE)))).all()
    phone = here[0] if here else None
    own = phone is not None and [one.holder for one in here] == ["self"]
    outbox.put(
        session,
        rt,
        reminder=f"how:{call.id}",
        purpose=Purpose.ANSWER,
        words="how",
        facts={"region": region, "dialect": call.state.get("dialect")},
        person=session.get_one(Person, phone.person_id) if phone and own else None,
        phone=phone,
        to=None if phone else number,
        expires_at=rt.now() + CALLED_LATELY,
    )
    return True


def each(rt: Runtime, found: Select[str], deed: Callable[[Session, Runtime, str], bool]) -> int:
    """Do the deed for each of the next rows; how often done."""
    with rt.sessions() as session:
        only_read(session)
        waiting = session.scalars(found.limit(AT_ONCE)).all()
    return one_by_one(rt, waiting, deed)


def tell(
    session: Session, rt: Runtime, about: str, words: str, facts: dict[str, Any], person: Person, phone: Phone | None
) -> bool:
    """Put a notice into the outbox, once; where no mobile takes it, it lies there dropped, and the journal says so."""
    message = put(session, rt, about, Purpose.NOTICE, words, facts, person, phone, rt.now() + CALLED_LATELY)
    if phone is None and message.state == "queued":
        outbox.drop(session, rt, message, "no mobile")
    return phone is not None


def put(
    session: Session,
    rt: Runtime,
    about: str,
    purpose: Purpose,
    words: str,
    facts: dict[str, Any],
    person: Person,
    phone: Phone | None,
    expires_at: datetime | None = None,
) -> Message:
    """Put a message into the outbox, once, with all that its sentence asks for."""
    assert texts.facts_of(words) <= facts.keys()
    return outbox.put(
        session,
        rt,
        reminder=about,
        purpose=purpose,
        words=words,
        facts=facts,
        person=person,
        phone=phone,
        expires_at=expires_at,
    )


def _lately(rt: Runtime, call: Call) -> bool:
    return call.ended_at is not None and call.ended_at >= rt.now() - CALLED_LATELY


def mobile_of(session: Session, person: Person, *, stopped: bool = True) -> Phone | None:
    """A mobile of the person's own that takes messages; where `stopped`, also one that wants no reminders."""
    own = recipients.own_phone(literal(person.id), stopped=stopped)
    return session.scalars(select(Phone).where(Phone.id == own)).first()
