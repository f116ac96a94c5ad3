"""One telephone by which people certify who never named it: from some number of them on, a question for a human."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from certification import cases, helpers, people, seals
from certification.cases import CaseKind
from certification.keys import SealBroken
from certification.regions import Region
from certification.runtime import Runtime
from certification.store import Call, Case, Person

logger = logging.getLogger(__name__)


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
    if number in _official(region):
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


def _official(region: Region) -> set[str]:
    """Telephones at which clerks help people to call."""
    return {region.operator.number, *(office.phone for office in region.offices)}
