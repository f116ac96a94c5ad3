"""Who is reached at a person's telephones, helps them, or called from where they did: the voices near theirs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certification import helpers, names, people, seals, sharing
from certification.cases import CaseKind
from certification.keys import SealBroken
from certification.runtime import Runtime
from certification.store import Call, Case, Evidence, Helper, Person, Phone

MOST = 20


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Somebody near a person. `name`: all but its beginning hidden; None where it does not open.

    `shares`: a telephone on record is theirs, too. `helps`: one of the two declared the other's telephone. `called`:
    how many calls were for them from the number of this call, within the region's days. `alike`: by what was weighed,
    their voice is like the one heard. `certified_at`: their last sign of life.
    """

    id: str
    region: str
    name: str | None = field(repr=False)
    shares: bool
    helps: bool
    called: int
    alike: bool
    certified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Neighbours:
    """At most MOST of them, the likeliest to speak in the person's place first; `more`: there are others."""

    some: list[Neighbour]
    more: bool


def of(session: Session, rt: Runtime, person: Person, call: Call | None, alike: Collection[str] = ()) -> Neighbours:
    """The neighbours of a person, as seen from a call; `alike`: people whom the worker's weighing named."""
    own, reached = _numbers(session, rt, person)
    sharing_one = _sharing(session, rt, person, reached)
    helping = _helping(session, rt, person, own)
    called = {} if call is None else _called(session, rt, person, call)
    twins = {*alike, *_twins(session, person)} - {person.id}
    found = sorted(
        {*sharing_one, *helping, *called, *twins},
        key=lambda one: (one not in twins, one not in called, one not in sharing_one, one),
    )
    shown = found[:MOST]
    rows = {one.id: one for one in session.scalars(select(Person).where(Person.id.in_(shown)))}
    seen = _certified(session, shown)
    some = [
        Neighbour(
            one,
            rows[one].region,
            _name(rt, rows[one]),
            shares=one in sharing_one,
            helps=one in helping,
            called=called.get(one, 0),
            alike=one in twins,
            certified_at=seen.get(one),
        )
        for one in shown
        if one in rows  # whom the weighing named may be erased since
    ]
    return Neighbours(some, more=len(found) > MOST)


def _numbers(session: Session, rt: Runtime, person: Person) -> tuple[set[str], set[str]]:
    """The person's own telephones, and all at which they are reached or helped; without those of offices."""
    own, reached = set[str](), set[str]()
    for phone in session.scalars(select(Phone).where(Phone.person_id == person.id)):
        with _readable():
            number = rt.keys.open(phone.number_sealed, seals.phone(phone.id)).decode()
            reached.add(number)
            if phone.holder == "self":
                own.add(number)
    with _readable():
        reached |= {one.number for one in helpers.declared(session, rt, person)}
    offices = sharing.official(rt.regions[person.region])
    return own - offices, reached - offices


@contextmanager
def _readable() -> Iterator[None]:
    """Pass over a number that does not open: rotation and the case's own page say so."""
    try:
        yield
    except SealBroken:
        return


def _indexes(rt: Runtime, numbers: Collection[str], purpose: str) -> list[str]:
    return [index for number in sorted(numbers) for index in rt.keys.indexes(number, purpose)]


def _sharing(session: Session, rt: Runtime, person: Person, numbers: Collection[str]) -> set[str]:
    """Who is reached at one of these numbers."""
    there = (Phone.number_index.in_(_indexes(rt, numbers, seals.PHONE)), Phone.person_id != person.id)
    return set(session.scalars(select(Phone.person_id).where(*there).distinct().limit(MOST + 1)))


def _helping(session: Session, rt: Runtime, person: Person, numbers: Collection[str]) -> set[str]:
    """Who declared one of these numbers as a helper's."""
    there = (Helper.number_index.in_(_indexes(rt, numbers, seals.HELPER)), Helper.ended_at.is_(None))
    found = select(Helper.person_id).where(*there, Helper.person_id != person.id).distinct()
    return set(session.scalars(found.limit(MOST + 1)))


def _called(session: Session, rt: Runtime, person: Person, call: Call) -> dict[str, int]:
    """For whom else there were calls from the number of this one, and how many; none from a telephone of an office."""
    if call.from_sealed is None:
        return {}
    region = rt.regions[person.region]
    try:
        number = rt.keys.open(call.from_sealed, seals.caller(call.id)).decode()
    except SealBroken:
        return {}
    if number in sharing.official(region):
        return {}
    here = (
        Call.from_index.in_(rt.keys.indexes(number, seals.CALLING)),
        Call.started_at >= rt.now() - timedelta(days=region.household.window_days),
        Call.person_id.is_not(None),
        Call.person_id != person.id,
    )
    counted = select(Call.person_id, func.count()).where(*here).group_by(Call.person_id)
    return {str(one): count for one, count in session.execute(counted.order_by(func.count().desc()).limit(MOST + 1))}


def _twins(session: Session, person: Person) -> set[str]:
    """Whose voice on record was like the person's when they were enrolled."""
    mine = (Case.person_id == person.id, Case.kind == CaseKind.ENROLLED_TWICE.value)
    rows = session.scalars(select(Case.detail).where(*mine).order_by(Case.opened_at.desc()).limit(MOST))
    return {str(detail["other"]) for detail in rows if "other" in detail}


def _certified(session: Session, persons: Collection[str]) -> dict[str, datetime]:
    """The last sign of life of each, where there is one."""
    there = (Evidence.person_id.in_(persons), Evidence.withdrawn_at.is_(None))
    rows = select(Evidence.person_id, func.max(Evidence.observed_at)).where(*there).group_by(Evidence.person_id)
    return dict(session.execute(rows).all())


def _name(rt: Runtime, person: Person) -> str | None:
    try:
        return names.masked(people.reveal(rt.keys, person).name)
    except SealBroken:
        return None
