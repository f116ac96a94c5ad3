"""What is to be known of the messages of a batch before any of them is sent, asked for all of them at once."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certification import bereavement, cases, replycodes, seals
from certification.certifying import day_of
from certification.keys import SealBroken
from certification.regions import SHANGHAI, Region
from certification.replycodes import Drawn
from certification.runtime import Runtime
from certification.store import (
    Appointment,
    Campaign,
    Helper,
    Message,
    NumberStanding,
    Period,
    Person,
    Phone,
    SafeWord,
)
from sms import numbers, texts
from sms.outbox import ON_ITS_WAY, UNASKED

logger = logging.getLogger(__name__)

Row = TypeVar("Row", Person, Phone, Helper, Period, Appointment)


@dataclass(frozen=True, slots=True)
class Known:
    """About some messages: whom they go to and what stands about those, as of one moment.

    `today`: how many messages that nobody asked for each person was sent today; whoever sends one counts it here.
    """

    rt: Runtime
    people: dict[str, Person]
    phones: dict[str, Phone]
    helpers: dict[str, Helper]
    periods: dict[str, Period]
    appointments: dict[str, Appointment]
    campaigns: dict[str, str]
    numbers: dict[str, str] = field(repr=False)  # E.164, by message
    standings: dict[str, list[NumberStanding]] = field(repr=False)  # by number
    safe_words: dict[str, str] = field(repr=False)  # by person
    codes: dict[str, Drawn]  # by message, of those whose text has one
    at_peace: frozenset[str]  # people whose death was reported
    called_first: frozenset[str]  # people whom a human calls before anything else reaches them
    today: Counter[str]

    def person(self, message: Message) -> Person | None:
        """Whom the message is about."""
        return self.people.get(message.person_id or "")

    def region(self, message: Message) -> Region:
        """Whose rules and words hold for a message."""
        person = self.person(message)
        return self.rt.regions.default if person is None else self.rt.regions[person.region]

    def opted_out(self, message: Message) -> bool:
        """Whether whoever has the number wants no reminders there."""
        return any(one.opted_out_at for one in self.standings.get(self.numbers.get(message.id, ""), ()))

    def fault(self, message: Message) -> str | None:
        """Why nothing arrives at the number; None when it is not known to be so."""
        told = self.standings.get(self.numbers.get(message.id, ""), ())
        return next((one.fault for one in told if one.fault), None)

    def text(self, message: Message) -> str:
        """The sentence in the words of region and dialect. A safe word is for the person's own telephone alone."""
        named, person = message.facts.get("region"), self.person(message)
        phone, word = self.phones.get(message.phone_id or ""), None
        if person is not None and phone is not None and (phone.person_id, phone.holder) == (person.id, "self"):
            word = self.safe_words.get(person.id)
        dialect = message.facts.get("dialect") or (person.dialect if person else None)
        region = self.region(message) if named is None else self.rt.regions[named]
        drawn = {"code": self.codes[message.id].code} if message.id in self.codes else {}
        return texts.render(message.words, region, dialect, {**message.facts, **drawn}, word)


def known(session: Session, rt: Runtime, messages: Sequence[Message]) -> Known:
    """Ask for everything about these messages."""
    people = _rows(session, Person, (one.person_id for one in messages))
    phones = _rows(session, Phone, (one.phone_id for one in messages))
    helpers = _rows(session, Helper, (one.helper_id for one in messages))
    campaigns = select(Campaign.id, Campaign.state).where(Campaign.id.in_({one.campaign_id for one in messages}))
    numbers = _numbers(rt, messages, phones, helpers)
    asking = [(one, numbers[one.id]) for one in messages if one.id in numbers and "code" in texts.facts_of(one.words)]
    peace = select(Person.id).where(Person.id.in_(people), bereavement.reported())
    first = select(Person.id).where(Person.id.in_(people), cases.urgent())
    return Known(
        rt=rt,
        people=people,
        phones=phones,
        helpers=helpers,
        periods=_rows(session, Period, (one.facts.get("period") for one in messages)),
        appointments=_rows(session, Appointment, (one.facts.get("appointment") for one in messages)),
        campaigns={str(code): str(state) for code, state in session.execute(campaigns)},
        numbers=numbers,
        standings=_standings(session, rt, set(numbers.values())),
        safe_words=_safe_words(session, rt, people),
        codes=replycodes.draw(session, rt, asking) if asking else {},
        at_peace=frozenset(session.scalars(peace)),
        called_first=frozenset(session.scalars(first)),
        today=_today(session, rt, people, messages),
    )


def sent_lately(session: Session, rt: Runtime, indexes: Collection[str], but: Iterable[Message]) -> Counter[str]:
    """How often each text went to its number within 24 hours, by messages other than these; by `same_index`."""
    sent = (
        select(Message.same_index, func.count())
        .where(
            Message.same_index.in_(indexes),
            Message.state.in_(ON_ITS_WAY),
            Message.claimed_at > rt.now() - timedelta(days=1),
            Message.id.not_in([one.id for one in but]),
        )
        .group_by(Message.same_index)
    )
    return Counter({str(index): count for index, count in session.execute(sent)})


def midnight(now: datetime) -> datetime:
    """The beginning of this day in China."""
    return datetime.combine(day_of(now), time.min, SHANGHAI)


def _rows(session: Session, table: type[Row], ids: Iterable[str | None]) -> dict[str, Row]:
    wanted = {one for one in ids if one is not None}
    return {one.id: one for one in session.scalars(select(table).where(table.id.in_(wanted)))} if wanted else {}


def _today(session: Session, rt: Runtime, people: Iterable[str], but: Iterable[Message]) -> Counter[str]:
    sent = (
        select(Message.person_id, func.count())
        .where(
            Message.person_id.in_(people),
            Message.purpose.in_(UNASKED),
            Message.phone_id.is_not(None),  # copies to helpers do not count
            Message.state.in_(ON_ITS_WAY),
            Message.claimed_at >= midnight(rt.now()),
            Message.same_index.is_not(None),  # its text was made: nothing held it back
            Message.id.not_in([one.id for one in but]),
        )
        .group_by(Message.person_id)
    )
    return Counter({str(person): count for person, count in session.execute(sent)})


def _numbers(
    rt: Runtime, messages: Iterable[Message], phones: dict[str, Phone], helpers: dict[str, Helper]
) -> dict[str, str]:
    """The number of each message that has one, whatever it goes to."""
    found = dict[str, str]()
    for message in messages:
        try:
            number = numbers.number(
                rt, message, phones.get(message.phone_id or ""), helpers.get(message.helper_id or "")
            )
        except SealBroken as error:
            logger.error("the number of message %s cannot be read: %s", message.id, error)
            continue
        if number is not None:
            found[message.id] = number
    return found


def _standings(session: Session, rt: Runtime, numbers: Iterable[str]) -> dict[str, list[NumberStanding]]:
    """What stands about each number, under any key."""
    by_index = {index: number for number in numbers for index in rt.keys.indexes(number, seals.PHONE)}
    found = dict[str, list[NumberStanding]]()
    for one in session.scalars(select(NumberStanding).where(NumberStanding.number_index.in_(by_index))):
        found.setdefault(by_index[one.number_index], []).append(one)
    return found


def _safe_words(session: Session, rt: Runtime, people: Iterable[str]) -> dict[str, str]:
    """The word of each of these people who has one; one that does not open keeps no message waiting."""
    found = dict[str, str]()
    for one in session.scalars(select(SafeWord).where(SafeWord.person_id.in_(people))):
        try:
            found[one.person_id] = rt.keys.open(one.word_sealed, seals.safe_word(one.person_id)).decode()
        except SealBroken as error:
            logger.error("the safe word of person %s cannot be read: %s", one.person_id, error)
    return found
