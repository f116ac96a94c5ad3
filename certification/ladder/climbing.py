"""The ladder at work: people put on it, led from rung to rung by the sweep, and taken off by a success."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from certification import bereavement, cases, contacts, harm, journal, needs, outages, people, visits
from certification.cases import CaseKind
from certification.certifying import day_of
from certification.contacts import REAL, Outcome
from certification.ladder.steps import CALL, CHANNELS, OPERATOR, VISIT, Rung, Standing, Who, next_rung
from certification.overdue import certified, unresolved
from certification.periods import add_months
from certification.regions import Route
from certification.runtime import Runtime
from certification.store import Climb, Contact, Period, Person, Phone, insert_once, new_id

BATCH = 200  # on a busy machine a look takes 26 ms: a sweep keeps its other duties waiting for 5 s
LOOK_EVERY = timedelta(hours=1)
LONGEST_MONTHS = 25
"""No period is longer: what ended before is nobody's latest, and need not be gone through in every sweep."""
ACTOR = "ladder"


def begin(session: Session, rt: Runtime, person: Person, period: Period, cause: str | None = None) -> bool:
    """Put somebody on the ladder for a period that is not certified; False when they were on it for that one before.

    The ladder of an earlier period ends: nobody is on two. `cause`: what may take them back.
    """
    if period.closed_at is not None:
        return False
    plan, now = rt.regions[person.region].ladder, rt.now()
    row = {"id": new_id(), "person_id": person.id, "period_id": period.id, "began_at": now, "cause": cause}
    rungs = [[climb.rung.value, climb.wait_days] for climb in plan.rungs]
    first = _who(session, rt, person).goes_first(plan.first_age, plan.first)
    if not insert_once(session, Climb, **row, rungs=rungs, first=first, asked_at=now, looked_at=now - LOOK_EVERY):
        return False
    earlier = select(Climb).where(Climb.person_id == person.id, Climb.stopped_at.is_(None), Climb.id != row["id"])
    for one in session.scalars(earlier).all():
        _stop(session, rt, one, "superseded")
    journal.write(session, now, ACTOR, "ladder begun", f"person:{person.id}", period=period.id, first=first)
    return True


def overdue(session: Session, rt: Runtime) -> list[str]:
    """Periods that are over and not certified, each person's latest, and not on the ladder; at most BATCH."""
    off, today = ~select(Climb.id).where(Climb.period_id == Period.id).exists(), day_of(rt.now())
    over = select(Period.id).where(Period.due >= add_months(today, -LONGEST_MONTHS), unresolved(today), off)
    return list(session.scalars(over.order_by(Period.due).limit(BATCH)))


def climbing(session: Session, rt: Runtime) -> list[str]:
    """Who is on the ladder and was not looked at for LOOK_EVERY, at most BATCH; those first who go before others."""
    on = select(Climb.id).where(Climb.stopped_at.is_(None), Climb.looked_at <= rt.now() - LOOK_EVERY)
    return list(session.scalars(on.order_by(Climb.first.desc(), Climb.looked_at).limit(BATCH)))


def climb(session: Session, rt: Runtime, climb_id: str) -> bool:
    """Lead one climber on where it is time; True when something was done."""
    held = select(Climb).where(Climb.id == climb_id, Climb.stopped_at.is_(None)).with_for_update(skip_locked=True)
    row = session.scalars(held.execution_options(populate_existing=True)).first()
    if row is None:
        return False
    row.looked_at = rt.now()
    person, period = session.get_one(Person, row.person_id), session.get_one(Period, row.period_id)
    if session.scalar(select(Period.id).where(Period.id == period.id, certified())) is not None:
        return _stop(session, rt, row, "certified")
    if session.scalar(select(Person.id).where(Person.id == person.id, or_(bereavement.reported(), cases.urgent()))):
        return False
    rungs = [Rung(name, timedelta(days=days)) for name, days in row.rungs]
    index = next_rung(rungs, _who(session, rt, person), _standing(session, rt, row), rt.now())
    if index is None:
        return False
    _answer(session, rt, attempt(row.id, CALL), "passed")
    row.rung, row.asked_at = index, row.looked_at
    _ask(session, rt, person, row, rungs[index].name)
    facts = {"rung": rungs[index].name, "period": period.id}
    journal.write(session, rt.now(), ACTOR, "rung climbed", f"person:{person.id}", **facts)
    return True


def take_back(session: Session, rt: Runtime, periods: Sequence[str], cause: str, why: str) -> int:
    """Take people off whom this cause should not have put on, so that they may be put on again; how many there were."""
    theirs = session.scalars(select(Climb).where(Climb.period_id.in_(periods), Climb.cause == cause)).all()
    for one in theirs:
        _stop(session, rt, one, why)
        session.delete(one)
    return len(theirs)


def begin_again(session: Session, rt: Runtime, person: Person, period: Period, why: str) -> bool:
    """Put somebody on the ladder anew who was on it for this period: from its first rung, and from now on.

    Not where they are on it for another period by now. Raises SealBroken; the sweep tries again, where it is over.
    """
    row = session.scalars(select(Climb).where(Climb.period_id == period.id)).first()
    if row is None:
        return False
    cause = row.cause
    _stop(session, rt, row, why)
    session.delete(row)
    session.flush()
    elsewhere = select(Climb.id).where(Climb.person_id == person.id, Climb.stopped_at.is_(None))
    return session.scalars(elsewhere).first() is None and begin(session, rt, person, period, cause)


def hand_over(session: Session, periods: Sequence[str], cause: str, to: str) -> int:
    """Leave those on the ladder whom another cause would have put on as well, for that one to take back; how many."""
    theirs = update(Climb).where(Climb.period_id.in_(periods), Climb.cause == cause, Climb.stopped_at.is_(None))
    return len(session.scalars(theirs.values(cause=to).returning(Climb.id)).all())


def attempt(climb_id: str, rung: str) -> str:
    """The name of the attempt that a rung asks for: the `ref` of its contact."""
    return f"{_cause(climb_id)}:{rung}"


def _stop(session: Session, rt: Runtime, climb: Climb, why: str) -> bool:
    """Take somebody off the ladder, with what it asked of humans for them; True when it was done here."""
    on = update(Climb).where(Climb.id == climb.id, Climb.stopped_at.is_(None))
    if session.scalar(on.values(stopped_at=rt.now(), why=why).returning(Climb.id)) is None:
        return False
    for cause in (_cause(climb.id), attempt(climb.id, CALL)):
        _answer(session, rt, cause, why)
    visits.drop(session, rt, _cause(climb.id), ACTOR)
    facts = {"period": climb.period_id, "why": why}
    journal.write(session, rt.now(), ACTOR, "ladder stopped", f"person:{climb.person_id}", **facts)
    return True


def _answer(session: Session, rt: Runtime, cause: str, why: str) -> None:
    """Decide what was asked of a human for this cause, where nobody has."""
    case = cases.of(session, cause)
    if case is not None:
        cases.decide(session, rt, case, verdict=why, by=ACTOR)


def _cause(climb_id: str) -> str:
    return f"ladder:{climb_id}"


def _ask(session: Session, rt: Runtime, person: Person, row: Climb, rung: str) -> None:
    if rung == VISIT:
        visits.ask(session, rt, person, cause=_cause(row.id), by=ACTOR)
        return
    channel, ref = CHANNELS[rung], attempt(row.id, rung)
    contacts.note(session, rt, person, channel=channel, ref=ref, outcome=Outcome.QUEUED, actor=ACTOR)
    asked = {CALL: (CaseKind.TO_CALL, ref), OPERATOR: (CaseKind.UNREACHED, _cause(row.id))}
    if rung in asked:  # the line calls nobody by itself
        kind, cause = asked[rung]
        detail = {"first": row.first, "period": row.period_id, "attempt": ref}
        cases.open_case(session, rt, kind=kind, cause=cause, person=person, detail=detail, actor=ACTOR)


def _standing(session: Session, rt: Runtime, row: Climb) -> Standing | None:
    if row.rung is None:
        return None
    rung = row.rungs[row.rung][0]
    made = _made(session, row, rung)
    outcome = Outcome(made.outcome) if made else Outcome.QUEUED
    made_at = made.settled_at if made and outcome in REAL else None
    stood_still = outages.stopped(session, made_at or row.asked_at, rt.now())
    return Standing(row.rung, row.asked_at, outcome, made_at, stood_still)


def _made(session: Session, row: Climb, rung: str) -> Contact | None:
    channel = CHANNELS[rung]
    ref = attempt(row.id, rung)
    if rung == VISIT:
        visit = visits.of(session, _cause(row.id))
        ref = visit.id if visit else ref
    return session.scalars(select(Contact).where(Contact.channel == channel.value, Contact.ref == ref)).first()


def _who(session: Session, rt: Runtime, person: Person) -> Who:
    kinds: Sequence[str] = session.scalars(select(Phone.kind).where(Phone.person_id == person.id)).all()
    age = harm.years(rt, people.number_of(rt.keys, person).birth_date)
    return Who(
        needs=needs.of(session, person.id),
        mobile=any(kind != "landline" for kind in kinds),
        phone=bool(kinds),
        age=age,
        failures=harm.failures(session, rt, person),
        visited=rt.regions[person.region].opens(Route.VISIT),
    )
