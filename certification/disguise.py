"""How a known case looks: as another doubted voice of its region did, of whom nothing is left in it.

Which of them is drawn. Of it a known case has how many tries there were before and what came of them, how many people
share a telephone, and about the score: so that neither an empty page nor a full one tells which is which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import cases, earlier, harm, knowncases, names, neighbours, people, receipts, review
from certification.cases import CaseKind
from certification.earlier import Came, Earlier
from certification.evidence import Kind
from certification.keys import SealBroken
from certification.knowncases import Looks, Pair
from certification.neighbours import Neighbour, Neighbours
from certification.regions import SHANGHAI, Region
from certification.runtime import Runtime
from certification.store import Assessment, Call, Case, KnownCase, Period, Person, new_id

LATELY = 50
"""Of so many of a region's last doubted voices one is drawn."""
_MOVED_S = 1800  # as much as a try is moved, lest it be found in the other's record
_DAYS = 4  # as much as the end of a period is moved
_APART = 0.5  # natural-log likelihood ratio: as much as a score is moved, lest it be known again
_WEIGHED = (review.WEIGHED, "threshold", "score")
Weighed = tuple[Case, Person, Assessment]


def seed(session: Session, rt: Runtime, region: Region, pair: Pair, *, by: str) -> Case:
    """Put a known case among those that wait in a region, with the looks of another. Raises AudioTooShort."""
    return knowncases.seed(session, rt, region, pair, by=by, looks=_looks(session, rt, region))


def before(known: KnownCase, at: datetime) -> list[Earlier]:
    """What the room shows of earlier tries; `at`: when the case was opened."""
    rows: list[Mapping[str, Any]] = known.about.get("before", [])
    found = [Earlier(_ago(at, one), Kind(one["kind"]), Came(one["came"]), one["by"], one["receipt"]) for one in rows]
    return sorted(found, key=lambda one: one.at, reverse=True)


def near(known: KnownCase, at: datetime) -> Neighbours:
    """What the room shows of neighbours, who are nobody."""
    rows: list[Mapping[str, Any]] = known.about.get("near", [])
    some = [
        Neighbour(
            id=str(one["id"]),
            region=str(one["region"]),
            name=names.masked(str(one["surname"])),
            shares=bool(one["shares"]),
            helps=bool(one["helps"]),
            called=int(one["called"]),
            alike=False,
            certified_at=None if one["ago"] is None else _ago(at, one),
        )
        for one in rows
    ]
    return Neighbours(some, more=False)


def _ago(at: datetime, one: Mapping[str, Any]) -> datetime:
    return at - timedelta(seconds=float(one["ago"]))


def _looks(session: Session, rt: Runtime, region: Region) -> Looks:
    surname = _surname(session, rt, region)
    weighed = _weighed(session, region)
    if (drawn := _another(rt, weighed)) is None:
        first = harm.FAILURES in region.ladder.first  # whoever is doubted failed, there and then
        return Looks(surname, _by_the_line(rt, weighed), first=first)
    case, person, assessment = drawn
    call = None if case.call_id is None else session.get(Call, case.call_id)
    tries = [one for one in earlier.of(session, person, but=assessment.id) if one.at < case.opened_at]
    return Looks(
        surname,
        _numbers(rt, assessment.detail),
        [_tried(rt, one, case.opened_at) for one in tries if one.case is None],  # another case would be a link
        [
            _beside(one, case.opened_at, _surname(session, rt, region))
            for one in neighbours.of(session, rt, person, call).some
            if not one.alike
        ],
        cases.goes_first(case),
        _left(session, rt, case, person),
    )


def _another(rt: Runtime, weighed: Sequence[Weighed]) -> Weighed | None:
    """A voice that was doubted for its score alone; None where there was none yet."""
    found = [one for one in weighed if _doubted(one[2].detail)]
    return rt.random.choice(found) if found else None


def _by_the_line(rt: Runtime, weighed: Sequence[Weighed]) -> dict[str, float] | None:
    """A score below the line that other cases show, whatever else they were doubted for; None where none has one."""
    lines = [float(one.detail["threshold"]) for _, _, one in weighed if "threshold" in one.detail]
    return knowncases.numbers(rt, rt.random.choice(lines)) if lines else None


def _weighed(session: Session, region: Region) -> list[Weighed]:
    """The last voices of a region that a human was asked about, as far as their weighing is still there."""
    rows = (
        select(Case, Person)
        .join(Person, Person.id == Case.person_id)
        .where(Case.kind == CaseKind.VOICE_DOUBT.value, Person.region == region.code)
        .order_by(Case.opened_at.desc(), Case.id)
        .limit(LATELY)
    )
    found = list[Weighed]()
    for case, person in session.execute(rows):
        weighed = session.get(Assessment, str(case.detail.get("assessment", "")))
        if weighed is not None and weighed.person_id == person.id:
            found.append((case, person, weighed))
    return found


def _doubted(detail: Mapping[str, Any]) -> bool:
    whole = all(name in detail for name in _WEIGHED) and not detail.get("suspicions")
    return whole and float(detail["llr"]) < float(detail["threshold"])


def _left(session: Session, rt: Runtime, case: Case, person: Person) -> int | None:
    """About how many days the period had left when the case was opened; None where it was in none."""
    on = case.opened_at.astimezone(SHANGHAI).date()
    present = (Period.person_id == person.id, Period.opens <= on, Period.due >= on)
    due = session.scalars(select(Period.due).where(*present).limit(1)).first()
    return None if due is None else max((due - on).days + rt.random.randint(-_DAYS, _DAYS), 0)


def _numbers(rt: Runtime, detail: Mapping[str, Any]) -> dict[str, float]:
    """A score near another's, and below the line as that is."""
    llr, threshold, score = (float(detail[name]) for name in _WEIGHED)
    moved = min(llr + rt.random.uniform(-_APART, _APART), threshold - 0.05)
    return {"llr": round(moved, 3), "threshold": threshold, "score": score}


def _tried(rt: Runtime, one: Earlier, at: datetime) -> dict[str, Any]:
    receipt = None if one.receipt is None else receipts.draw(rt.random)
    ago = max((at - one.at).total_seconds() + rt.random.uniform(-_MOVED_S, _MOVED_S), 60.0)
    return {"ago": ago, "kind": one.kind.value, "came": one.came.value, "by": one.by, "receipt": receipt}


def _beside(one: Neighbour, at: datetime, surname: str | None) -> dict[str, Any]:
    ago = None if one.certified_at is None else (at - one.certified_at).total_seconds()
    told = {"shares": one.shares, "helps": one.helps, "called": one.called, "region": one.region, "ago": ago}
    return {"id": new_id(), "surname": surname or knowncases.SURNAMES[0], **told}


def _surname(session: Session, rt: Runtime, region: Region) -> str | None:
    """The first character of somebody's name there, drawn evenly; None where nobody is there, or it does not open."""
    of_region = select(Person).where(Person.region == region.code).order_by(Person.id).limit(1)
    drawn = f"{rt.random.getrandbits(128):032x}"  # identifiers are drawn evenly
    found = session.scalars(of_region.where(Person.id >= drawn)).first() or session.scalars(of_region).first()
    try:
        return None if found is None else people.reveal(rt.keys, found).name[:1] or None
    except SealBroken:
        return None
