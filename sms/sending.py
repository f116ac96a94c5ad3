"""Sends what waits in the outbox: claimed and committed before a carrier is asked, and never sent again blindly."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from certification import safewords, seals, standings
from certification.contacts import Outcome
from certification.keys import SealBroken
from certification.runtime import Runtime
from certification.store import Message, NumberStanding, Person, Phone
from sms import choosing, numbers, outbox, texts, wanted
from sms.pace import Pace, Tally
from sms.providers import Absent, Accepted, Answer, Provider, Refused
from sms.segments import measure
from sms.wanted import Back, Drop, Later

logger = logging.getLogger(__name__)

BATCH = 100
HANDS = 16  # requests at the same time: at 200 a second, a carrier may take 80 ms for each
TRIES = 8
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
LOST = timedelta(minutes=3)  # a claimed message of which nothing was heard: its sender was killed
LOOK_AGAIN = timedelta(minutes=2)
LISTED = timedelta(minutes=10)  # so long after, a message that the carrier's list lacks was not taken
HOPELESS = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way: which, through whom, and what."""

    id: str
    carrier: str
    to: str = field(repr=False)
    text: str = field(repr=False)
    segments: int


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends through these carriers (with their weights), as fast as the pace allows."""

    rt: Runtime
    carriers: Mapping[str, tuple[Provider, int]]
    pace: Pace
    tally: Tally

    @property
    def configured(self) -> dict[str, int]:
        """The carriers' configured weights."""
        return {name: weight for name, (_, weight) in self.carriers.items()}

    def batch(self, most: int = BATCH) -> int:
        """Send at most so many; how many were claimed. 0: nothing waits."""
        with self.rt.sessions.begin() as session:
            claimed = outbox.claim(session, self.rt, most)
            going = self._prepare(session, claimed) if claimed else []
        if going:
            with ThreadPoolExecutor(HANDS) as hands:
                answers = list(hands.map(self._send, going))
            self._record(list(zip(going, answers, strict=True)))
        return len(claimed)

    def _prepare(self, session: Session, claimed: Sequence[Message]) -> list[Outgoing]:
        """Make the texts of those that are to go now; the others are dropped or put off."""
        going_to = numbers.of(session, self.rt, claimed)
        standing = _standings(session, self.rt, going_to)
        weights = choosing.weights(session, self.rt, self.configured)
        going = []
        for message in claimed:
            try:
                ready = self._ready(session, message, going_to.get(message.id), standing, weights)
            except Exception:  # one that cannot be made keeps no other waiting
                logger.exception("message %s cannot be made", message.id)
                outbox.drop(session, self.rt, message, "cannot be made")
                continue
            going += [] if ready is None else [ready]
        return going

    def _ready(
        self,
        session: Session,
        message: Message,
        number: str | None,
        standing: Mapping[str, list[NumberStanding]],
        weights: Mapping[str, int],
    ) -> Outgoing | None:
        rt = self.rt
        if number is None:
            outbox.drop(session, rt, message, "no number")
            return None
        person = session.get(Person, message.person_id) if message.person_id else None
        told = standing.get(number, [])
        out, fault = any(one.opted_out_at for one in told), next((one.fault for one in told if one.fault), None)
        match wanted.not_now(session, rt, message, person, out, fault):
            case Drop(why):
                outbox.drop(session, rt, message, why)
                return None
            case Later(at):
                outbox.put_off(session, message, at)
                return None
            case Back():
                message.state, message.tries = "planned", message.tries - 1
                return None
        text = _text(session, rt, message, person)
        message.same_index = rt.keys.index(f"{number}\0{text}", seals.SAME)
        if message.tries == 1 and wanted.too_often_the_same(session, rt, message, message.same_index):
            outbox.drop(session, rt, message, "the same again")
            return None
        message.segments, message.provider = measure(text).segments, choosing.choose(rt.random, weights)
        session.flush()
        return Outgoing(message.id, message.provider, number, text, message.segments)

    def _send(self, one: Outgoing) -> Answer:
        time.sleep(self.pace.take(one.carrier, one.segments))
        return self.carriers[one.carrier][0].send(one.to, one.text, one.id)

    def _record(self, sent: Sequence[tuple[Outgoing, Answer]]) -> None:
        for one, answer in sent:
            self.tally.note(one.carrier, taken=isinstance(answer, Accepted))
        with self.rt.sessions.begin() as session:
            for one, answer in sent:
                record(session, self.rt, one, answer)
        with self.rt.sessions.begin() as session:
            choosing.adjust(session, self.rt, self.configured, self.tally.rates(list(self.carriers)))

    def reconcile(self, most: int = BATCH) -> int:
        """Ask the carriers about messages of which nobody knows whether they were taken; how many became known."""
        with self.rt.sessions() as session:
            ids = session.scalars(unclear(self.rt).limit(most)).all()
        return sum(self._look_up(identifier) for identifier in ids)

    def _look_up(self, identifier: str) -> bool:
        with self.rt.sessions() as session:
            message = session.get(Message, identifier)
            if message is None or message.state not in ("sending", "unknown") or message.claimed_at is None:
                return False
            since, carrier, person = message.claimed_at, message.provider or "", session.get(Person, message.person_id)
            number = numbers.of(session, self.rt, [message]).get(identifier)
            text = None if number is None or message.same_index is None else _text(session, self.rt, message, person)
            mine = f"{number}\0{text}"
            if message.same_index not in self.rt.keys.indexes(mine, seals.SAME):
                text = None  # made anew it would be another: the carrier's list cannot tell
        if number is None or text is None or carrier not in self.carriers:
            found = None
        else:
            found = self.carriers[carrier][0].look_up(number, text, identifier, since)
        with self.rt.sessions.begin() as session:
            return found_out(session, self.rt, identifier, found)


def unclear(rt: Runtime) -> Select[str]:
    """Messages of which nobody knows whether a carrier took them, and about which it is time to ask."""
    now = rt.now()
    lost = (Message.state == "sending") & (Message.claimed_at < now - LOST)
    asked = (Message.state == "unknown") & (Message.claimed_at < now - LOOK_AGAIN) & Message.settled_at.is_(None)
    return select(Message.id).where(or_(lost, asked)).order_by(Message.claimed_at)


def record(session: Session, rt: Runtime, one: Outgoing, answer: Answer) -> None:
    """Write down what a carrier answered; what it told of the message before that answer stands."""
    held = select(Message).where(Message.id == one.id).with_for_update()
    message = session.scalars(held.execution_options(populate_existing=True)).first()
    if message is None:  # the person was erased meanwhile
        return
    if isinstance(answer, Accepted):
        message.provider_ref, message.sent_at = answer.ref[:80], rt.now()
    if message.state != "sending":
        return
    match answer:
        case Accepted():
            message.state = "sent"
        case Refused(code, permanent=True):
            outbox.settle(session, rt, message, "failed", code)
            outbox.reached(session, rt, message, Outcome.FAILED)
            standings.mark_fault(session, rt, one.to, code)
        case Refused(code):
            if message.tries >= TRIES:
                outbox.settle(session, rt, message, "failed", code)
                outbox.reached(session, rt, message, Outcome.FAILED)
            else:
                message.state, message.why = "queued", code[:60]
                message.not_before = rt.now() + min(FIRST_WAIT * 2 ** (message.tries - 1), LONGEST_WAIT)
        case _:
            message.state, message.why = "unknown", answer.why[:60]
    session.flush()


def found_out(session: Session, rt: Runtime, identifier: str, found: Accepted | Absent | object | None) -> bool:
    """Write down what was found out about an unclear message. True when it is clear now.

    Only what the carrier's list lacks long after is sent again; what nobody can tell stays unknown, and after a day for
    good: rather none than two.
    """
    held = select(Message).where(Message.id == identifier).with_for_update()
    message = session.scalars(held.execution_options(populate_existing=True)).first()
    if message is None or message.state not in ("sending", "unknown") or message.claimed_at is None:
        return False
    age = rt.now() - message.claimed_at
    if isinstance(found, Accepted) and not _anothers(session, message, found.ref):
        message.state, message.provider_ref, message.sent_at = "sent", found.ref[:80], rt.now()
        return True
    if isinstance(found, Absent) and age >= LISTED:
        message.state, message.why, message.not_before = "queued", "not taken", rt.now()
        return True
    message.state = "unknown"
    if age >= HOPELESS:
        outbox.settle(session, rt, message, "unknown", "nobody knows")
    return False


def _anothers(session: Session, message: Message, ref: str) -> bool:
    """Whether the carrier's message is known as another of ours: the same text went to that number twice."""
    same = select(Message.id).where(Message.provider == message.provider, Message.provider_ref == ref[:80])
    return session.scalars(same.where(Message.id != message.id)).first() is not None


def _text(session: Session, rt: Runtime, message: Message, person: Person | None) -> str:
    """The sentence in the words of the region and dialect. A safe word is for the person's own telephone alone."""
    code = message.facts.get("region") or (person.region if person else None)
    region = rt.regions.default if code is None else rt.regions[code]
    phone = session.get(Phone, message.phone_id) if message.phone_id else None
    word = None
    if person is not None and phone is not None and (phone.person_id, phone.holder) == (person.id, "self"):
        try:
            word = safewords.of(session, rt.keys, person)
        except SealBroken as error:
            logger.error("the safe word of %s cannot be read: %s", person.id, error)
    dialect = message.facts.get("dialect") or (person.dialect if person else None)
    return texts.render(message.words, region, dialect, message.facts, word)


def _standings(session: Session, rt: Runtime, going_to: Mapping[str, str]) -> dict[str, list[NumberStanding]]:
    """What stands about each number, under any key."""
    by_index = {index: number for number in set(going_to.values()) for index in rt.keys.indexes(number, seals.PHONE)}
    found = dict[str, list[NumberStanding]]()
    for one in session.scalars(select(NumberStanding).where(NumberStanding.number_index.in_(by_index))):
        found.setdefault(by_index[one.number_index], []).append(one)
    return found
