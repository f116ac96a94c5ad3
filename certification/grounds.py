"""What a sign of life rests on: the paper, visit or appointment, when it is taken back and when it stands again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from certification import appointments, people, visits
from certification.evidence import Kind
from certification.runtime import Runtime
from certification.store import Evidence, Paper, Person, TakenBack, Visit, new_id

VISIT, PAPER, APPOINTMENT = "visit", "paper", "appointment"
"""The names under which the detail of a sign of life says what it rests on."""
_SAID_AGAIN = (Kind.AGENT.value, Kind.PAPER.value, Kind.POST.value)


def free_again(evidence: Evidence) -> bool:
    """Whether a human may say the same again of the same event, once this is taken back.

    A visit is reported once: whoever goes there again makes another visit.
    """
    return evidence.kind in _SAID_AGAIN or APPOINTMENT in evidence.detail


def reopen(session: Session, rt: Runtime, evidence: Evidence, by: str) -> None:
    """What was settled by a mistake waits again: the paper is with us, and whoever has not come today is awaited."""
    if evidence.kind in (Kind.PAPER, Kind.POST):
        _move_paper(session, rt, evidence, "accepted", "received")
    if (kept := evidence.detail.get(APPOINTMENT)) is not None:
        appointments.await_again(session, rt, str(kept), by)


def settle(session: Session, rt: Runtime, evidence: Evidence, by: str) -> bool:
    """The other way round, where the sign stands again; False where its paper was decided otherwise meanwhile.

    Nobody is sent once more, who was to be.
    """
    if evidence.kind in (Kind.PAPER, Kind.POST) and not _move_paper(session, rt, evidence, "received", "accepted"):
        return False
    if (kept := evidence.detail.get(APPOINTMENT)) is not None:
        appointments.keep_again(session, rt, str(kept), by)
    if (visit := evidence.detail.get(VISIT)) is not None:
        visits.send_nobody(session, rt, str(visit), evidence.person_id, by)
    return True


def send_again(
    session: Session, rt: Runtime, visit: Visit, *, visitor: str, on: date, by: str, address: str
) -> tuple[Visit, bool]:
    """Send somebody once more where the sign of life of a visit was taken back; the visit, and whether it is new.

    What was reported first stays on record. Where a visit to the person is awaited already, that is it. Raises
    VisitElsewhere, NotTakenHere, NoAddress.
    """
    people.hold(session, visit.person_id)  # asked twice at once, the second sees the first's
    if visit.id not in taken_back(session, VISIT, [visit.person_id]):
        raise visits.VisitElsewhere(visit)
    person = session.get_one(Person, visit.person_id)
    if (before := visits.awaited(session, person)) is not None:
        return before, False
    made = visits.ask(session, rt, person, cause=f"{visits.AGAIN}{visit.id}:{new_id()}", by=by)
    visits.assign(session, rt, made, visitor=visitor, on=on, by=by, address=address)
    return made, True


def taken_back(session: Session, what: str, persons: Collection[str] | None = None) -> dict[str, TakenBack]:
    """How the signs of life that rest on something were taken back, by its identifier, where no other stands of it.

    `what`: VISIT, PAPER or APPOINTMENT. `persons`: of these alone; None: of everybody.
    """
    rests_on = Evidence.detail[what].as_string()
    theirs = [] if persons is None else [Evidence.person_id.in_(persons)]
    gone = (Evidence.withdrawn_at.is_not(None), TakenBack.stands_at.is_(None), rests_on.is_not(None), *theirs)
    rows = select(rests_on, TakenBack).join(TakenBack, TakenBack.evidence_id == Evidence.id).where(*gone)
    found = {str(one): row for one, row in session.execute(rows.order_by(TakenBack.at, TakenBack.id)).all()}
    of_them = Evidence.person_id.in_({row.person_id for row in found.values()})
    stands = select(rests_on).where(of_them, Evidence.withdrawn_at.is_(None), rests_on.is_not(None))
    for one in session.scalars(stands).all() if found else ():
        found.pop(str(one), None)
    return found


def _move_paper(session: Session, rt: Runtime, evidence: Evidence, before: str, after: str) -> bool:
    there = update(Paper).where(Paper.id == str(evidence.detail.get(PAPER, "")), Paper.state == before)
    return session.scalar(there.values(state=after, since=rt.now()).returning(Paper.id)) is not None
