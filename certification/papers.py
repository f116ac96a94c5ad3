"""Papers: forms that only the office numbers, assistance forms of another place, and documents that come by post."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from certification import certifying, journal, people, reasons, routes
from certification.certifying import Recorded
from certification.errors import Problem
from certification.evidence import Kind, Strength
from certification.paperfaults import (
    VOID,
    DateImpossible,
    DayMissing,
    NothingDated,
    PaperElsewhere,
    PaperOfAnother,
    PaperOut,
    PaperUnknown,
    PaperVoid,
    StampMissing,
)
from certification.periods import add_months
from certification.receipts import draw
from certification.regions import SHANGHAI, Region, Route
from certification.routes import NotTakenHere
from certification.runtime import Runtime
from certification.store import Paper, Person, insert_once, new_id


class PaperKind(StrEnum):
    """What a paper is."""

    OWN = "own"  # a form that the office numbers, signed by the person and sent back
    ASSISTANCE = "assistance"  # the same, filled in and stamped where the person now lives
    POST = "post"  # documents that the person sent of themselves


FORMS = (PaperKind.OWN, PaperKind.ASSISTANCE)


class DocumentKind(StrEnum):
    """What may lie in a letter. A household booklet says who somebody is; the others also when they were alive."""

    BOOKLET = "household_booklet"
    MEDICAL = "medical_record"
    TRAVEL = "travel_record"


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a letter and the date in it."""

    kind: DocumentKind
    dated: date


def issue(
    session: Session, rt: Runtime, person: Person, kind: PaperKind, by: str, *, again: str | None = None
) -> Paper:
    """Issue a numbered form to a person, who has one at a time. Raises NotTakenHere, PaperOut, ReasonPersonal.

    `again`: why another takes the place of those that are with the person (lost in the post); their numbers are void
    from then on. A form that is out for longer than the region says counts as lost, and another needs no reason.
    """
    region = rt.regions[person.region]
    routes.need(region, Route.PAPER)
    if kind.value not in region.paper.forms:
        raise NotTakenHere(region, Route.PAPER, kind.value)
    if again is not None:
        again = reasons.about(rt.keys, person, again)
    people.hold(session, person.id)  # of two who issue at once, the second sees the first's
    for out in _undecided(session, person, rt.now() - timedelta(days=region.paper.days)):
        if again is None or out.state == "received":
            raise PaperOut(out)
    values = {"state": "issued", "issued_by": by, "issued_at": rt.now()}
    paper = _make(session, rt, person, kind, by, "form issued", values)
    if again is not None:
        _replace(session, rt, paper, by, again)
    return paper


def _undecided(session: Session, person: Person, since: datetime) -> list[Paper]:
    """Forms of the person that lie with us, or were issued since then and are still out, sent back ones too."""
    still_out = and_(Paper.state.in_(("issued", "posted", "returned")), Paper.issued_at >= since)
    found = select(Paper).where(Paper.person_id == person.id, Paper.kind.in_(FORMS))
    return list(session.scalars(found.where(or_(still_out, Paper.state == "received")).order_by(Paper.issued_at)))


def _replace(session: Session, rt: Runtime, paper: Paper, by: str, reason: str) -> None:
    """Make the person's other forms void that are with them."""
    mine = update(Paper).where(Paper.person_id == paper.person_id, Paper.kind.in_(FORMS), Paper.id != paper.id)
    there = mine.where(Paper.state.in_(("issued", "posted", "returned")))
    void = there.values(state=VOID, since=rt.now(), reason=reason, decided_at=rt.now(), decided_by=by)
    for identifier in session.scalars(void.returning(Paper.id)).all():
        facts = {"paper": identifier, "instead": paper.id, "reason": reason}
        journal.write(session, rt.now(), by, "form replaced", f"person:{paper.person_id}", **facts)


def letter(session: Session, rt: Runtime, person: Person, documents: Iterable[Document], by: str) -> Paper:
    """Take in what a person sent by post; it gets a number, by which it is followed. Raises NotTakenHere."""
    region, documents = rt.regions[person.region], tuple(documents)
    routes.need(region, Route.POST)
    untaken = [one.kind.value for one in documents if one.kind.value not in region.post.papers]
    if untaken:
        raise NotTakenHere(region, Route.POST, ", ".join(untaken))
    listed = [{"kind": one.kind.value, "dated": one.dated.isoformat()} for one in documents]
    values = {"state": "received", "received_at": rt.now(), "documents": listed}
    return _make(session, rt, person, PaperKind.POST, by, "letter received", values)


def _make(
    session: Session, rt: Runtime, person: Person, kind: PaperKind, by: str, action: str, values: dict[str, Any]
) -> Paper:
    while True:  # a second round when the number is taken
        row = {"id": new_id(), "number": draw(rt.random), "person_id": person.id, "kind": kind.value, "since": rt.now()}
        if insert_once(session, Paper, **{"documents": [], **row, **values}):
            break
    journal.write(session, rt.now(), by, action, f"person:{person.id}", paper=row["id"], kind=kind.value)
    return session.get_one(Paper, row["id"])


def find(session: Session, rt: Runtime, number: str, by: str) -> Paper | PaperUnknown:
    """The paper of this number; a number that nobody issued is journalled: it may be an attempt."""
    plain = "".join(number.split())
    paper = session.scalars(select(Paper).where(Paper.number == plain)).first()
    if paper is None:
        journal.write(session, rt.now(), by, "paper refused", f"form:{plain[:40]}", why="never issued")
        return PaperUnknown(plain)
    return paper


def valid(session: Session, rt: Runtime, number: str, by: str) -> Paper | PaperUnknown | PaperVoid:
    """The paper of this number that somebody has in hand; that it is void, or was never issued, is journalled."""
    paper = find(session, rt, number, by)
    if isinstance(paper, Problem) or paper.state != VOID:
        return paper
    subject = f"person:{paper.person_id}"
    journal.write(session, rt.now(), by, "paper refused", subject, paper=paper.id, why=VOID)
    later = select(Paper.number).where(Paper.person_id == paper.person_id, Paper.kind.in_(FORMS), Paper.state != VOID)
    return PaperVoid(paper, session.scalars(later.order_by(Paper.issued_at.desc())).first())


def refuse(session: Session, rt: Runtime, paper: Paper, by: str) -> PaperOfAnother:
    """Journal that a form was shown for somebody else than it was issued to."""
    journal.write(session, rt.now(), by, "paper refused", f"person:{paper.person_id}", paper=paper.id, why="another's")
    return PaperOfAnother(paper.number)


def post(session: Session, rt: Runtime, paper: Paper, by: str) -> None:
    """Note that a form was posted to the person. Raises PaperElsewhere."""
    _move(session, rt, paper, ("issued",), by, "form posted", state="posted", posted_at=rt.now())


def receive(session: Session, rt: Runtime, paper: Paper, by: str) -> None:
    """Note that a form came back, by post or by hand, for the first time or again. Raises PaperElsewhere."""
    came = {"state": "received", "received_at": rt.now()}
    _move(session, rt, paper, ("issued", "posted", "returned"), by, "form received", **came)


def accept(
    session: Session, rt: Runtime, paper: Paper, by: str, *, signed_on: date | None = None, stamp: str | None = None
) -> Recorded:
    """Accept a paper that was received: evidence of the day that it shows, once.

    `signed_on`: the day on a form, from its issue to today; of a letter it is its latest document's, at most as many
    months old as the region says. `stamp`: the place whose stamp an assistance form bears. Raises PaperElsewhere,
    DayMissing, DateImpossible, StampMissing, NothingDated.
    """
    if paper.state != "received":  # before its dates: nothing that is not here can be returned for them
        raise PaperElsewhere(paper, ("received",))
    person = session.get_one(Person, paper.person_id)
    on = _day_shown(rt, paper, signed_on, rt.regions[person.region].post.months)
    if paper.kind == PaperKind.ASSISTANCE and not (stamp or "").strip():
        raise StampMissing
    decided = {"decided_at": rt.now(), "decided_by": by, "signed_on": on, "stamp": stamp, "reason": None}
    _move(session, rt, paper, ("received",), by, "paper accepted", state="accepted", **decided)
    return certifying.record(
        session,
        rt,
        person,
        kind=Kind.POST if paper.kind == PaperKind.POST else Kind.PAPER,
        strength=Strength.LIVE,
        source=f"paper:{paper.kind}",
        ref=paper.id,
        observed_at=min(rt.now(), datetime.combine(on, time(12), SHANGHAI)),
        detail={"paper": paper.id, "documents": paper.documents},
        actor=by,
    )


def give_back(session: Session, rt: Runtime, paper: Paper, by: str, reason: str) -> None:
    """Return a paper to the person, and say why; it may come again. Raises PaperElsewhere."""
    decided = {"decided_at": rt.now(), "decided_by": by, "reason": reason}
    _move(session, rt, paper, ("received",), by, "paper returned", state="returned", **decided)


def _day_shown(rt: Runtime, paper: Paper, signed_on: date | None, months: int) -> date:
    today = certifying.day_of(rt.now())
    if paper.kind == PaperKind.POST:
        dated = [
            date.fromisoformat(one["dated"]) for one in paper.documents if one["kind"] != DocumentKind.BOOKLET.value
        ]
        if not dated:
            raise NothingDated(months)
        on, earliest = max(dated), add_months(today, -months)
    else:
        if signed_on is None:
            raise DayMissing
        on = signed_on
        earliest = certifying.day_of(paper.issued_at or rt.now())
    if not earliest <= on <= today:
        raise DateImpossible(on, earliest, today)
    return on


def _move(
    session: Session, rt: Runtime, paper: Paper, states: tuple[str, ...], by: str, action: str, **values: Any
) -> None:
    there = update(Paper).where(Paper.id == paper.id, Paper.state.in_(states))
    if session.scalar(there.values(since=rt.now(), **values).returning(Paper.id)) is None:
        session.refresh(paper)
        raise PaperElsewhere(paper, states)
    session.refresh(paper)
    journal.write(session, rt.now(), by, action, f"person:{paper.person_id}", paper=paper.id, kind=paper.kind)


def hindrance(rt: Runtime, paper: Paper, region: Region) -> Problem | None:
    """Why a letter that was received cannot be accepted as it is; of a form only whoever reads it can say."""
    if paper.state != "received" or paper.kind != PaperKind.POST:
        return None
    try:
        _day_shown(rt, paper, None, region.post.months)
    except Problem as fault:
        return fault
    return None


def lost(rt: Runtime, paper: Paper, region: Region) -> bool:
    """Whether a form is out for longer than the region says, and counts as lost."""
    out = paper.state in ("issued", "posted") and paper.issued_at is not None
    return out and (paper.issued_at or rt.now()) < rt.now() - timedelta(days=region.paper.days)


def overdue(session: Session, rt: Runtime, region: Region) -> list[Paper]:
    """Forms of this region's people that are out for longer than it says, and count as lost; the oldest first."""
    since = rt.now() - timedelta(days=region.paper.days)
    out = select(Paper).join(Person, Person.id == Paper.person_id).where(Person.region == region.code)
    lost = out.where(Paper.state.in_(("issued", "posted")), Paper.issued_at < since)
    return list(session.scalars(lost.order_by(Paper.issued_at)))
