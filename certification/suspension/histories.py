"""What is on record for and against suspending people whose period is over: two queries, however many they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from certification import bereavement, certifying, contacts, limits, outages
from certification.cases import CaseKind
from certification.overdue import certified, lives_in, unresolved
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.store import (
    Appointment,
    Assessment,
    Attempt,
    Case,
    Evidence,
    Paper,
    Period,
    Person,
    Suspension,
    TakenBack,
    Visit,
)
from certification.suspension.checks import History
from certification.visits import UNMADE

VOICE_SEEN = (CaseKind.VOICE_DOUBT.value, CaseKind.LIMIT_REACHED.value)
"""Cases in which a human looked at a voice that failed."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """A person and the latest of their periods that is over and open, with what is on record."""

    person_id: str
    period_id: str
    history: History
    failed_at: datetime | None  # when their voice last failed, if no human has looked at it


def overdue(session: Session, region: str, today: date) -> Select[str, str]:
    """Person and period: whoever's latest period before today is open, and who is not suspended already."""
    return (
        select(Person.id, Period.id)
        .join(Period, Period.person_id == Person.id)
        .where(unresolved(today), lives_in(session, region), ~_suspended())
    )


def histories(
    session: Session,
    rt: Runtime,
    region: str,
    periods: Select[str, str],
    signed_by: Iterable[str] = (),
    taken_off: Collection[str] = (),
) -> Iterator[Overdue]:
    """Each of these people's history at this moment; `periods` selects person and period, with Person and Period.

    `taken_off`: whom a supervisor took off the list.
    """
    now, said = rt.now(), rt.regions[region].suspension
    today = certifying.day_of(now)
    out, signatures = outages.running(session), frozenset(signed_by)

    @cache  # of periods that opened on one day there are many
    def stopped(opened: datetime) -> timedelta:
        return outages.stopped(session, opened, now)

    again = timedelta(days=sum(climb.wait_days for climb in rt.regions[region].ladder.rungs))
    rows = session.execute(_with_facts(periods, today)).all()
    tried = contacts.last_tried(session, periods.with_only_columns(Person.id))
    for person_id, period_id, *rest in rows:
        opens, due, now_in, closed, open_cases, failed_at, death, suspended, undone, mistaken = rest
        opened = datetime.combine(opens, time.min, SHANGHAI)
        asked_from = opened if undone is None else max(opened, undone)  # before, they believed that they were certified
        last = tried.get(person_id, {})
        score = failed_at is not None and failed_at >= opened
        history = History(
            today=today,
            due=due,
            certified=closed,
            enabled=said.enabled,
            least_channels=said.channels,
            channels=frozenset(channel.value for channel, at in last.items() if at >= asked_from),
            outage=stopped(opened),
            outage_running=out,
            open_cases=open_cases,
            score_unseen=score,
            death_reported=death,
            suspended=suspended,
            moved=now_in != region,
            taken_off=person_id in taken_off,
            signatures=signatures,
            asked_again=None if mistaken is None else certifying.day_of(mistaken),
            again=again,
        )
        yield Overdue(person_id, period_id, history, failed_at if score else None)


def _with_facts(periods: Select[str, str], today: date) -> Select[Any]:
    """The query of people and periods, with what is on record of each."""
    theirs = (TakenBack.person_id == Person.id, TakenBack.evidence_id.is_not(None), TakenBack.stands_at.is_(None))
    return periods.add_columns(
        Period.opens,
        Period.due,
        Person.region.label("lives_in"),
        certified().label("certified"),
        _open_cases(datetime.combine(today, time.min, SHANGHAI)).label("open_cases"),
        _score_unseen().label("failed_at"),
        bereavement.reported().label("death"),
        _suspended().label("suspended"),
        select(func.max(Evidence.withdrawn_at)).where(Evidence.person_id == Person.id).scalar_subquery(),
        select(func.max(TakenBack.at)).where(*theirs).scalar_subquery(),
    )


def unsettled(session: Session, rt: Runtime, region: str, earliest: date | None) -> ColumnElement[bool]:
    """Whether anything may hold this person that came after they were found to be free; the checks say if it does.

    `earliest`: the first day of any period in question, since when outages may have put its end off. Only what is left
    is checked anew, so that a list of a whole city is in a second or two.
    """
    now = rt.now()
    today = certifying.day_of(now)
    began = datetime.combine(earliest or today, time.min, SHANGHAI)
    put_off = -(-outages.stopped(session, began, now) // timedelta(days=1))
    undone = select(Evidence.id).where(Evidence.person_id == Person.id, Evidence.withdrawn_at.is_not(None))
    mistaken = select(TakenBack.id).where(TakenBack.person_id == Person.id, TakenBack.stands_at.is_(None))
    return or_(
        certified(),
        Period.due >= today - timedelta(days=put_off),
        _open_cases(datetime.combine(today, time.min, SHANGHAI)) > 0,
        bereavement.reported(),
        _score_unseen().is_not(None),
        _suspended(),
        Person.region != region,
        undone.exists(),
        mistaken.exists(),
    )


def _suspended() -> ColumnElement[bool]:
    """Suspended, or not paid again yet though the suspension was lifted."""
    any_list = aliased(Suspension)  # a query may itself be of those on one list
    return (
        select(any_list.id).where(any_list.person_id == Person.id, any_list.state.in_(("suspended", "lifted"))).exists()
    )


def _open_cases(today: datetime) -> ColumnElement[int]:
    """How much of theirs lies with us: cases, papers not decided, visits not made, voices not weighed, appointments."""
    theirs = (
        select(Case.id).where(Case.person_id == Person.id, Case.decided_at.is_(None)),
        select(Paper.id).where(Paper.person_id == Person.id, Paper.state == "received"),
        select(Visit.id).where(Visit.person_id == Person.id, Visit.state.in_(UNMADE)),
        select(Assessment.id).where(Assessment.person_id == Person.id, Assessment.state == "pending"),
        select(Appointment.id).where(
            Appointment.person_id == Person.id, Appointment.state == "booked", Appointment.at >= today
        ),
    )
    return sum((_count(one) for one in theirs[1:]), start=_count(theirs[0]))


def _count(rows: Select[str]) -> ColumnElement[int]:
    return rows.with_only_columns(func.count()).scalar_subquery()


def _score_unseen() -> ColumnElement[datetime]:
    """When their voice last failed without that a human has decided about it since."""
    seen = select(Case.id).where(Case.person_id == Person.id, Case.kind.in_(VOICE_SEEN), Case.decided_at >= Attempt.at)
    failed = select(func.max(Attempt.at)).where(
        Attempt.person_id == Person.id, Attempt.method == limits.VOICE, ~seen.exists()
    )
    return failed.scalar_subquery()
