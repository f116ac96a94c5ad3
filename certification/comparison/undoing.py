"""A run taken back by slices: its evidence is withdrawn, periods open again, ladders and cases that it began end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import Session, aliased

from certification import cases, certifying
from certification.comparison import folders, standing
from certification.comparison.releasing import STRONGER, Result, by_slices, come_to, followed, ref, size
from certification.comparison.rules import Outcome
from certification.comparison.runs import Progress, silent, subject
from certification.comparison.standing import SOURCE, UNDONE, cause, rules_of
from certification.evidence import Kind
from certification.ladder import climbing
from certification.periods import Interval
from certification.runtime import Runtime
from certification.store import Climb, ComparisonResult, ComparisonRun, Evidence, Period

_COUNTS = ComparisonRun.state.in_(("releasing", "released"))


def undo(rt: Runtime, run_id: str, by: str, why: str, tell: Progress = silent) -> None:
    """Take a run back, slice by slice, whether or not it was released; asked again, it goes on.

    Its evidence is withdrawn and stays on record; a period that it closed opens again unless other evidence closes it;
    ladders that it began end, and its cases that nobody has decided are closed, but for those on which another run
    that counts rests as well: they are that one's from then on. Raises RunUnknown, RunNotReady,
    RegionGone.
    """
    with rt.sessions.begin() as session:
        run = standing.take_back(session, rt, run_id, by, why)
    go_on(rt, run.id, by, tell("撤销 undoing", size(rt, run)))


def go_on(
    rt: Runtime,
    run_id: str,
    by: str,
    done: Callable[[int], object] = lambda _: None,
    enough: Callable[[], bool] = lambda: False,
) -> None:
    """Take back the slices of a run that is to be undone, until all are or it is `enough` for now."""
    if by_slices(rt, run_id, "undoing", ComparisonRun.undone_to, _undo_slice, done, enough):
        come_to(rt, run_id, "undoing", UNDONE, by, "comparison undone")
    if not enough():
        folders.clear(rt, run_id)


def _undo_slice(session: Session, rt: Runtime, run: ComparisonRun, found: Sequence[Result]) -> dict[str, Any]:
    now, people = rt.now(), [row.person_id for row in found]
    refs = [ref(run.id, person, which) for person in people for which in ("", STRONGER)]
    mine = select(Evidence.id).where(Evidence.kind == Kind.RECORD.value, Evidence.ref.in_(refs))
    withdrawn = session.scalars(
        update(Evidence)
        .where(Evidence.id.in_(mine), Evidence.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
        .returning(Evidence.id)
    ).all()
    due = {row.period_id: row.due for row in found}
    reopened = session.scalars(
        update(Period).where(Period.closed_by.in_(mine)).values(closed_at=None, closed_by=None).returning(Period.id)
    ).all()
    if rules_of(rt, run).interval is Interval.YEAR_FROM_SUCCESS:
        for period in reopened:
            session.execute(update(Period).where(Period.id == period, ~followed()).values(due=due[period]))
        _shorten_others(session, run, people)
    closed = sum(certifying.close_again(session, rt, period, SOURCE) for period in _with_others(session, reopened))
    unresolved = [row.period_id for row in found if row.outcome == Outcome.UNRESOLVED]
    handed = _hand_over(session, run, unresolved)
    climbs = climbing.take_back(session, rt, unresolved, subject(run.id), UNDONE)
    decided = 0
    for row in found:
        if row.outcome in (Outcome.DEATH, Outcome.CONTRADICTION):
            case = cases.of(session, cause(row))
            opened_here = case is not None and case.detail.get("run") == run.id
            if case is None or not opened_here:
                continue
            if (other := _also_said(session, row)) is not None:
                case.detail = {**case.detail, "run": other}
            elif cases.decide(session, rt, case, verdict=UNDONE, by=SOURCE):
                decided += 1
                case.cause = f"{case.cause} {UNDONE} {run.id}"  # the same may be asked again
    facts = {
        "withdrawn": len(withdrawn),
        "reopened": len(reopened),
        "closed_again": closed,
        "climbs": climbs,
        "handed": handed,
    }
    return {"people": len(found), **facts, "cases": decided}


def _shorten_others(session: Session, run: ComparisonRun, people: Sequence[str]) -> None:
    """Tell the other runs that looked at a period while this one prolonged it when that was due before."""
    other, mine = ComparisonResult, aliased(ComparisonResult)
    same = (mine.person_id == other.person_id, mine.period_id == other.period_id)
    before = select(mine.due).where(mine.run_id == run.id, *same).scalar_subquery()
    longer = update(other).where(other.person_id.in_(people), other.run_id != run.id, other.due > before)
    session.execute(longer.values(due=before).execution_options(synchronize_session=False))


def _also_said(session: Session, row: Result) -> str | None:
    """Another run that counts and says the same of this person: the question stands, and is that one's."""
    result = ComparisonResult
    same = (result.person_id == row.person_id, result.outcome == row.outcome, result.died_on == row.died_on)
    others = select(result.run_id).join(ComparisonRun, ComparisonRun.id == result.run_id).where(*same, _COUNTS)
    return session.scalars(others.where(result.run_id != row.run_id).limit(1)).first()


def _hand_over(session: Session, run: ComparisonRun, unresolved: Sequence[str]) -> int:
    """Leave those on the ladder whom another run that counts left unresolved in the same period; how many."""
    result, others = ComparisonResult, defaultdict[str, list[str]](list)
    same = and_(result.person_id == Climb.person_id, result.period_id == Climb.period_id)
    also = (
        select(Climb.period_id, func.max(result.run_id))
        .join(result, same)
        .join(ComparisonRun, ComparisonRun.id == result.run_id)
        .where(Climb.period_id.in_(unresolved), Climb.cause == subject(run.id), result.run_id != run.id)
        .where(result.outcome == Outcome.UNRESOLVED.value, _COUNTS)
        .group_by(Climb.period_id)
    )
    for period, other in session.execute(also):
        others[other].append(period)
    return sum(climbing.hand_over(session, some, subject(run.id), subject(other)) for other, some in others.items())


def _with_others(session: Session, periods: Sequence[str]) -> list[str]:
    """Those of these periods whose people have other evidence on record."""
    other = select(Evidence.id).where(Evidence.person_id == Period.person_id, Evidence.withdrawn_at.is_(None))
    return list(session.scalars(select(Period.id).where(Period.id.in_(periods), other.exists())))
