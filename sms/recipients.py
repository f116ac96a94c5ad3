"""Who gets a reminder where: on a telephone of their own, copies to helpers, a call by a human; and what that costs."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CreateTableAs,
    Integer,
    Select,
    String,
    Table,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from certification import reminders, replycodes
from certification.evidence import Strength
from certification.helpers import COPIES
from certification.needs import Declared
from certification.periods import add_months
from certification.phones import PhoneKind
from certification.regions import SHANGHAI, Region, Reply, Route
from certification.runtime import Runtime
from certification.store import (
    Consent,
    Evidence,
    Helper,
    Message,
    Need,
    NumberStanding,
    Period,
    Person,
    Phone,
    Pin,
    SafeWord,
)
from sms import texts

Columns = ReadOnlyColumnCollection[str, Any]
"""The columns of own(), laid down."""
SUMS = ("people", "messages", "copies", "segments", "calls", "silent")
"""What reminders come to at most: people, messages, how many of those are copies, and segments.

`calls`: whom a human has to call, for no message reaches them. `silent`: whose mobile takes nothing.
"""
LAST_DAYS = 2
"""So near the end, the words are more urgent."""


def own(session: Session, region: Region, on: date, *within: ColumnElement[bool]) -> Select[Any]:
    """Everybody to be reminded, with `days` left, the `phone` that takes the message (None: none), and its `words`.

    `mobile`: they have one, though it may take nothing. `calls`: none does, and a human can call them. `safe`: they
    have a safe word. `within`: those of whom more holds, as between() has it.
    """
    safe = select(SafeWord.person_id).where(SafeWord.person_id == Person.id).exists()
    days = days_left(region, on)
    found = (
        reminders.to_remind(session, region, on)
        .where(*within)
        .with_only_columns(
            Person.id.label("person_id"),
            Period.id.label("period_id"),
            Period.due,
            days.label("days"),
            case((_without_mobile(), None), else_=own_phone(Person.id)).label("phone"),
            _words(region, on, days).label("words"),
            Person.dialect.label("dialect"),
            safe.label("safe"),
        )
        .cte("reminded")
        .prefix_with("MATERIALIZED")
    )
    person, reached = found.c.person_id, found.c.phone.is_not(None)  # of most, no more is to be looked up
    return select(
        *found.c,
        case((reached, true()), else_=reminders.mobile(person)).label("mobile"),
        case((reached, false()), else_=to_call(region, person)).label("calls"),
    )


def _words(region: Region, on: date, days: ColumnElement[int]) -> ColumnElement[str]:
    """In a query of people: the sentence of their reminder, with what they are to send back where that is enough."""
    last, enough = days <= LAST_DAYS, a_reply_certifies(region, on)
    pin = select(Pin.person_id).where(Pin.person_id == Person.id).exists()
    code = true() if region.reminders.reply is Reply.CODE else ~pin
    return case(
        (and_(last, code, enough), "reminder.last_code"),
        (last, "reminder.last"),
        (not_(enough), "reminder.call"),
        (code, "reminder.code"),
        else_="reminder.pin",
    )


def a_reply_certifies(region: Region, on: date) -> ColumnElement[bool]:
    """In a query of people: whether a PIN or a code sent by text closes the period, as long as a code is good.

    Nobody is asked for one in vain: not where the region certifies by stronger signs alone, nor whoever needs a
    stronger one to back it, and has none that is recent enough.
    """
    rule = region.evidence.rule
    if not region.opens(Route.SMS):
        return false()
    if rule.needs <= Strength.POSSESSION:
        return true()
    if rule.lesser is None or rule.lesser.counts > Strength.POSSESSION:
        return false()
    earliest = datetime.combine(add_months(on + replycodes.VALID, -rule.lesser.months), time.min, SHANGHAI)
    backing = (Evidence.strength >= int(rule.lesser.backed_by), Evidence.observed_at >= earliest)
    mine = (Evidence.person_id == Person.id, Evidence.withdrawn_at.is_(None), *backing)
    return select(Evidence.id).where(*mine).exists()


def next_place(region: Region, reached: list[Any] | None, begin: str = "") -> tuple[int, str] | None:
    """Where to go on among the people to be reminded: days left, and the person after whom; None at the end.

    They are gone through by the days that are left, the most first. `reached`: such days and the last person who was
    seen to there, None for them where nobody is left; or nothing, at the beginning. `begin`: whom they all come after.
    """
    days = sorted(set(region.reminders.days_before), reverse=True)
    if reached is not None:
        at, last = reached
        if last is not None:
            return at, last
        days = [one for one in days if one < at]
    return (days[0], begin) if days else None


def slice_end(session: Session, on: date, days: int, after: str, size: int, until: str | None = None) -> str | None:
    """The last of the next people after one whose period ends in so many days; None where fewer are left.

    `until`: the last of all who are asked for.
    """
    ends = (Period.closed_at.is_(None), Period.due == on + timedelta(days=days))
    found = select(Period.person_id).where(*ends, Period.person_id > after)
    found = found if until is None else found.where(Period.person_id <= until)
    return session.scalars(found.order_by(Period.person_id).offset(size - 1).limit(1)).first()


def between(on: date, days: int, after: str, last: str | None) -> tuple[ColumnElement[bool], ...]:
    """In a query of people by their periods: whose ends in so many days, of the people after one and up to another.

    Said of both, for PostgreSQL does not see that they are the same people, and would go through all there are.
    """
    until = () if last is None else (Period.person_id <= last, Person.id <= last)
    return (Period.due == on + timedelta(days=days), Period.person_id > after, Person.id > after, *until)


def agreed(person: ColumnElement[str]) -> ColumnElement[bool]:
    """In a query of people: whether anybody is to get copies of this one's reminders."""
    consent = select(Consent.person_id).where(
        Consent.person_id == person, Consent.purpose.startswith(COPIES), Consent.withdrawn_at.is_(None)
    )
    return consent.exists()


def days_left(region: Region, on: date) -> ColumnElement[int]:
    """In a query of periods: the days that are left on a day, one of those that the region reminds people at."""
    if not region.reminders.days_before:
        return literal(None, Integer)
    return case(*((Period.due == on + timedelta(days=n), n) for n in region.reminders.days_before))


def own_phone(
    person: ColumnElement[str] | InstrumentedAttribute[str], *, stopped: bool = False
) -> ColumnElement[str | None]:
    """The telephone of a person's own that takes messages: one, though they have several.

    `stopped`: for what they have brought about themselves, also one to which no reminders go any more.
    """
    unwanted = () if stopped else (NumberStanding.opted_out_at.is_not(None),)
    bad = select(NumberStanding.number_index).where(
        NumberStanding.number_index == Phone.number_index, or_(NumberStanding.fault.is_not(None), *unwanted)
    )
    mine = and_(Phone.person_id == person, Phone.holder == "self", Phone.kind != PhoneKind.LANDLINE.value)
    return select(func.min(Phone.id)).where(mine, ~bad.exists()).correlate_except(Phone).scalar_subquery()


def laid_down(session: Session, query: Select[Any]) -> Table:
    """The rows of own(), each looked up once and kept beside the database until the table is dropped."""
    made = CreateTableAs(query, "chosen", temporary=True)
    session.execute(made)
    return made.table


def summed(session: Session, chosen: Columns, region: Region) -> Counter[str]:
    """What the messages to people chosen by own() themselves come to at most, as SUMS."""
    found = (chosen.words, chosen.dialect, chosen.safe, chosen.phone.is_not(None), chosen.mobile, chosen.calls)
    sums = Counter[str](dict.fromkeys(SUMS, 0))
    for words, dialect, safe, phone, mobile, calls, number in session.execute(
        select(*found, func.count()).group_by(*found)
    ):
        sums["people"] += number
        if phone and "self" in region.reminders.to:
            sums["messages"] += number
            sums["segments"] += number * texts.longest(words, region, dialect, bool(safe)).segments
        if not phone:
            sums.update(calls=number * bool(calls), silent=number * bool(mobile))
    return sums


def foreseen(session: Session, rt: Runtime, region: Region, on: date) -> dict[str, Any]:
    """What the reminders of a day come to at most, as things stand, as SUMS and `cost`: read alone, nothing is planned.

    Copies are counted for helpers whose numbers take no more messages as well.
    """
    sums = summed(session, own(session, region, on).cte().c, region)
    for words, dialect, number in _copies(session, region, on):
        segments = number * texts.longest(words, region, dialect, safe_word=False).segments
        sums.update(messages=number, copies=number, segments=segments)
    return {**sums, "cost": cost(rt, sums["segments"])}


def cost(rt: Runtime, segments: int) -> str | None:
    """What so many segments cost at most, in the money of SMS_SEGMENT_COST; None where that is not set."""
    each = rt.settings.sms_segment_cost
    return None if each is None else str(each * segments)


def fresh_id(session: Session, at: datetime) -> ColumnElement[str]:
    """In an INSERT … SELECT: a new identifier for each row, which cannot be guessed.

    It begins with the moment, in milliseconds, as UUIDs of version 7 do: a million such rows are put at one end of an
    index, and not all over it.
    """
    moment = literal(f"{round(at.timestamp() * 1000):012x}")
    if session.get_bind().dialect.name == "postgresql":
        return moment + func.right(func.replace(cast(func.gen_random_uuid(), String), "-", ""), 20)
    return moment + func.lower(func.hex(func.randomblob(10)))


def _copies(session: Session, region: Region, on: date) -> list[tuple[str, str | None, int]]:
    """Sentence, dialect and number of the copies to helpers; one number given by two helpers counts twice."""
    if "relative" not in region.reminders.to:
        return []
    consent = select(Consent.person_id).where(
        Consent.person_id == Person.id, Consent.purpose == literal(COPIES) + Helper.id, Consent.withdrawn_at.is_(None)
    )
    words = case((days_left(region, on) <= LAST_DAYS, "reminder.copy_last"), else_="reminder.copy").label("words")
    found = (
        reminders.to_remind(session, region, on)
        .join(Helper, Helper.person_id == Person.id)
        .where(Helper.ended_at.is_(None), Helper.kind != PhoneKind.LANDLINE.value, consent.exists())
        .with_only_columns(words, Person.dialect.label("dialect"))
        .subquery()
    )
    columns = (found.c.words, found.c.dialect)
    rows = session.execute(select(*columns, func.count()).group_by(*columns))
    return [(str(said), dialect, int(number)) for said, dialect, number in rows]


def missed(session: Session, region: Region, on: date, campaign_id: str) -> Select[Any]:
    """Who is to be reminded and gets no message in a campaign that is planned: person, period, due, mobile, calls."""
    theirs = (Message.person_id == Person.id, Message.campaign_id == campaign_id, Message.phone_id.is_not(None))
    found = reminders.to_remind(session, region, on).add_columns(to_call(region).label("calls"))
    return found.where(~select(Message.id).where(*theirs).exists())


def _without_mobile() -> ColumnElement[bool]:
    none = select(Need.need).where(Need.person_id == Person.id, Need.need == Declared.NO_MOBILE.value)
    return none.exists()


def to_call(region: Region, person: ColumnElement[str] | InstrumentedAttribute[str] = Person.id) -> ColumnElement[bool]:
    """In a query of people: whether a human can remind them by telephone, and the region reminds people themselves."""
    if "self" not in region.reminders.to:
        return false()
    phone = select(Phone.id).where(Phone.person_id == person).exists()
    deaf = (Declared.CANNOT_SPEAK.value, Declared.HARD_OF_HEARING.value)
    silent = select(Need.need).where(Need.person_id == person, Need.need.in_(deaf)).exists()
    return and_(phone, not_(silent))
