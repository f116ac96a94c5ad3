"""Home visits: asked for, given to a named visitor, and reported by that visitor alone."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from certification import bereavement, certifying, contacts, journal, routes, seals
from certification.certifying import Recorded
from certification.contacts import Channel
from certification.errors import Problem
from certification.evidence import Kind, Strength
from certification.regions import SHANGHAI, Route
from certification.runtime import Runtime
from certification.store import Person, Visit, insert_once, new_id

PHOTO_BYTES = 4 * 2**20
ADDRESS_LENGTH = 120
UNMADE = ("asked", "assigned")
AGAIN = "again:"
"""What the cause of a visit begins with that is made because the sign of life of an earlier one was taken back."""


class Outcome(StrEnum):
    """What a visitor found."""

    MET = "met"  # saw the person, and their ID
    ABSENT = "absent"
    MOVED = "moved"
    REFUSED = "refused"  # they would not; that is no reason to think anything of them
    DEAD = "dead"  # so it was said there: a case for a human


STATES = {"asked": "待派", "assigned": "已派", "reported": "已登记结果", "dropped": "已取消"}
_REMEDIES = {
    "asked": ("请先用 visits assign 派人", "give it to a visitor first (`visits assign`)"),
    "assigned": ("只能由被派的人登记；换了人，先用 visits assign 改派", "only they report it; or assign it anew"),
    "reported": ("结果只登记一次；还要上门，用 visits ask 另行申请", "it is reported once; ask for another visit"),
    "dropped": ("还要上门，用 visits ask 另行申请", "ask for another visit (`visits ask`)"),
}


class VisitElsewhere(Problem):
    """The visit is not where this step begins, or is somebody else's."""

    def __init__(self, visit: Visit) -> None:
        zh, en = _REMEDIES[visit.state]
        super().__init__(
            f"这次上门{STATES[visit.state]}，负责人是{visit.visitor or '（未派）'}，不能这样登记：{zh}。",
            f"This visit is {visit.state} and given to {visit.visitor or 'nobody'}: that cannot be noted; {en}.",
        )


class ReportUnchecked(Problem):
    """A report is noted once: whoever makes it says first that it is as they found it."""

    def __init__(self) -> None:
        super().__init__(
            "结果只登记一次，请先核对，再勾选确认；什么都没有登记。",
            "A visit is reported once: look it over first, and tick that it is so; nothing was noted.",
        )


class NoAddress(Problem):
    """Nobody finds the way without an address."""

    def __init__(self) -> None:
        super().__init__(
            f"请写明上门地址，不超过 {ADDRESS_LENGTH} 个字。",
            f"Say where the person lives, in at most {ADDRESS_LENGTH} characters.",
        )


class PhotoUnusable(Problem):
    """The photograph is too large, or no JPEG or PNG."""

    def __init__(self) -> None:
        super().__init__(
            f"照片须为 JPEG 或 PNG，不超过 {PHOTO_BYTES // 2**20} MB；也可以不附照片。",
            f"A photograph is a JPEG or PNG of at most {PHOTO_BYTES // 2**20} MB; or leave it out.",
        )


def ask(session: Session, rt: Runtime, person: Person, *, cause: str, by: str) -> Visit:
    """Ask for a visit, once for each cause. Raises NotTakenHere."""
    routes.need(rt.regions[person.region], Route.VISIT)
    row = {"id": new_id(), "person_id": person.id, "state": "asked", "asked_by": by, "asked_at": rt.now()}
    if insert_once(session, Visit, cause=cause, **row):
        journal.write(session, rt.now(), by, "visit asked for", f"person:{person.id}", visit=row["id"], cause=cause)
    return session.scalars(select(Visit).where(Visit.cause == cause)).one()


def assign(
    session: Session, rt: Runtime, visit: Visit, *, visitor: str, on: date, by: str, address: str | None = None
) -> None:
    """Give a visit that was not reported yet to a visitor, or to another. `address` is sealed.

    Without one it stays as it was. Raises VisitElsewhere, NoAddress.
    """
    unreported = update(Visit).where(Visit.id == visit.id, Visit.state.in_(UNMADE))
    values: dict[str, Any] = {"state": "assigned", "visitor": visitor, "planned_on": on}
    if address is not None:
        plain = " ".join(address.split())
        if not 0 < len(plain) <= ADDRESS_LENGTH:
            raise NoAddress
        values["address_sealed"] = rt.keys.seal(plain.encode(), seals.address(visit.id, visit.person_id))
    _done(session, visit, session.scalar(unreported.values(**values).returning(Visit.id)))
    facts = {"visit": visit.id, "visitor": visitor, "on": on.isoformat()}
    journal.write(session, rt.now(), by, "visit assigned", f"person:{visit.person_id}", **facts)


def former(visit: Visit) -> str | None:
    """The visit whose sign of life was taken back, and which this one is made for; None where there is none."""
    return visit.cause.removeprefix(AGAIN).partition(":")[0] if visit.cause.startswith(AGAIN) else None


def send_nobody(session: Session, rt: Runtime, visit_id: str, person_id: str, by: str) -> None:
    """Call off who was to go once more, if nobody went: the sign of life of the first visit stands after all."""
    mine = select(Visit.cause).where(Visit.person_id == person_id, Visit.state.in_(UNMADE))
    for cause in session.scalars(mine.where(Visit.cause.startswith(f"{AGAIN}{visit_id}:"))).all():
        drop(session, rt, cause, by)


def report(
    session: Session,
    rt: Runtime,
    visit: Visit,
    *,
    visitor: str,
    outcome: Outcome,
    text: str,
    photo: bytes | None = None,
) -> Recorded | None:
    """Write a visitor's report down, once; the evidence, where the person was met.

    `text` and `photo` (JPEG or PNG) are sealed. Of a death that was reported there a case is opened; nothing else
    follows from it here. Raises VisitElsewhere, PhotoUnusable.
    """
    if photo is not None and (len(photo) > PHOTO_BYTES or not photo.startswith((b"\xff\xd8\xff", b"\x89PNG"))):
        raise PhotoUnusable
    theirs = update(Visit).where(Visit.id == visit.id, Visit.state == "assigned", Visit.visitor == visitor)
    values = {
        "state": "reported",
        "outcome": outcome.value,
        "reported_at": rt.now(),
        "report_sealed": rt.keys.seal(text.encode(), seals.report(visit.id, visit.person_id)),
        "photo_sealed": None if photo is None else rt.keys.seal(photo, seals.photo(visit.id, visit.person_id)),
    }
    _done(session, visit, session.scalar(theirs.values(**values).returning(Visit.id)))
    subject, facts = f"person:{visit.person_id}", {"visit": visit.id, "outcome": outcome.value}
    journal.write(session, rt.now(), visitor, "visit reported", subject, **facts)
    person = session.get_one(Person, visit.person_id)
    went = contacts.Outcome.WENT
    contacts.note(session, rt, person, channel=Channel.VISIT, ref=visit.id, outcome=went, actor=visitor)
    if outcome is Outcome.DEAD:
        bereavement.report(session, rt, person, source="visit", ref=visit.id, by=visitor)
    if outcome is not Outcome.MET:
        return None
    return certifying.record(
        session,
        rt,
        person,
        kind=Kind.VISIT,
        strength=Strength.OFFICIAL,
        source="visit",
        ref=visit.id,
        observed_at=rt.now(),
        detail={"visit": visit.id},
        actor=visitor,
    )


def address(session: Session, rt: Runtime, person_id: str) -> str:
    """Where the person was last to be visited; nothing where nobody said. Raises SealBroken."""
    known = select(Visit).where(Visit.person_id == person_id, Visit.address_sealed.is_not(None))
    last = session.scalars(known.order_by(Visit.asked_at.desc(), Visit.id).limit(1)).first()
    if last is None or last.address_sealed is None:
        return ""
    return rt.keys.open(last.address_sealed, seals.address(last.id, person_id)).decode()


def of(session: Session, cause: str) -> Visit | None:
    """The visit that was asked for by a cause."""
    return session.scalars(select(Visit).where(Visit.cause == cause)).first()


def awaited(session: Session, person: Person) -> Visit | None:
    """The visit to a person that is yet to be made, whoever asked for it; the first of several."""
    mine = select(Visit).where(Visit.person_id == person.id, Visit.state.in_(UNMADE))
    return session.scalars(mine.order_by(Visit.asked_at, Visit.id)).first()


def drop(session: Session, rt: Runtime, cause: str, by: str) -> bool:
    """Call off a visit that is not needed any more; False where there is none, or it was made."""
    unmade = update(Visit).where(Visit.cause == cause, Visit.state.in_(UNMADE))
    dropped = session.execute(unmade.values(state="dropped").returning(Visit.id, Visit.person_id)).first()
    if dropped is None:
        return False
    journal.write(session, rt.now(), by, "visit dropped", f"person:{dropped.person_id}", visit=dropped.id)
    return True


def waiting(session: Session, visitor: str | None = None) -> list[Visit]:
    """Visits not reported yet, the earliest first; of one visitor, or of all."""
    found = select(Visit).where(Visit.state.in_(UNMADE)).order_by(Visit.planned_on, Visit.asked_at)
    return list(session.scalars(found if visitor is None else found.where(Visit.visitor == visitor)))


def reported_since(session: Session, visitor: str, day: date) -> list[Visit]:
    """What a visitor reported on a day or after it, the earliest first."""
    begins = datetime.combine(day, time.min, SHANGHAI)
    theirs = select(Visit).where(Visit.visitor == visitor, Visit.state == "reported", Visit.reported_at >= begins)
    return list(session.scalars(theirs.order_by(Visit.reported_at, Visit.id)))


def _done(session: Session, visit: Visit, identifier: str | None) -> None:
    session.refresh(visit)
    if identifier is None:
        raise VisitElsewhere(visit)
