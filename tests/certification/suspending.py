"""A region in which somebody's period is over: what leads to a suspension, step by step."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import count

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import certifying, contacts, people
from certification.contacts import Channel, Outcome
from certification.evidence import Kind, Strength
from certification.regions import Regions
from certification.regions.plans import Suspension as Rules
from certification.runtime import Runtime
from certification.staff import Proven, Role
from certification.store import JournalEntry, PaymentList, Person, Staff, Suspension, new_id
from certification.suspension import lists, releasing, restoring
from certification.suspension.files import File
from certification.suspension.releasing import Released
from tests.certification.conftest import MORNING, Clock
from tests.certification.numbers import resident_number

OVER = datetime(2026, 4, 10, 2, 0, tzinfo=UTC)
"""In the quarter after the one that people here did not certify in."""
MAY = date(2026, 5, 1)
REGION = "kunming"
_refs = count()


def ruled(rt: Runtime, enabled: bool, channels: int) -> Runtime:
    """The runtime with other rules of suspension in Kunming."""
    changed = rt.regions[REGION].model_copy(update={"suspension": Rules(enabled=enabled, channels=channels)})
    regions = {region.code: region for region in rt.regions}
    return replace(rt, regions=Regions(regions | {REGION: changed}, rt.regions.default.code))


def pensioner(session: Session, rt: Runtime, year: int = 1950, name: str = "吴先生") -> Person:
    """Somebody of Kunming."""
    return people.add(session, rt, id_number=resident_number("530102", year, 5, 15), name=name, region=REGION)


def overdue(rt: Runtime, clock: Clock, year: int = 1950, name: str = "吴先生") -> Person:
    """Somebody who was rung and written to in the first quarter and did not certify; now it is over."""
    clock.at = MORNING
    with rt.sessions.begin() as session:
        person = pensioner(session, rt, year, name)
        certifying.current_period(session, rt, person)
        tried(session, rt, person, Channel.SMS, outcome=Outcome.DELIVERED)
        tried(session, rt, person, Channel.CALL)
    clock.at = OVER
    return person


def tried(session: Session, rt: Runtime, person: Person, *channels: Channel, outcome: Outcome = Outcome.RUNG) -> None:
    """Really try to reach somebody, on these channels."""
    for channel in channels:
        contacts.note(session, rt, person, channel=channel, ref=str(next(_refs)), outcome=outcome)


def certify(session: Session, rt: Runtime, person: Person, kind: Kind = Kind.DESK) -> None:
    """Certify somebody now."""
    certifying.record(
        session,
        rt,
        person,
        kind=kind,
        strength=Strength.OFFICIAL,
        source="test",
        ref=new_id(),
        observed_at=rt.now(),
        actor="clerk",
    )


def supervisor(session: Session, rt: Runtime, name: str, role: Role = Role.SUPERVISOR) -> Proven:
    """Somebody who just proved who they are; without the work of a password."""
    identifier = new_id()
    sealed = rt.keys.seal(b"x", f"staff.totp:{identifier}")
    row = {"id": identifier, "name": name, "role": role.value, "password_hash": "", "totp_sealed": sealed}
    session.add(Staff(**row, added_at=rt.now()))
    session.flush()
    return Proven(identifier, name, role)


def sign(session: Session, rt: Runtime, *by: Proven, month: date = MAY) -> list[object]:
    """Have the list of May signed as it stands."""
    listed = lists.find(session, REGION, month)
    return [lists.sign(session, rt, listed, one, lists.digest(session, listed)) for one in by]


def suspend(rt: Runtime, month: date = MAY) -> Released:
    """Propose, sign and release the list."""
    with rt.sessions.begin() as session:
        lists.propose(session, rt, REGION, month, "clerk")
        names = [f"主管{next(_refs)}", f"主管{next(_refs)}"]
        assert sign(session, rt, *(supervisor(session, rt, name) for name in names), month=month) == [1, 2]
    released = releasing.release(rt, REGION, month, "clerk")
    assert isinstance(released, Released)
    return released


def restore(rt: Runtime, month: date = MAY, region: str = REGION, size: int = restoring.MOST) -> list[File]:
    """Restore payment in parts of `size` people at most; the files of the month, of which none is gone."""
    found = restoring.restore(rt, region, month, "王主管", size)
    files = [one for one in found if isinstance(one, File)]
    assert files == found
    return files


def states(session: Session) -> dict[str, tuple[str, tuple[str, ...]]]:
    """State and reasons of everybody on any list, by identifier of the person; the newest list's, where several."""
    found = session.scalars(
        select(Suspension)
        .join(PaymentList, PaymentList.id == Suspension.list_id)
        .order_by(PaymentList.proposed_at)
        .execution_options(populate_existing=True)
    )
    return {one.person_id: (one.state, tuple(one.blocks)) for one in found}


def journalled(rt: Runtime, action: str) -> list[str]:
    """The details of all entries of an action."""
    with rt.sessions() as session:
        found = select(JournalEntry.detail).where(JournalEntry.action == action).order_by(JournalEntry.seq)
        return list(session.scalars(found))
