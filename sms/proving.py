"""Six digits by text: a PIN, which says who it is, or the one-time code of a reminder."""

from __future__ import annotations

from sqlalchemy import func, select

from certification import cases, certifying, guesses, pins, replycodes
from certification.cases import CaseKind
from certification.evidence import Kind, Strength
from certification.regions import Route
from certification.store import Person, Text
from sms.writers import ACTOR, MOST, Said, Writer, written_at

SOURCE = "sms"
DIGITS_A_WEEK = 50
"""So many texts with six digits from a number, as long as a code is good, are held against one.

Five guesses an hour alone would be 840 in that week: too many for whoever can forge the number.
"""
UNKNOWN, CLOSED = Said("answer.unknown"), Said("answer.closed")
WHICH = Said("answer.which")


def prove(writer: Writer, digits: str) -> Said | None:
    """Certify whose digits these are; None where nothing is answered any more.

    A code goes before a PIN, or a right code would be a wrong PIN of everybody who shares the telephone.
    """
    session, rt, number = writer.session, writer.rt, writer.number
    meant = writer.meant
    if not meant:
        return _stranger(writer)
    if (sent := replycodes.over(session, rt, number, digits)) is not None:
        return _over(writer, sent)
    guessed = _left(writer) > 0 and _few(writer)
    if guessed and (sent := replycodes.check(session, rt, number, digits)) is not None:
        return _certify(writer, sent, Kind.CODE)
    if not any(rt.regions[one.region].opens(Route.SMS) for one in meant):
        return CLOSED
    if len(meant) > MOST:
        return WHICH
    came = pins.check_among(session, rt, meant, digits, ACTOR)
    if guessed and isinstance(came, pins.Whose | pins.Several):  # where none was counted, none is taken back
        guesses.forgive(session, rt, guesses.REPLY, number)
    match came:
        case pins.Whose(person):
            return _certify(writer, person, Kind.PIN)
        case pins.Several():
            return WHICH
        case pins.Wrong(left):
            return Said("answer.wrong", {"left": left})
        case pins.Locked(until):
            return Said("answer.locked", {"until": until.isoformat()})
        case pins.NotSet():
            return _without_pin(writer)


def _over(writer: Writer, person: Person) -> Said:
    """It was a code of theirs, as of an earlier reminder: no wrong one, and no guess."""
    if not writer.readable([person]):
        return Said("answer.human", person=person)
    if certifying.status(writer.session, writer.rt, person).closed:
        return _already(person, writer)
    later = replycodes.waits(writer.session, writer.rt, writer.number, person)
    return Said("answer.code_later" if later else "answer.code_over", person=person)


def _stranger(writer: Writer) -> Said | None:
    """A number of nobody's: nothing is held against any PIN, and after too many tries nothing is answered."""
    if not guesses.left(writer.session, writer.rt, guesses.STRANGER, writer.number):
        return None
    guesses.guess(writer.session, writer.rt, guesses.STRANGER, writer.number, lambda: None)
    return UNKNOWN


def _without_pin(writer: Writer) -> Said:
    """Nobody at the number has a PIN; where a code waits, it was a wrong one."""
    if not replycodes.waits(writer.session, writer.rt, writer.number):
        return Said("answer.no_pin")
    if not _few(writer):
        return Said("answer.code_over")
    return Said("answer.code_wrong", {"left": left}) if (left := _left(writer)) else Said("answer.code_many")


def _left(writer: Writer) -> int:
    """How many guesses at a code that waits at the number are still looked at within the hour; 0 where none waits."""
    waits = replycodes.waits(writer.session, writer.rt, writer.number)
    return guesses.left(writer.session, writer.rt, guesses.REPLY, writer.number) if waits else 0


def _few(writer: Writer) -> bool:
    """Whether six digits did not come from the number so often, as long as a code is good, that one might be hit."""
    since = writer.text.received_at - replycodes.VALID
    digits = (
        select(func.count()).select_from(Text).where(written_at(writer.rt, writer.number), Text.received_at > since)
    )
    return writer.session.scalars(digits.where(Text.read == writer.text.read)).one() <= DIGITS_A_WEEK


def _certify(writer: Writer, person: Person, kind: Kind) -> Said:
    """Put it on record at the strength of something that only the person should have, as the line does a PIN."""
    session, rt = writer.session, writer.rt
    region = rt.regions[person.region]
    if not region.opens(Route.SMS):
        return Said(CLOSED.words, person=person)
    if not writer.readable([person]):
        return Said("answer.human", person=person)
    closed = certifying.status(session, rt, person).closed
    recorded = certifying.record(
        session,
        rt,
        person,
        kind=kind,
        strength=Strength.POSSESSION,
        source=SOURCE,
        ref=writer.text.id,
        observed_at=writer.text.received_at,
        detail={"telephone": writer.holder(person)},
        actor=ACTOR,
    )
    if closed:
        return _already(person, writer)
    status = certifying.status(session, rt, person)
    if recorded.closed:
        facts = {"receipt": recorded.evidence.receipt, "next_due": status.next_due.isoformat()}
        return Said("answer.certified", facts, person)
    cause = f"{CaseKind.NEEDS_MORE}:text:{certifying.current_period(session, rt, person).id}"
    detail = {"text": writer.text.id, "dialect": writer.dialect(person)}
    cases.open_case(session, rt, kind=CaseKind.NEEDS_MORE, cause=cause, person=person, detail=detail, actor=ACTOR)
    return Said("answer.recorded", {"due": status.due.isoformat()}, person)


def _already(person: Person, writer: Writer) -> Said:
    status = certifying.status(writer.session, writer.rt, person)
    return Said("answer.already", {"next_due": status.next_due.isoformat()}, person)
