"""Papers: forms that only the office numbers, assistance forms of another place, and documents that come by post."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from certification import certifying, journal, routes
from certification.certifying import Recorded
from certification.errors import Problem
from certification.evidence import Kind, Strength
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


class PaperUnknown(Problem):
    """The office has issued no form of this number."""

    def __init__(self, number: str) -> None:
        super().__init__(
            f"没有编号为 {number[:20]} 的表：表由社保机构统一编号发出，请核对编号。",
            f"No form has the number {number[:20]}: only the office issues them; please check the number.",
        )


class PaperOfAnother(Problem):
    """The form was issued to somebody else."""

    def __init__(self, number: str) -> None:
        super().__init__(
            f"表 {number} 是发给别人的，不能用于此人，请核对姓名和编号。",
            f"The form {number} was issued to somebody else; please check name and number.",
        )


STATES = {"issued": "已发", "posted": "已寄出", "received": "已收到", "accepted": "已通过", "returned": "已退回"}
_BEFORE: dict[tuple[str, ...], tuple[str, str]] = {
    ("received",): (
        "请先用 papers receive 登记收到；已通过的不用再办",
        "note it as received first (`papers receive`); one that is accepted is done with",
    ),
    ("issued",): ("寄出只登记一次", "its posting is noted once"),
}


class PaperElsewhere(Problem):
    """The paper is not where this step begins."""

    def __init__(self, paper: Paper, needed: tuple[str, ...]) -> None:
        zh, en = _BEFORE.get(needed, ("不用再登记收到", "it need not be received again"))
        super().__init__(
            f"表 {paper.number} 现在的状态是“{STATES[paper.state]}”，"
            f"这一步要求“{'”或“'.join(STATES[one] for one in needed)}”：{zh}。",
            f"The paper {paper.number} is {paper.state}; this step needs one that is {' or '.join(needed)}: {en}.",
        )


class DateImpossible(Problem):
    """The date on a paper shows no sign of life that counts."""

    def __init__(self, on: date, earliest: date, latest: date) -> None:
        super().__init__(
            f"材料日期 {on} 不符合要求，应在 {earliest} 至 {latest} 之间；请退回并说明原因。",
            f"The date {on} does not count: it must lie between {earliest} and {latest}; please return it and say why.",
        )


class StampMissing(Problem):
    """An assistance form needs the stamp of the place that helped."""

    def __init__(self) -> None:
        super().__init__(
            "异地协助认证表须有协助地盖章，请填写盖章单位；没有盖章的请退回。",
            "An assistance form needs the stamp of the place that helped: name it, or return the form.",
        )


class DayMissing(Problem):
    """The day on which a form was signed is not said."""

    def __init__(self) -> None:
        super().__init__("请填写表上签名的日期。", "Say on what day the form was signed.")


class NothingDated(Problem):
    """A letter needs at least one document that shows when the person was alive."""

    def __init__(self, months: int) -> None:
        super().__init__(
            f"户口簿只说明身份，还需要一份 {months} 个月以内的就医或出行记录；请退回并说明。",
            f"A booklet says who they are; add a medical or travel record of the last {months} months.",
        )


def issue(session: Session, rt: Runtime, person: Person, kind: PaperKind, by: str) -> Paper:
    """Issue a numbered form to a person. Raises NotTakenHere."""
    region = rt.regions[person.region]
    routes.need(region, Route.PAPER)
    if kind.value not in region.paper.forms:
        raise NotTakenHere(region, Route.PAPER, kind.value)
    values = {"state": "issued", "issued_by": by, "issued_at": rt.now()}
    return _make(session, rt, person, kind, by, "form issued", values)


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
        row = {"id": new_id(), "number": draw(rt.random), "person_id": person.id, "kind": kind.value, **values}
        if insert_once(session, Paper, **{"documents": [], **row}):
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
    if session.scalar(there.values(**values).returning(Paper.id)) is None:
        session.refresh(paper)
        raise PaperElsewhere(paper, states)
    session.refresh(paper)
    journal.write(session, rt.now(), by, action, f"person:{paper.person_id}", paper=paper.id, kind=paper.kind)


def overdue(session: Session, rt: Runtime, region: Region) -> list[Paper]:
    """Forms of this region's people that are out for longer than it says, and count as lost; the oldest first."""
    since = rt.now() - timedelta(days=region.paper.days)
    out = select(Paper).join(Person, Person.id == Paper.person_id).where(Person.region == region.code)
    lost = out.where(Paper.state.in_(("issued", "posted")), Paper.issued_at < since)
    return list(session.scalars(lost.order_by(Paper.issued_at)))
