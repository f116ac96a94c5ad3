"""What happened to a slice of the people on the roll: a query for each kind of thing, each by an index."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from certification import bereavement, limits, seals
from certification.cases import CaseKind
from certification.certifying import day_of
from certification.evidence import Kind
from certification.identity import ResidentNumber
from certification.keys import SealBroken
from certification.reports.groups import NOT_SAID, Group, age_and_sex, need, phone_type
from certification.reports.lives import BY_LINE, Counted, Life, Why, Window, counted
from certification.runtime import Runtime
from certification.store import (
    Attempt,
    Case,
    Evidence,
    JournalEntry,
    Need,
    PaymentList,
    Period,
    Person,
    Phone,
    Suspension,
    Text,
)

logger = logging.getLogger(__name__)

Tally = Counter[tuple[Group, Counted]]
_REASONS = {"words": Why.WORDS, "abandoned": Why.HUNG_UP}
_CASES = {CaseKind.LIMIT_REACHED: Why.LIMIT, CaseKind.NO_TEMPLATE: Why.NOTHING, CaseKind.NO_PIN: Why.NOTHING}
"""Questions for a human that say why a try came to nothing; others come of tries that are counted already."""
_SIX_DIGITS = "pin"  # what a text was read as
_LOCKED = "PIN locked"  # the journal's action


@dataclass(frozen=True, slots=True)
class Slice:
    """So many people counted, up to this one; `unreadable`: those whose identity number does not open."""

    last: str
    people: int
    unreadable: int
    tally: Tally


class _Span(NamedTuple):
    """The identifiers of a slice: everybody from the first to the last."""

    first: str
    last: str

    def holds(self, column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
        return column.between(self.first, self.last)


class _Stretch(NamedTuple):
    """A period for which somebody was certified: its days, and since when that was known."""

    opens: date
    due: date
    closed_at: datetime


def next_slice(session: Session, rt: Runtime, window: Window, after: str, size: int) -> Slice | None:
    """The next people after this one, counted; None where there is nobody left.

    Memory is bounded by `size`; each identity number is opened once, for birth date and sex, which are kept nowhere.
    """
    on_roll = (
        select(
            Person.id, Person.region, Person.dialect, Person.number_sealed, bereavement.found_dead().label("found_dead")
        )
        .where(Person.id > after, Person.created_at < window.as_of)
        .order_by(Person.id)
        .limit(size)
    )
    rows = session.execute(on_roll).all()
    if not rows:
        return None
    span = _Span(rows[0].id, rows[-1].id)
    lives = _lives(session, window, span)
    phones, declared = _phones(session, span), _needs(session, span)
    tally, unreadable, nothing = Tally(), 0, Life()
    for row in rows:
        number = _number(rt, row.id, row.number_sealed)
        unreadable += number is None
        age, sex = age_and_sex(number, window.today)
        means, needs = phone_type(phones.get(row.id, ())), need(declared.get(row.id, ()))
        group = Group(row.region, row.dialect or NOT_SAID, age, sex, means, needs)
        life = lives.get(row.id, nothing)
        if row.found_dead:
            life.open_since.clear()
        tally.update((group, one) for one in counted(life, window))
    return Slice(span.last, len(rows), unreadable, tally)


def _number(rt: Runtime, person_id: str, sealed: bytes) -> ResidentNumber | None:
    try:
        return ResidentNumber.parse(rt.keys.open(sealed, seals.number(person_id)).decode())
    except SealBroken:
        logger.exception("age and sex of %s are not known", person_id)
        return None


def _lives(session: Session, window: Window, span: _Span) -> dict[str, Life]:
    """The lives of those in the slice to whom anything happened."""
    lives = defaultdict[str, Life](Life)
    certified = _periods(session, window, span, lives)
    _tries(session, window, span, lives)
    _texts(session, window, span, lives, certified)
    _cases(session, window, span, lives)
    for person in session.scalars(_proved(window, span)):
        lives[person].proved = True
    for person in session.scalars(_suspended(window, span)):
        lives[person].suspended = True
    return lives


def _within(window: Window, at: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    return and_(at >= window.start, at < window.as_of)


def _periods(session: Session, window: Window, span: _Span, lives: dict[str, Life]) -> dict[str, list[_Stretch]]:
    """Put closings and what is over and open into the lives; the stretches for which people were certified."""
    certified = defaultdict[str, list[_Stretch]](list)
    rows = (
        select(Period.person_id, Period.opens, Period.due, Period.closed_at, Evidence.kind)
        .outerjoin(Evidence, Evidence.id == Period.closed_by)
        .where(span.holds(Period.person_id), or_(Period.due >= window.first, Period.closed_at >= window.start))
    )
    for person, opens, due, closed_at, kind in session.execute(rows):
        if closed_at is not None and closed_at < window.as_of:
            certified[person].append(_Stretch(opens, due, closed_at))
            if closed_at >= window.start:
                lives[person].closings.append((closed_at, kind or NOT_SAID))
        elif window.first <= due < window.today:
            lives[person].open_since.append(due)
    return certified


def _tries(session: Session, window: Window, span: _Span, lives: dict[str, Life]) -> None:
    attempts = select(Attempt.person_id, Attempt.at, Attempt.reason).where(
        span.holds(Attempt.person_id), Attempt.method == limits.VOICE, _within(window, Attempt.at)
    )
    for person, at, reason in session.execute(attempts):
        lives[person].rejections.append((at, _REASONS.get(reason, Why.VOICE)))
    about = _Span(f"person:{span.first}", f"person:{span.last}")
    locks = select(JournalEntry.subject, JournalEntry.at).where(
        JournalEntry.action == _LOCKED, about.holds(JournalEntry.subject), _within(window, JournalEntry.at)
    )
    for subject, at in session.execute(locks):
        lives[subject.removeprefix("person:")].rejections.append((at, Why.PIN))


def _texts(
    session: Session, window: Window, span: _Span, lives: dict[str, Life], certified: dict[str, list[_Stretch]]
) -> None:
    """Six digits on which no evidence rests, from a telephone that reaches one person, whose period was open."""
    rests = and_(Evidence.ref == Text.id, Evidence.kind.in_((Kind.PIN.value, Kind.CODE.value)))
    rows = (
        select(Text.person_id, Text.received_at)
        .outerjoin(Evidence, rests)
        .where(span.holds(Text.person_id), Text.read == _SIX_DIGITS, _within(window, Text.received_at))
        .where(Evidence.id.is_(None))
    )
    for person, at in session.execute(rows):
        day, stretches = day_of(at), certified.get(str(person), [])
        if not any(one.opens <= day <= one.due and one.closed_at <= at for one in stretches):
            lives[str(person)].rejections.append((at, Why.TEXT))


def _cases(session: Session, window: Window, span: _Span, lives: dict[str, Life]) -> None:
    rows = select(Case.person_id, Case.kind, Case.opened_at, Case.decided_at).where(
        span.holds(Case.person_id),
        Case.opened_at < window.as_of,
        or_(Case.decided_at.is_(None), Case.decided_at >= window.start),
    )
    for person, _, opened, decided in session.execute(rows):
        still = decided is None or decided >= window.as_of
        lives[str(person)].questions.append((opened, None if still else decided))
    refused = select(Case.person_id, Case.kind, Case.opened_at).where(
        span.holds(Case.person_id), Case.kind.in_([kind.value for kind in _CASES]), _within(window, Case.opened_at)
    )
    for person, kind, opened in session.execute(refused):
        lives[str(person)].rejections.append((opened, _CASES[CaseKind(kind)]))


def _proved(window: Window, span: _Span) -> Any:
    by_line = Evidence.kind.in_([kind.value for kind in BY_LINE])
    return (
        select(Evidence.person_id)
        .where(span.holds(Evidence.person_id), by_line, Evidence.withdrawn_at.is_(None))
        .where(_within(window, Evidence.observed_at))
        .distinct()
    )


def _suspended(window: Window, span: _Span) -> Any:
    return (
        select(Suspension.person_id)
        .join(PaymentList, PaymentList.id == Suspension.list_id)
        .where(span.holds(Suspension.person_id), Suspension.state.in_(("suspended", "restored")))
        .where(_within(window, PaymentList.released_at))
    )


def _phones(session: Session, span: _Span) -> dict[str, set[str]]:
    kinds = defaultdict[str, set[str]](set)
    own = select(Phone.person_id, Phone.kind).where(span.holds(Phone.person_id), Phone.holder == "self")
    for person, kind in session.execute(own):
        kinds[person].add(kind)
    return kinds


def _needs(session: Session, span: _Span) -> dict[str, set[str]]:
    declared = defaultdict[str, set[str]](set)
    for person, one in session.execute(select(Need.person_id, Need.need).where(span.holds(Need.person_id))):
        declared[person].add(one)
    return declared
