"""A run released by slices: its signs go on record, periods close, ladders begin, cases open."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from functools import cache
from hashlib import sha256
from typing import Any

import pyarrow as pa
from sqlalchemy import ColumnElement, Row, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from certification import bereavement, cases, certifying, journal, receipts
from certification.comparison import bulk, meanwhile, standing
from certification.comparison.rules import Outcome
from certification.comparison.runs import Progress, silent, subject
from certification.comparison.standing import CHANGED, SOURCE, cause, contradiction, death, rules_of
from certification.evidence import Kind
from certification.keys import SealBroken
from certification.ladder import climbing
from certification.periods import Interval, Span, certified
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.store import ComparisonResult, ComparisonRun, Evidence, Period, Person, new_id

SLICE = 5_000  # people; calls wait for no more
LADDER_DAYS = 31
"""Whoever is unresolved goes on the ladder only so many days before the last day of their period; after it, the sweep
puts on whoever is still not certified."""
_SIGNS = (Outcome.CERTIFIED, Outcome.ALREADY, Outcome.UNRESOLVED)  # of the others, nothing is taken for a sign of life
_TRIES = 5
STRONGER = ":s"  # names the second sign of a person
_AS_IT_IS = {"synchronize_session": False}  # no object of these rows is looked at afterwards


def release(rt: Runtime, run_id: str, by: str, tell: Progress = silent) -> None:
    """Put a run's signs on record, slice by slice; asked again, it goes on, and does nothing twice.

    Raises RunUnknown, RunNotReady, RegionGone.
    """
    with rt.sessions.begin() as session:
        run = standing.let_go(session, rt, run_id, by)
    go_on(rt, run.id, by, tell("发布 releasing", size(rt, run)))


def go_on(
    rt: Runtime,
    run_id: str,
    by: str,
    done: Callable[[int], object] = lambda _: None,
    enough: Callable[[], bool] = lambda: False,
) -> None:
    """Release the slices of a run that was let go, until all are or it is `enough` for now."""
    if by_slices(rt, run_id, "releasing", ComparisonRun.released_to, _release_slice, done, enough):
        come_to(rt, run_id, "releasing", "released", by, "comparison released", (CHANGED,))


def size(rt: Runtime, run: ComparisonRun) -> int:
    """How many people a run says something of."""
    with rt.sessions() as session:
        mine = select(func.count()).where(ComparisonResult.run_id == run.id)
        return session.scalars(mine).one()


Result = Row[Any]
"""The columns of a ComparisonResult: of two million, objects would take longer than all the rest."""
Slice = Callable[[Session, Runtime, ComparisonRun, Sequence[Result]], dict[str, Any]]


def by_slices(
    rt: Runtime,
    run_id: str,
    state: str,
    to: InstrumentedAttribute[str],
    deed: Slice,
    done: Callable[[int], object],
    enough: Callable[[], bool] = lambda: False,
) -> bool:
    """Do the deed for each slice of people, in a transaction that says how far it came: once, whoever is killed.

    Whether none is left; False, too, where the run has come to another state.
    """
    more, tries = True, 0
    while more:
        if enough():
            return False
        try:
            with rt.sessions.begin() as session:
                mine = select(ComparisonRun).where(ComparisonRun.id == run_id, ComparisonRun.state == state)
                run = session.scalars(mine.with_for_update()).first()
                if run is None:
                    return False
                found = _next(session, run_id, getattr(run, to.key))
                more = bool(found)
                if more:
                    facts = deed(session, rt, run, found)
                    setattr(run, to.key, found[-1].person_id)
                    journal.write(session, rt.now(), SOURCE, f"comparison slice {state}", subject(run_id), **facts)
        except bulk.CONFLICTS:  # one of the receipts is somebody else's: others are drawn
            tries += 1
            if tries == _TRIES:
                raise
            continue
        tries = 0
        done(len(found))
    return True


def _next(session: Session, run_id: str, after: str) -> Sequence[Result]:
    rows = select(*ComparisonResult.__table__.columns).where(ComparisonResult.run_id == run_id)
    later = rows.where(ComparisonResult.person_id > after)
    return session.execute(later.order_by(ComparisonResult.person_id).limit(SLICE)).all()


def come_to(
    rt: Runtime, run_id: str, before: str, after: str, by: str, action: str, counts: Sequence[str] = ()
) -> None:
    """Bring a run from one state to the next, once, whoever else does so at the same time.

    `counts`: which of the run's the journal tells.
    """
    with rt.sessions.begin() as session:
        there = update(ComparisonRun).where(ComparisonRun.id == run_id, ComparisonRun.state == before)
        counted = session.scalar(there.values(state=after).returning(ComparisonRun.counts))
        if counted is not None:
            facts = {name: counted.get(name, 0) for name in counts}
            journal.write(session, rt.now(), by, action, subject(run_id), **facts)


def _release_slice(session: Session, rt: Runtime, run: ComparisonRun, found: Sequence[Result]) -> dict[str, Any]:
    held = select(Person.id).where(Person.id.in_([row.person_id for row in found]), Person.region == run.region)
    people = set(session.scalars(held.with_for_update(read=True, key_share=True)))
    there: Sequence[Result] = [row for row in found if row.person_id in people]  # the others were erased, or moved
    region, unplaced = rules_of(rt, run), frozenset[str]()
    if region.interval is Interval.YEAR_FROM_SUCCESS:
        moved = meanwhile.moved(session, rt, run, there)
        there, unplaced = moved.rows, moved.unread
    changed = meanwhile.changed(session, run, region.evidence.rule, there)
    rows = [row for row in there if row.person_id not in changed.answered]
    signs = [row for row in rows if row.outcome in _SIGNS and row.seen_on is not None]
    evidence = _record(session, rt, run, signs)
    closes_nothing = changed.unbacked | unplaced
    suffice = [row for row in signs if row.outcome == Outcome.CERTIFIED and row.person_id not in closes_nothing]
    closed = _close(session, rt, run, suffice, evidence)
    closed += sum(_by_the_stronger(session, rt, row) for row in signs if row.person_id in changed.unbacked - unplaced)
    climbs = opened = unread = 0
    today = certifying.day_of(rt.now())
    for row in rows:
        if row.outcome == Outcome.UNRESOLVED and 0 <= (row.due - today).days <= LADDER_DAYS:
            try:
                climbs += _begin_ladder(session, rt, row)
            except SealBroken:  # the sweep tries again when the period is over, and says so
                unread += 1
        elif row.outcome in (Outcome.DEATH, Outcome.CONTRADICTION):
            opened += _ask(session, rt, row)
    otherwise = changed.answered | closes_nothing
    said = (
        _said(row, evidence.get(row.person_id, "-"), CHANGED if row.person_id in otherwise else "") for row in there
    )
    digest = sha256("".join(said).encode()).hexdigest()  # what the journal would say of each, in one line
    run.counts = {**run.counts, CHANGED: run.counts.get(CHANGED, 0) + len(otherwise)}
    counts = {"people": len(there), "evidence": len(evidence), "closed": closed, "climbs": climbs, "cases": opened}
    return {**counts, CHANGED: len(otherwise), "unread": unread, "sha256": digest}


def _said(row: Result, evidence: str, otherwise: str) -> str:
    return f"{row.person_id} {row.period_id} {row.outcome} {evidence} {otherwise}".rstrip() + "\n"


def _begin_ladder(session: Session, rt: Runtime, row: Result) -> bool:
    person, period = session.get_one(Person, row.person_id), session.get_one(Period, row.period_id)
    return climbing.begin(session, rt, person, period, subject(row.run_id))


def ref(run_id: str, person_id: str, which: str = "") -> str:
    """The event that a sign of a run rests on; `which`: STRONGER for the second of the person."""
    return f"{run_id}:{person_id}{which}"


def _record(session: Session, rt: Runtime, run: ComparisonRun, signs: Sequence[Result]) -> dict[str, str]:
    """Put each sign of life on record; the evidence by person."""

    @cache
    def noon(day: date) -> str:
        return bulk.written(session, min(rt.now(), datetime.combine(day, time(12), SHANGHAI)))

    told = [(row.person_id, ref(run.id, row.person_id), row.strength, row.source, row.seen_on) for row in signs]
    told += [
        (row.person_id, ref(run.id, row.person_id, STRONGER), row.stronger_strength, row.stronger, row.stronger_on)
        for row in signs
        if row.stronger_on is not None
    ]
    if not told:
        return {}
    count, (people, refs, strengths, sources, days) = len(told), zip(*told, strict=True)
    columns = {
        "id": [new_id() for _ in told],
        "person_id": people,
        "kind": [Kind.RECORD.value] * count,
        "strength": strengths,
        "source": [f"{SOURCE}: {source}" for source in sources],
        "ref": refs,
        "receipt": receipts.draw_many(rt.random, count),
        "detail": [json.dumps({"run": run.id})] * count,
        "observed_at": [noon(day) for day in days],
        "recorded_at": [bulk.written(session, rt.now())] * count,
    }
    bulk.insert(session, Evidence, pa.RecordBatch.from_pydict(columns))
    return dict(zip(people[: len(signs)], columns["id"], strict=False))


def _close(session: Session, rt: Runtime, run: ComparisonRun, rows: Sequence[Result], evidence: dict[str, str]) -> int:
    """Close the periods that are still open; where a year counts from the last success, let it count from this one."""
    suffices = {row.period_id: row.seen_on for row in rows if row.person_id in evidence}
    this = (
        select(Evidence.id)
        .where(Evidence.kind == Kind.RECORD.value, Evidence.ref == run.id + ":" + Period.person_id)
        .scalar_subquery()
    )
    unclosed = update(Period).where(Period.id.in_(list(suffices)), Period.closed_at.is_(None))
    closing = unclosed.values(closed_at=rt.now(), closed_by=this, due_before=Period.due).returning(Period.id)
    newly = set(session.scalars(closing.execution_options(**_AS_IT_IS)))
    interval = rules_of(rt, run).interval
    if interval is Interval.YEAR_FROM_SUCCESS:
        by_day = defaultdict[date, list[str]](list)
        for period, day in suffices.items():
            by_day[day].append(period)
        for day, periods in by_day.items():
            due = certified(interval, Span(day, day), day).due
            last = update(Period).where(Period.id.in_(periods), ~followed()).execution_options(**_AS_IT_IS)
            session.execute(last.where(Period.id.in_(newly)).values(due=due))
            session.execute(last.where(Period.due < due).values(due=due, closed_by=this))
    return len(newly)


def _by_the_stronger(session: Session, rt: Runtime, row: Result) -> bool:
    """Close a period by the stronger sign beside one that no longer suffices, if that lies in it."""
    if row.stronger_on is None or session.get_one(Period, row.period_id, populate_existing=True).closed_at is not None:
        return False
    return certifying.close_again(session, rt, row.period_id, SOURCE)


def followed() -> ColumnElement[bool]:
    """In a query of periods: those after which a later one of the same person is on record."""
    later = aliased(Period)
    return select(later.id).where(later.person_id == Period.person_id, later.opens > Period.opens).exists()


def _ask(session: Session, rt: Runtime, row: Result) -> int:
    """Ask a human about a death on record, and about a sign of life after one; once for the same, month after month."""
    if cases.of(session, cause(row)) is not None or (row.outcome == Outcome.DEATH and row.died_as is None):
        return 0
    person = session.get_one(Person, row.person_id)
    seen_on, died_on = (day and day.isoformat() for day in (row.seen_on, row.died_on))
    detail = {"died_on": died_on, "died_as": row.died_as, "run": row.run_id}
    if row.outcome == Outcome.DEATH:
        ref = death(row)
        bereavement.report(session, rt, person, source=SOURCE, ref=ref, by=SOURCE, detail=detail)
    else:
        detail |= {"seen_on": seen_on}
        bereavement.contradict(session, rt, person, cause=contradiction(row), detail=detail, by=SOURCE)
    return 1
