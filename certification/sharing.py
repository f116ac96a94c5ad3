"""One telephone or voice that acts for people who never named it: from some number of them on, a human's question."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from certification import cases, helpers, journal, people, seals
from certification.cases import CaseKind
from certification.keys import SealBroken
from certification.regions import Region
from certification.runtime import Runtime
from certification.store import Assessment, Call, Case, Helper, Person, Phone

logger = logging.getLogger(__name__)

UNSEEN = Assessment.voice_sealed.is_not(None) & ~exists().where(
    Case.id == Assessment.shared_case_id, Case.decided_at.is_not(None)
)
"""Of an assessment: a voice that did not match is kept, and no human has looked at it yet as one for many people."""


def see_to(session: Session, rt: Runtime, call: Call, tried: ColumnElement[bool]) -> Case | None:
    """Open a case when the telephone of this call has acted for too many people; once for it within the region's days.

    `tried`: in a query of calls, whether the caller went on to certify. The case names no person, since nobody of them
    is accused of anything, and keeps nothing of the number; undeclared() finds them again. An office's own telephone
    opens none. A number that does not open is passed over, and said in the log.
    """
    if call.person_id is None or call.from_sealed is None:
        return None
    region = rt.regions[session.get_one(Person, call.person_id).region]
    try:
        number = _number(rt, call)
    except SealBroken as error:
        logger.error("the number of call %s cannot be read: %s", call.id, error)
        return None
    if number in official(region):
        return None
    days = region.household.window_days
    calls = _undeclared_calls(rt, number, tried, days)
    counted = select(func.count(Call.person_id.distinct())).where(Call.id.in_(calls))
    count = session.scalars(counted).one()
    if count < region.household.undeclared or _asked_before(session, rt, number, days):
        return None
    first = session.scalars(calls.order_by(Call.started_at, Call.id).limit(1)).one()
    return cases.open_case(
        session,
        rt,
        kind=CaseKind.SHARED_LINE,
        cause=f"{CaseKind.SHARED_LINE}:{first}",
        call=call,
        detail={"people": count, "days": days, "region": region.code},
        actor="schedule",
    )


def undeclared(session: Session, rt: Runtime, call: Call, tried: ColumnElement[bool], days: int) -> list[Person]:
    """For whom somebody certified, or tried to, from the telephone of this call in these days without being declared.

    In the order in which they were added. Raises SealBroken.
    """
    calls = _undeclared_calls(rt, _number(rt, call), tried, days)
    theirs = Person.id.in_(select(Call.person_id).where(Call.id.in_(calls)))
    return list(session.scalars(select(Person).where(theirs).order_by(Person.created_at, Person.id)))


def see_to_voice(session: Session, rt: Runtime, assessments: Collection[str], actor: str) -> Case | None:
    """Open a case when these assessments, all by one voice and in one region, are of too many people; or add to it.

    Who declared each other, or shares a telephone or a helper, counts as one. The case is beside those of the calls,
    and changes nothing for them: it names no person, and speaks_for() finds them; of an erased one nothing stays.
    """
    of_voice = select(Assessment).where(Assessment.id.in_(assessments), UNSEEN).order_by(Assessment.id)
    held = of_voice.with_for_update().execution_options(populate_existing=True)  # one case, whoever else is at it
    calls = list(session.scalars(held))
    persons = {call.person_id for call in calls}
    region = rt.regions[session.get_one(Person, min(persons)).region] if persons else rt.regions.default
    if _apart(session, rt, region, persons) < region.household.undeclared:
        return None
    shared = Case.id.in_([call.shared_case_id for call in calls if call.shared_case_id])
    standing = select(Case).where(shared, Case.decided_at.is_(None)).order_by(Case.opened_at, Case.id)
    case = session.scalars(standing.limit(1)).first()
    if case is None:
        first = min(calls, key=lambda call: (call.asked_at, call.id))
        cause = f"{CaseKind.SHARED_VOICE}:{first.id}"
        detail = {"people": len(persons), "days": region.household.window_days, "region": region.code}
        case = cases.open_case(session, rt, kind=CaseKind.SHARED_VOICE, cause=cause, detail=detail, actor=actor)
    for call in calls:
        if call.shared_case_id is None:
            call.shared_case_id = case.id
            journal.write(session, rt.now(), actor, "call added to case", f"case:{case.id}", assessment=call.id)
    session.flush()
    return case


def speaks_for(session: Session, case: Case) -> list[Person]:
    """For whom the voice of a case spoke that was not theirs, in the order in which they were added."""
    theirs = Person.id.in_(select(Assessment.person_id).where(Assessment.shared_case_id == case.id))
    return list(session.scalars(select(Person).where(theirs).order_by(Person.created_at, Person.id)))


def _apart(session: Session, rt: Runtime, region: Region, persons: Collection[str]) -> int:
    """How many of these people are left when those with a telephone or a helper's in common count as one."""
    numbers: dict[str, set[str]] = {person: set() for person in persons}
    phones = session.scalars(select(Phone).where(Phone.person_id.in_(persons)))
    declared = session.scalars(select(Helper).where(Helper.person_id.in_(persons), Helper.ended_at.is_(None)))
    sealed = [(one.person_id, one.number_sealed, seals.phone(one.id)) for one in phones]
    sealed += [(one.person_id, one.number_sealed, seals.helper_number(one.id, one.person_id)) for one in declared]
    for person, number, context in sealed:
        try:
            numbers[person].add(rt.keys.open(number, context).decode())
        except SealBroken as error:
            logger.error("a number (%s) cannot be read: %s", context, error)
    families: list[set[str]] = []
    for own in numbers.values():
        theirs = own - official(region)  # clerks lend it to everybody
        joined = [one for one in families if one & theirs]
        families = [one for one in families if not one & theirs] + [theirs.union(*joined)]
    return len(families)


def _number(rt: Runtime, call: Call) -> str:
    return rt.keys.open(call.from_sealed or b"", seals.caller(call.id)).decode()


def _undeclared_calls(rt: Runtime, number: str, tried: ColumnElement[bool], days: int) -> Select[str]:
    return select(Call.id).where(
        Call.from_index.in_(rt.keys.indexes(number, seals.CALLING)),
        Call.started_at >= rt.now() - timedelta(days=days),
        Call.person_id.is_not(None),
        tried,
        ~people.reached_at(rt.keys, number, Call.person_id),
        ~helpers.declared_at(rt.keys, number, Call.person_id),
    )


def _asked_before(session: Session, rt: Runtime, number: str, days: int) -> bool:
    asked = select(Case.id).join(Call, Call.id == Case.call_id)
    asked = asked.where(Case.kind == CaseKind.SHARED_LINE.value, Case.opened_at >= rt.now() - timedelta(days=days))
    indexes = rt.keys.indexes(number, seals.CALLING)
    return session.scalars(asked.where(Call.from_index.in_(indexes)).limit(1)).first() is not None


def official(region: Region) -> set[str]:
    """Telephones at which clerks help people to call."""
    return {region.operator.number, *(office.phone for office in region.offices)}
