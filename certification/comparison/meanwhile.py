"""What came between a run and its release: backing withdrawn, periods cut short, and what a human found out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, or_, select, update
from sqlalchemy.orm import Session

from certification import bereavement, certifying
from certification.bereavement import Verdict
from certification.comparison.rules import Outcome
from certification.evidence import Kind, Open, Rule, Sign, Strength, decide
from certification.keys import SealBroken
from certification.periods import Span
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.store import ComparisonResult, ComparisonRun, Evidence, Period, Person

_BEFORE = timedelta(days=1)
"""Evidence is looked for that was withdrawn so long before the run began, too: it may have been seen on the roll until
the slice was through that took it back, and two machines' clocks differ."""


@dataclass(frozen=True, slots=True)
class Changed:
    """People of whom the run would say something else today.

    `answered`: a human found that they live, or died; nothing is done about them. `unbacked`: their sign no longer
    suffices; it goes on record and closes nothing.
    """

    answered: frozenset[str]
    unbacked: frozenset[str]


def changed(session: Session, run: ComparisonRun, rule: Rule, rows: Sequence[Row[Any]]) -> Changed:
    """Look again at a slice of a run's results."""
    verdicts = bereavement.verdicts(session, [row.person_id for row in rows])
    answered = frozenset(
        row.person_id for row in rows if row.person_id in verdicts and _answered(row, *verdicts[row.person_id])
    )
    weak = [row for row in rows if row.outcome == Outcome.CERTIFIED and row.strength < rule.needs]
    return Changed(answered, _unbacked(session, run, rule, [row for row in weak if row.person_id not in answered]))


def _answered(row: Row[Any], verdict: Verdict, on: date) -> bool:
    """Whether the run would say something else, had it known this answer.

    No sign of a run is later than an answer that came after it: of the dead it would neither certify nor ask.
    """
    if verdict is Verdict.ALIVE:
        return row.outcome in (Outcome.DEATH, Outcome.CONTRADICTION) and row.died_on <= on
    match row.outcome:
        case Outcome.CONTRADICTION:
            return bool(row.seen_on <= on)
        case Outcome.DEATH:
            return row.died_as is not None
        case outcome:
            return bool(outcome != Outcome.ELSEWHERE)


def _unbacked(session: Session, run: ComparisonRun, rule: Rule, weak: Sequence[Row[Any]]) -> frozenset[str]:
    """Those whose sign sufficed by evidence that has been withdrawn, and suffices by no other."""
    lost = select(Evidence.person_id).where(Evidence.person_id.in_([row.person_id for row in weak]))
    since = run.started_at - _BEFORE
    people = set(session.scalars(lost.where(Evidence.withdrawn_at >= since))) if weak else set()
    if not people:
        return frozenset()
    known = certifying.signs(session, list(people))
    return frozenset(
        row.person_id
        for row in weak
        if row.person_id in people
        and isinstance(decide(Span(row.seen_on, row.seen_on), [*known[row.person_id], *_own(row)], rule), Open)
    )


@dataclass(frozen=True, slots=True)
class Moved:
    """A slice's rows, each about the period that its sign lies in today; of the `unread`, nobody can tell which."""

    rows: Sequence[Row[Any]]
    unread: frozenset[str]


def moved(session: Session, rt: Runtime, run: ComparisonRun, rows: Sequence[Row[Any]]) -> Moved:
    """Look again at periods that end earlier than when the run looked: what had prolonged them was undone.

    A sign of after such an end is one of the period around its day.
    """
    result, people = ComparisonResult, [row.person_id for row in rows]
    mine = select(*result.__table__.columns).where(result.run_id == run.id)
    ends = mine.add_columns(Period.due.label("ends")).join(Period, Period.id == result.period_id)
    short = or_(Period.due < result.due, Period.due < result.seen_on)
    found = session.execute(ends.where(result.person_id.in_(people), short)).all()
    unread = set[str]()
    for row in found:
        about: dict[str, Any] = {"due": row.ends}
        if row.seen_on is not None and row.seen_on > row.ends:
            day = datetime.combine(row.seen_on, time(12), SHANGHAI)
            try:
                period = certifying.current_period(session, rt, session.get_one(Person, row.person_id), day)
            except SealBroken:
                unread.add(row.person_id)
                continue
            about = {"period_id": period.id, "due": period.due}
        this = update(result).where(result.run_id == run.id, result.person_id == row.person_id)
        session.execute(this.values(**about).execution_options(synchronize_session=False))
    if not found:
        return Moved(rows, frozenset())
    anew = session.execute(mine.where(result.person_id.in_([row.person_id for row in found]))).all()
    now = {row.person_id: row for row in anew}
    return Moved([now.get(row.person_id, row) for row in rows], frozenset(unread))


def _own(row: Row[Any]) -> Iterator[Sign]:
    """The signs that the run brings itself; of one day and strength, they are one."""
    yield Sign(Kind.RECORD, Strength(row.strength), row.seen_on, "")
    if row.stronger_on is not None:
        yield Sign(Kind.RECORD, Strength(row.stronger_strength), row.stronger_on, "")
