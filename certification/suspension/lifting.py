"""A suspension lifted by a supervisor: payment is made again, with what was not paid, though nobody certified."""

from __future__ import annotations

from sqlalchemy.orm import Session

from certification import journal
from certification.runtime import Runtime
from certification.staff import Proven, Role
from certification.store import PaymentList, Person, Suspension
from certification.suspension import releasing
from certification.suspension.lists import NotASupervisor, OfAnotherRegion
from certification.suspension.taking import NotOnList, given


def lift(session: Session, rt: Runtime, suspension_id: str, by: Proven, why: str) -> None:
    """Lift a suspension that should not have been, or must not last: the next restoration pays the person again.

    Until that has gone out it can be taken back. The person still has to certify. Raises NotASupervisor,
    OfAnotherRegion, NotOnList, ReasonMissing, ReasonPersonal.
    """
    _turn(session, rt, suspension_id, by, why, "suspended", "lifted")


def take_back(session: Session, rt: Runtime, suspension_id: str, by: Proven, why: str) -> None:
    """Take a lifting back before the person is paid again: they stay suspended. Raises as lift()."""
    _turn(session, rt, suspension_id, by, why, "lifted", "suspended")


def _turn(session: Session, rt: Runtime, suspension_id: str, by: Proven, why: str, before: str, after: str) -> None:
    entry = session.get(Suspension, suspension_id, with_for_update=True)
    if entry is None:
        raise NotOnList
    listed = session.get_one(PaymentList, entry.list_id, populate_existing=True)
    in_file = entry.state == "cleared" and listed.released_at is not None  # the release has not come to them yet
    if ("suspended" if in_file else entry.state) != before:
        raise NotOnList
    if by.role is not Role.SUPERVISOR:
        raise NotASupervisor
    if by.region not in (None, listed.region):
        raise OfAnotherRegion
    why = given(rt, session.get_one(Person, entry.person_id), why)
    if in_file:
        releasing.suspend(session, rt, listed, entry)
    entry.state = after
    facts = {"list": entry.list_id, "why": why}
    action = "suspension lifted" if after == "lifted" else "lifting taken back"
    journal.write(session, rt.now(), by.name, action, f"person:{entry.person_id}", **facts)
