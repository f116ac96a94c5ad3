"""Sends what waits in the outbox: claimed and committed before a carrier is asked, and never sent again blindly."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from redis.exceptions import RedisError
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from certification import replycodes, seals
from certification.contacts import Outcome
from certification.runtime import Runtime
from certification.store import Message
from sms import choosing, outbox, wanted
from sms.batch import Known, known, sent_lately
from sms.outbox import Purpose
from sms.pace import Pace, Tally
from sms.providers import Absent, Accepted, Answer, Provider, Refused, Unclear
from sms.segments import measure
from sms.texts import SAME_A_DAY
from sms.wanted import Back, Drop, Later

logger = logging.getLogger(__name__)

BATCH, FEWEST = 200, 10
HANDS = 16  # requests at the same time: at 200 a second, a carrier may take 80 ms for each
TRIES = 8
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
HELD = timedelta(seconds=30)
STALE = timedelta(minutes=1)  # what was not handed over so soon is not handed over: well before it counts as lost
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
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """It was given to no carrier, and is tried again after a while: that was no attempt."""

    wait: timedelta


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

    def batch(self, most: int | None = None) -> int:
        """Send at most so many; how many were claimed. 0: nothing waits."""
        with self.rt.sessions.begin() as session:
            claimed = outbox.claim(session, self.rt, most or self.size)
            going = self._prepare(session, claimed) if claimed else []
        if going:
            with ThreadPoolExecutor(HANDS) as hands:
                answers = list(hands.map(self._send, going))
            self._record({one.id: (one, answer) for one, answer in zip(going, answers, strict=True)})
        return len(claimed)

    @property
    def size(self) -> int:
        """How many messages a batch has: about what the pace lets out in a second, so that none is held for long."""
        return min(BATCH, max(FEWEST, round(self.pace.per_second)))

    def _prepare(self, session: Session, claimed: Sequence[Message]) -> list[Outgoing]:
        """Make the texts of those that are to go now; the others are dropped or put off."""
        rt, found = self.rt, known(session, self.rt, claimed)
        made = [(message, text) for message in claimed if (text := self._made(session, message, found)) is not None]
        for message, text in made:
            message.same_index = rt.keys.index(f"{found.numbers[message.id]}\0{text}", seals.SAME)
        lately = sent_lately(session, rt, {str(message.same_index) for message, _ in made}, claimed)
        weights = choosing.weights(session, rt, self.configured)
        going = []
        for message, text in made:
            index = str(message.same_index)
            if message.tries == 1 and lately[index] >= SAME_A_DAY:
                outbox.drop(session, rt, message, "the same again")
                continue
            lately[index] += 1
            message.segments, message.provider = measure(text).segments, choosing.choose(rt.random, weights)
            number = found.numbers[message.id]
            going.append(Outgoing(message.id, message.provider, number, text, message.segments, rt.now()))
        replycodes.keep(session, rt, [found.codes[one.id] for one in going if one.id in found.codes])
        session.flush()
        return going

    def _made(self, session: Session, message: Message, found: Known) -> str | None:
        """The text of a message that is to go now. One that cannot be made keeps no other waiting."""
        rt = self.rt
        try:
            if message.id not in found.numbers:
                outbox.drop(session, rt, message, "no number")
                return None
            match wanted.not_now(message, found, rt.now()):
                case Drop(why):
                    outbox.drop(session, rt, message, why)
                    return None
                case Later(at):
                    outbox.put_off(session, message, at)
                    return None
                case Back():
                    message.state, message.tries = "planned", message.tries - 1
                    return None
            text = found.text(message)
        except Exception:
            logger.exception("message %s cannot be made", message.id)
            outbox.drop(session, rt, message, "cannot be made")
            return None
        if message.phone_id is not None and Purpose(message.purpose) in outbox.UNASKED:
            found.today[message.person_id or ""] += 1
        return text

    def _send(self, one: Outgoing) -> Answer | Held:
        try:
            wait = self.pace.take(one.carrier, one.segments)
        except RedisError as error:
            logger.warning("no pace without Redis, message %s waits: %s", one.id, error)
            return Held(HELD)
        if wait > self.pace.patience_s:
            return Held(timedelta(seconds=wait))
        time.sleep(wait)
        if self.rt.now() - one.made_at > STALE:  # this machine stood still: others may have begun to look for it
            return Held(HELD)
        return self.carriers[one.carrier][0].send(one.to, one.text, one.id)

    def _record(self, sent: Mapping[str, tuple[Outgoing, Answer | Held]]) -> None:
        """Write down what the carriers answered, whatever becomes of Redis."""
        with self.rt.sessions.begin() as session:
            held = select(Message).where(Message.id.in_(sent)).order_by(Message.id).with_for_update()
            for message in session.scalars(held.execution_options(populate_existing=True)).all():
                record(session, self.rt, message, *sent[message.id])
            session.flush()
        try:
            self._shift(list(sent.values()))
        except RedisError as error:
            logger.warning("nothing is counted without Redis: %s", error)

    def _shift(self, sent: Sequence[tuple[Outgoing, Answer | Held]]) -> None:
        for carrier in self.carriers:
            answers = [answer for one, answer in sent if one.carrier == carrier and not isinstance(answer, Held)]
            errors = sum(
                isinstance(one, Unclear) or (isinstance(one, Refused) and not one.permanent) for one in answers
            )
            if answers:
                self.tally.note(carrier, len(answers), errors)
        if len(self.carriers) > 1:
            rates = self.tally.rates(list(self.carriers))
            with self.rt.sessions.begin() as session:
                choosing.adjust(session, self.rt, self.configured, rates)

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
            since, carrier, about = message.claimed_at, message.provider or "", known(session, self.rt, [message])
            number, text = about.numbers.get(identifier), None
            if number is not None and message.same_index is not None:
                text = about.text(message)
            if message.same_index not in self.rt.keys.indexes(f"{number}\0{text}", seals.SAME):
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


def record(session: Session, rt: Runtime, message: Message, one: Outgoing, answer: Answer | Held) -> None:
    """Write down what a carrier answered; what it told of the message before that answer stands."""
    if isinstance(answer, Accepted):
        message.provider_ref, message.sent_at = answer.ref[:80], rt.now()
    if message.state != "sending":
        return
    match answer:
        case Held(wait):
            outbox.put_off(session, message, rt.now() + wait)
        case Accepted():
            message.state = "sent"
        case Refused(code, permanent=True):
            outbox.settle(session, rt, message, "failed", code)
            outbox.reached(session, rt, message, Outcome.FAILED)
            outbox.nothing_arrives(session, rt, message, one.to, code)
        case Refused(code):
            if message.tries >= TRIES:
                outbox.settle(session, rt, message, "failed", code)
                outbox.reached(session, rt, message, Outcome.FAILED)
            else:
                message.state, message.why = "queued", code[:60]
                message.not_before = rt.now() + min(FIRST_WAIT * 2 ** (message.tries - 1), LONGEST_WAIT)
        case _:
            message.state, message.why = "unknown", answer.why[:60]


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
