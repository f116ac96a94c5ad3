"""A text that somebody wrote: kept once, read, acted on, and answered by exactly one message."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certification import bereavement, cases, certifying, journal, phones, replycodes, seals
from certification.cases import CaseKind
from certification.certifying import day_of
from certification.phones import NumberNotRecognised
from certification.runtime import Runtime
from certification.store import Message, Person, Text, insert_once, new_id
from certification.store import Pin as KeptPin
from sms import despair, outbox, proving, recipients, replies, stopping, texts
from sms.outbox import Purpose
from sms.replies import (
    CallMe,
    Death,
    Help,
    Human,
    No,
    Pin,
    Query,
    Reply,
    Start,
    Stop,
    Thanks,
    Unreadable,
    Yes,
)
from sms.writers import ACTOR, DAY, MOST, Said, Writer, written_at

ANSWERS_A_DAY = 15
"""So many texts from one number are answered in a day; the others may be a machine's, and it would never end."""
OFFER = "answer.offer_call"
_LONGEST_REF = 80
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


def receive(session: Session, rt: Runtime, provider: str, ref: str, sender: str, body: str) -> bool:
    """Take a text that a carrier brought, by the identifier that it gave it. False when it was here before.

    What it asks for is done in every case. It is answered once, through the outbox; a sender that is no telephone, and
    a number that has written too often today, are not answered.
    """
    reply = replies.read(body)
    number = _normal(sender)
    text = _keep(session, rt, provider, ref, number or sender, body, reply)
    if text is None:
        return False
    if number is None:
        journal.write(session, rt.now(), ACTOR, "text from no telephone", f"text:{text.id}", read=text.read)
        return True
    stopping.number_works(session, rt, number, reply, body)
    writer = Writer(session, rt, text, number)
    said = _act(writer, reply)
    person = said.person if said is not None and said.person is not None else writer.person
    text.person_id = person.id if person else None
    answered = said is not None and _few(writer)
    facts = {"read": text.read, "answer": said.words if said is not None and answered else None}
    about = f"person:{person.id}" if person else f"text:{text.id}"
    journal.write(session, rt.now(), ACTOR, "text received", about, text=text.id, **facts)
    if said is not None and answered:
        _answer(writer, said, person)
    session.flush()
    return True


def hand_over(session: Session, rt: Runtime, provider: str, ref: str, sender: str, body: str) -> bool:
    """Keep a text on which nothing could be done, for a human to see to, and say so. False when it was here before."""
    number = _normal(sender)
    text = _keep(session, rt, provider, ref, number or sender, body, Unreadable())
    if text is None:
        return False
    journal.write(session, rt.now(), ACTOR, "text handed over", f"text:{text.id}")
    detail: dict[str, Any] = {"text": text.id, "why": "nothing could be done"}
    kind, words = CaseKind.CALL_BACK, "answer.human"
    if replies.despairs(body):
        kind, words, detail = CaseKind.URGENT, "answer.urgent_later", detail | {"first": True}
    writer = Writer(session, rt, text, number or sender)
    person = writer.person if number is not None else None
    text.person_id = person.id if person else None
    cause = f"{kind}:text:{text.id}"
    cases.open_case(session, rt, kind=kind, cause=cause, person=person, detail=detail, actor=ACTOR)
    if number is not None and _few(writer):
        _answer(writer, Said(words), person)
    session.flush()
    return True


def _normal(sender: str) -> str | None:
    """The telephone (E.164) that wrote; None for a hotline, a short number or a name, behind which is a machine."""
    try:
        e164 = phones.parse(sender).e164
    except NumberNotRecognised:
        return None
    return e164 if e164.startswith("+") else None


def _keep(session: Session, rt: Runtime, provider: str, ref: str, number: str, body: str, reply: Reply) -> Text | None:
    """The text as it is kept; None when it is there already."""
    identifier = new_id()
    sealed = rt.keys.seal(body.encode("utf-8", "replace"), seals.body(identifier))
    row = {"id": identifier, "provider": provider, "provider_ref": _once(ref), "body_sealed": sealed}
    whence = {
        "from_sealed": rt.keys.seal(number.encode("utf-8", "replace"), seals.writer(identifier)),
        "from_index": rt.keys.index(number, seals.TEXTING),
    }
    read = _CAPITAL.sub("_", type(reply).__name__).lower()
    if not insert_once(session, Text, **row, **whence, read=read, person_id=None, received_at=rt.now()):
        return None
    return session.get_one(Text, identifier)


def _once(ref: str) -> str:
    """What a text is known by: the carrier's identifier, or what stands for one that is too long or not printable.

    Where the carrier gave none, every text is new: better answered twice than lost.
    """
    if not ref:
        return new_id()
    return ref if len(ref) <= _LONGEST_REF and ref.isprintable() else sha256(ref.encode("utf-8", "replace")).hexdigest()


def _few(writer: Writer) -> bool:
    """Whether the number has not written too often within a day; the first time that it has is journalled."""
    since = writer.text.received_at - DAY
    mine = select(func.count()).select_from(Text).where(written_at(writer.rt, writer.number), Text.received_at > since)
    written = writer.session.scalars(mine).one()
    if written == ANSWERS_A_DAY + 1:
        index = writer.rt.keys.index(writer.number, seals.TEXTING)
        journal.write(writer.session, writer.rt.now(), ACTOR, "answers ended", f"caller:{index}", texts=written)
    return written <= ANSWERS_A_DAY


def _answer(writer: Writer, said: Said, person: Person | None) -> None:
    """Put the answer into the outbox, to the telephone that wrote; region and dialect go with it."""
    region = writer.region(person)
    phone = writer.phone(person)
    helper = None if phone is not None else writer.helper(person)
    nobodys = phone is None and helper is None
    facts = {**said.facts, "region": region.code, "dialect": writer.dialect(person)}
    times = _said_before(writer, said.words, facts)
    outbox.put(
        writer.session,
        writer.rt,
        reminder=f"answer:{writer.text.id}",
        purpose=Purpose.ANSWER,
        words=said.words,
        facts=facts | texts.otherwise(said.words, times, writer.rt.now()),
        person=person,
        phone=phone,
        helper=helper,
        to=writer.number if nobodys else None,
        expires_at=writer.rt.now() + DAY,
    )


def _said_before(writer: Writer, words: str, facts: dict[str, Any]) -> int:
    """How often the number was answered with the same within a day."""
    about = [f"answer:{one.id}" for one in writer.earlier()]
    answers = select(Message.facts).where(Message.reminder.in_(about), Message.words == words)
    how = (texts.WORDING, texts.AGAIN)
    return sum(
        {name: value for name, value in there.items() if name not in how} == facts
        for there in writer.session.scalars(answers)
    )


def _act(writer: Writer, reply: Reply) -> Said | None:
    """Do what the text asks for; what is answered."""
    match reply:
        case Pin(digits):
            return proving.prove(writer, digits)
        case Stop():
            return stopping.stop(writer)
        case Start():
            return stopping.start(writer)
        case Query():
            return _where_they_stand(writer)
        case Death():
            return _died(writer)
        case Human(first=True):
            return despair.comfort(writer)
        case Human():
            writer.ask_a_human(CaseKind.CALL_BACK, "human")
            return Said("answer.human", person=writer.person)
        case CallMe():
            return _call(writer, "call me")
        case Yes():
            return _call(writer, "yes") if _asked(writer) == OFFER else _willing(writer)
        case No():
            return Said("answer.no", person=writer.person)
        case Help(pin=True):
            return Said("answer.pin", person=writer.person)
        case Help():
            return Said("answer.help", person=writer.person)
        case Thanks():
            return Said("answer.thanks", person=writer.person)
        case Unreadable():
            return _not_understood(writer)


def _ask(writer: Writer, words: str) -> str:
    """The answer of this name that asks for what certifies: the code of a reminder that waits there, a PIN, or a call.

    A PIN is asked of nobody who has none, nor of anybody whose period it would not close.
    """
    if replycodes.waits(writer.session, writer.rt, writer.number):
        return f"answer.code_{words}"
    return f"answer.{words}" if _a_pin_counts(writer) else f"answer.call_{words}"


def _a_pin_counts(writer: Writer) -> bool:
    """Whether anybody whose PIN may come from the number has one that would close their period."""
    today = day_of(writer.rt.now())
    pin = select(KeptPin.person_id).where(KeptPin.person_id == Person.id).exists()
    return any(
        writer.session.scalars(
            select(Person.id).where(
                Person.id == one.id, pin, recipients.a_reply_certifies(writer.rt.regions[one.region], today)
            )
        ).first()
        for one in writer.meant[:MOST]
    )


def _willing(writer: Writer) -> Said:
    """How to go on, for whoever says yes, or that they are alive; somebody reported dead who says so gets a human."""
    meant = writer.meant
    if not meant:
        return proving.UNKNOWN
    if all(bereavement.reminders_stopped(writer.session, one.id) for one in meant):
        writer.ask_a_human(CaseKind.CALL_BACK, "a death is reported")
        return Said("answer.human", person=writer.person)
    return Said(_ask(writer, "yes"), person=writer.person)


def _call(writer: Writer, why: str) -> Said:
    writer.ask_a_human(CaseKind.CALL_BACK, why)
    return Said("answer.call_me", person=writer.person)


def _asked(writer: Writer) -> str | None:
    """The sentence that answered the last text from this number, within a day: a yes may be meant for it."""
    before = writer.earlier()
    if not before:
        return None
    answered = select(Message.words).where(Message.reminder == f"answer:{before[0].id}")
    return writer.session.scalars(answered).first()


def _not_understood(writer: Writer) -> Said:
    """Say so once; the second time within a day, offer a call, and have a human look in any case."""
    if not any(one.read == writer.text.read for one in writer.earlier()):
        return Said(_ask(writer, "unreadable"), person=writer.person)
    writer.ask_a_human(CaseKind.NOT_UNDERSTOOD, "rubbish twice")
    return Said(OFFER, person=writer.person)


def _where_they_stand(writer: Writer) -> Said:
    """Whether whoever is reached here is certified, and until when: nothing that is secret.

    Of several, the one whose day comes first is told of, and nobody's day is passed over but that of somebody whose
    record does not open, or whose death is reported: that goes to a human, and nobody is told to certify.
    """
    session, rt, reached = writer.session, writer.rt, writer.reached
    if not reached:
        return proving.UNKNOWN
    reported = [one for one in reached if bereavement.reminders_stopped(session, one.id)]
    stands = [certifying.status(session, rt, one) for one in writer.readable(reached) if one not in reported]
    if not stands:
        if reported:
            writer.ask_a_human(CaseKind.CALL_BACK, "a death is reported")
        return Said("answer.human", person=writer.person)
    open_ = [one.due for one in stands if not one.closed]
    if open_:
        return Said(_ask(writer, "open"), {"due": min(open_).isoformat()}, writer.person)
    return Said("answer.already", {"next_due": min(one.next_due for one in stands).isoformat()}, writer.person)


def _died(writer: Writer) -> Said:
    """Report the death of whoever is meant, to a human: until they know, nobody is reminded and nobody suspended.

    Of several who may be meant it is reported for each, since the text does not say who: one who lives is left in peace
    for a while, and none who died is written to.
    """
    meant = writer.meant
    if not 1 <= len(meant) <= MOST:
        writer.ask_a_human(CaseKind.DEATH_REPORTED, "death")
        return Said("answer.death")
    for one in meant:
        _report(writer, one, len(meant))
    return Said("answer.death", person=meant[0] if len(meant) == 1 else None)


def _report(writer: Writer, person: Person, among: int) -> None:
    """Once a day for a person; anew where a human has answered meanwhile."""
    ref = f"{person.id}:{day_of(writer.rt.now())}"
    there = cases.of(writer.session, bereavement.reported_as(ACTOR, ref))
    if there is not None and there.decided_at is not None:
        ref = writer.text.id
    detail = {"text": writer.text.id, "one_of": among}
    bereavement.report(writer.session, writer.rt, person, source=ACTOR, ref=ref, by=ACTOR, detail=detail)
