"""Reminders by telephone: a case for a human to call whoever no message reaches, once a period."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, String, case, cast, func, literal, select, update
from sqlalchemy.orm import Session

from certification import bereavement, cases, journal
from certification.cases import CaseKind
from certification.certifying import day_of
from certification.runtime import Runtime
from certification.store import Campaign, Case, Message, Period, Person, insert_into
from sms import recipients

SLICE = 5_000
AT_ONCE = 200
ACTOR = "schedule"
_ASKED, _CALLED = "asked", "called"
"""Among the counts of a campaign: days and person up to whom calls are asked for; and that all are."""
_BEGINS = f"{CaseKind.TO_CALL.value}:"
_RANK = cases.rank(CaseKind.TO_CALL, date.min, first=False)[:2]  # and the day behind it, see cases.rank()


def ask(rt: Runtime, campaign_id: str, by: str) -> int:
    """Open a case for everybody whom a released campaign reaches by no message; how many were opened here.

    Killed and asked again, it goes on; once done, the campaign says so, and it does nothing.
    """
    asked = 0
    while (new := go_on(rt, campaign_id, by)) is not None:
        asked += new
    return asked


def go_on(rt: Runtime, campaign_id: str, by: str) -> int | None:
    """Open the cases of the next slice of people; how many were opened here. None: there is nothing left to open."""
    with rt.sessions.begin() as session:
        campaign = session.get_one(Campaign, campaign_id)
        counts = dict(campaign.counts)
        if campaign.state != "released" or _CALLED in counts:
            return None
        place = recipients.next_place(rt.regions[campaign.region], counts.pop(_ASKED, None))
        if place is None:
            _note(session, campaign, {**counts, _CALLED: True})
            return None
        days, after = place
        last = recipients.slice_end(session, campaign.on, days, after, SLICE)
        new = _open(session, rt, campaign, recipients.between(campaign.on, days, after, last))
        _note(session, campaign, {**counts, _ASKED: [days, last]})
        if new:
            journal.write(session, rt.now(), by, "calls asked for", f"campaign:{campaign_id}", number=new)
        return new


def ask_for(session: Session, rt: Runtime, person: Person, period: Period, by: str) -> Case:
    """Open the case of one person whom no message reaches, or give back the one of the period that is there."""
    detail = {"due": period.due.isoformat(), "period": period.id}
    return cases.open_case(
        session, rt, kind=CaseKind.TO_CALL, cause=_BEGINS + period.id, person=person, detail=detail, actor=by
    )


def ask_again(session: Session, rt: Runtime, person: Person, period: Period, by: str) -> Case:
    """The same for somebody who was certified, or called, before their period opened again: a call that was made counts
    no more."""
    before = cases.of(session, _BEGINS + period.id)
    if before is not None and before.decided_at is not None:
        before.cause = f"{before.cause} {before.id}"
        session.flush()
    return ask_for(session, rt, person, period, by)


def ask_instead(session: Session, rt: Runtime, message: Message) -> Case | None:
    """Open the case of whoever a reminder did not reach for good, where no other mobile of theirs takes it.

    The next reminder would find the number at fault; but there may be none before the period is over.
    """
    person = session.get(Person, message.person_id) if message.person_id else None
    period = session.get(Period, message.facts.get("period", ""))
    if person is None or period is None or period.closed_at is not None:
        return None
    called = recipients.to_call(rt.regions[person.region])
    other = recipients.own_phone(Person.id)
    wanted = select(Person.id).where(Person.id == person.id, called, other.is_(None), ~bereavement.reported())
    return ask_for(session, rt, person, period, "text") if session.scalar(wanted) is not None else None


def unasked(session: Session) -> list[str]:
    """Released campaigns that have not said yet that they asked for their calls."""
    released = select(Campaign.id, Campaign.counts).where(Campaign.state == "released")
    return [identifier for identifier, counts in session.execute(released) if _CALLED not in counts]


def close(session: Session, rt: Runtime) -> int:
    """Close the cases of people who are certified now, at most AT_ONCE; how many."""
    done = (
        select(Case)
        .join(Period, Case.cause == literal(_BEGINS) + Period.id)
        .where(Case.kind == CaseKind.TO_CALL.value, Case.decided_at.is_(None), Period.closed_at.is_not(None))
    )
    found = session.scalars(done.limit(AT_ONCE)).all()
    return sum(cases.decide(session, rt, one, verdict="certified", by=ACTOR) for one in found)


def _open(session: Session, rt: Runtime, campaign: Campaign, of: tuple[ColumnElement[bool], ...]) -> int:
    region = rt.regions[campaign.region]
    missed = recipients.missed(session, region, campaign.on, campaign.id).where(*of, recipients.to_call(region))
    found = missed.subquery()
    people, periods, due = found.c[0], found.c[1], found.c[2]
    latest = literal(day_of(rt.now()) + cases.PATIENCE, Period.due.type)
    postgres = session.get_bind().dialect.name == "postgresql"
    facts = (func.json_build_object if postgres else func.json_object)("due", cast(due, String), "period", periods)
    rows = select(
        recipients.fresh_id(session, rt.now()),
        literal(_BEGINS) + periods,
        literal(CaseKind.TO_CALL.value),
        people,
        facts,
        literal("open"),
        literal(_RANK) + cast(case((due < latest, due), else_=latest), String),
        literal(rt.now(), Case.opened_at.type),
    ).where(people.is_not(None))  # without a WHERE, SQLite takes what follows for a join
    names = ["id", "cause", "kind", "person_id", "detail", "state", "rank", "opened_at"]
    new = insert_into(session, Case).from_select(names, rows).on_conflict_do_nothing().returning(Case.id)
    return len(session.execute(new).all())


def _note(session: Session, campaign: Campaign, counts: dict[str, Any]) -> None:
    there = update(Campaign).where(Campaign.id == campaign.id, Campaign.state == "released")
    session.execute(there.values(counts=counts))
