"""Evidence put on record, periods closed by it, and where a person stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from certification import bereavement, journal, people, receipts
from certification.evidence import Closed, Kind, Sign, Strength, decide
from certification.periods import Dates, Interval, Kept, Span, certified, next_span, span
from certification.regions import SHANGHAI, Region
from certification.runtime import Runtime
from certification.store import Evidence, Period, Person, insert_once, new_id


@dataclass(frozen=True, slots=True)
class Recorded:
    """Evidence on record, and whether the period it was observed in is certified now."""

    evidence: Evidence
    closed: bool


@dataclass(frozen=True, slots=True)
class Status:
    """Where a person stands: whether the present period is certified and by which receipt, and its last day.

    `next_due` is the last day of the period that awaits them: the present one's while it is open, else the next one's.
    """

    closed: bool
    due: date
    next_due: date
    receipt: str | None


def record(
    session: Session,
    rt: Runtime,
    person: Person,
    *,
    kind: Kind,
    strength: Strength,
    source: str,
    ref: str,
    observed_at: datetime,
    detail: dict[str, Any] | None = None,
    actor: str,
) -> Recorded:
    """Append a sign of life and close its period where it suffices.

    It is recorded once for each kind and `ref` (the event it rests on): asked again, this answers what stands. Raises
    ValueError when that event is on record for somebody else.
    """
    evidence, new = _append(
        session,
        rt,
        person_id=person.id,
        kind=kind.value,
        strength=int(strength),
        source=source,
        ref=ref,
        detail=detail or {},
        observed_at=observed_at,
    )
    if new:
        facts = {"kind": kind.value, "strength": strength.name.lower(), "source": source}
        journal.write(
            session, rt.now(), actor, "evidence recorded", f"person:{person.id}", evidence=evidence.id, **facts
        )
        if bereavement.deceased(session, person.id):
            contradicted = {"evidence": evidence.id}
            bereavement.contradict(session, rt, person, cause=evidence.id, detail=contradicted, by=actor)
    elif evidence.person_id != person.id:
        raise ValueError(f"{kind} evidence of {ref!r} is on record for another person")
    period = current_period(session, rt, person, evidence.observed_at)
    session.refresh(period, with_for_update=True)  # whoever takes back what closed it waits, and then sees this
    closed = _close(session, rt, person, period, actor)
    if new and closed:
        _prolong(session, rt, person, period, evidence.id, day_of(evidence.observed_at), actor)
    return Recorded(evidence, closed)


def close_again(session: Session, rt: Runtime, period_id: str, actor: str) -> bool:
    """Close a period without anything new, if what is on record suffices, for as long as that certifies.

    So one does that was opened again, or whose region asks for less than when the evidence came.
    """
    period = session.get_one(Period, period_id, populate_existing=True)
    person = session.get_one(Person, period.person_id)
    if not _close(session, rt, person, period, actor):
        return False
    for sign in sorted(signs(session, [person.id])[person.id], key=lambda sign: sign.on):
        if sign.on in Span(period.opens, period.due):
            _prolong(session, rt, person, period, sign.id, sign.on, actor)
    return True


def _append(session: Session, rt: Runtime, **event: Any) -> tuple[Evidence, bool]:
    same = select(Evidence).where(Evidence.kind == event["kind"], Evidence.ref == event["ref"])
    new = False
    while (evidence := session.scalars(same).first()) is None:  # a second round when the receipt number is taken
        receipt = receipts.draw(rt.random)
        new = insert_once(session, Evidence, id=new_id(), receipt=receipt, recorded_at=rt.now(), **event)
    return evidence, new


def _close(session: Session, rt: Runtime, person: Person, period: Period, actor: str) -> bool:
    if period.closed_at is not None:
        return True
    present = Span(period.opens, period.due)
    decision = decide(present, signs(session, [person.id])[person.id], _region(rt, person).evidence.rule)
    if not isinstance(decision, Closed):
        return False
    unclosed = update(Period).where(Period.id == period.id, Period.closed_at.is_(None))
    now, due = rt.now(), _certified(session, rt, person, period, decision.by.on)
    closing = unclosed.values(closed_at=now, closed_by=decision.by.id, due=due, due_before=Period.due)
    if session.execute(closing.returning(Period.id)).first():
        journal.write(
            session, now, actor, "period closed", f"person:{person.id}", period=period.id, evidence=decision.by.id
        )
    session.refresh(period)
    return True


def _prolong(
    session: Session, rt: Runtime, person: Person, period: Period, evidence: str, day: date, actor: str
) -> None:
    """Where a year counts from the last success, let a later one in a closed period count from its own day."""
    region = _region(rt, person)
    if region.interval is not Interval.YEAR_FROM_SUCCESS or evidence == period.closed_by:
        return
    if not isinstance(decide(Span(day, day), signs(session, [person.id])[person.id], region.evidence.rule), Closed):
        return
    due = _certified(session, rt, person, period, day)
    earlier = update(Period).where(Period.id == period.id, Period.due < due)
    if session.execute(earlier.values(due=due, closed_by=evidence).returning(Period.id)).first():
        journal.write(
            session, rt.now(), actor, "period prolonged", f"person:{person.id}", period=period.id, evidence=evidence
        )
    session.refresh(period)


def _certified(session: Session, rt: Runtime, person: Person, period: Period, success: date) -> date:
    """The last day for which this success certifies; a period that another follows already keeps its own."""
    later = select(Period.id).where(Period.person_id == person.id, Period.opens > period.opens)
    if session.scalars(later).first() is not None:
        return period.due
    return certified(_region(rt, person).interval, Span(period.opens, period.due), success).due


def current_period(session: Session, rt: Runtime, person: Person, at: datetime | None = None) -> Period:
    """The person's period at a moment (now, when not given), made where there is none yet."""
    day = day_of(at or rt.now())
    present = span(_region(rt, person).interval, dates(rt, person), day, kept(session, [person.id])[person.id])
    insert_once(session, Period, id=new_id(), person_id=person.id, opens=present.opens, due=present.due)
    mine = select(Period).where(Period.person_id == person.id, Period.opens == present.opens)
    return session.scalars(mine.execution_options(populate_existing=True)).one()


def status(session: Session, rt: Runtime, person: Person) -> Status:
    """Where the person stands now."""
    interval, own, on_record = _region(rt, person).interval, dates(rt, person), kept(session, [person.id])[person.id]
    present = span(interval, own, day_of(rt.now()), on_record)
    closing = (
        select(Evidence.receipt)
        .join(Period, Period.closed_by == Evidence.id)
        .where(Period.person_id == person.id, Period.opens == present.opens)
    )
    receipt = session.scalars(closing).first()
    if receipt is None:
        return Status(closed=False, due=present.due, next_due=present.due, receipt=None)
    following = next_span(interval, own, present, on_record)
    return Status(closed=True, due=present.due, next_due=following.due, receipt=receipt)


def dates(rt: Runtime, person: Person) -> Dates:
    """What the person's periods are counted from. Raises SealBroken."""
    return Dates(people.number_of(rt.keys, person).birth_date, day_of(person.created_at))


def kept(session: Session, people: Sequence[str]) -> Mapping[str, list[Kept]]:
    """The periods on record of these people (by identifier; none on record is an empty list)."""
    found = defaultdict[str, list[Kept]](list)
    columns = (Period.person_id, Period.opens, Period.due, Evidence.observed_at)
    rows = select(*columns).outerjoin(Evidence, Period.closed_by == Evidence.id).where(Period.person_id.in_(people))
    for person_id, opens, due, at in session.execute(rows):
        found[person_id].append(Kept(opens, due, at and day_of(at)))
    return found


def signs(session: Session, people: Sequence[str]) -> Mapping[str, list[Sign]]:
    """The evidence on record of these people (by identifier), as decide() takes it."""
    found = defaultdict[str, list[Sign]](list)
    columns = (Evidence.person_id, Evidence.kind, Evidence.strength, Evidence.observed_at, Evidence.id)
    for person_id, kind, strength, at, identifier in session.execute(
        select(*columns).where(Evidence.person_id.in_(people), Evidence.withdrawn_at.is_(None))
    ):
        found[person_id].append(Sign(kind, Strength(strength), day_of(at), identifier))
    return found


def _region(rt: Runtime, person: Person) -> Region:
    return rt.regions[person.region]


def day_of(at: datetime) -> date:
    """The day of a moment, in Shanghai."""
    return at.astimezone(SHANGHAI).date()
