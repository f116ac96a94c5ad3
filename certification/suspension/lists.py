"""The list of one region and month: proposed, signed by two supervisors for exactly what it says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.orm import Session

from certification import cases, certifying, journal
from certification.cases import CaseKind
from certification.errors import Problem
from certification.periods import add_months
from certification.runtime import Runtime
from certification.staff import Proven, Role
from certification.store import PaymentList, Person, Signature, Staff, Suspension, insert_once, new_id
from certification.suspension.checks import Block, before_signing
from certification.suspension.histories import Overdue, histories, overdue

SUSPENSION = "suspension"
_ROWS = 1000


class NotNextMonth(Problem):
    """Suspensions are proposed, signed and released in the month before the one whose payments they are about."""

    def __init__(self, following: date) -> None:
        super().__init__(
            f"暂停名单只能在上一个月里办理，现在只能办 {following:%Y-%m}。",
            f"A list is made, signed and released in the month before; now that is {following:%Y-%m} alone.",
        )


class ListUnknown(Problem):
    """There is no such list."""

    def __init__(self, region: str, month: date) -> None:
        super().__init__(
            f"{region} 还没有 {month:%Y-%m} 的暂停名单，请先提出。",
            f"{region} has no list for {month:%Y-%m} yet; propose it first.",
        )


class ListReleased(Problem):
    """What was released stays as it is."""

    def __init__(self) -> None:
        super().__init__(
            "名单已发出，不能再改或再签。", "The list was released: it is neither changed nor signed any more."
        )


class ListReleasing(Problem):
    """What is being released is not changed meanwhile."""

    def __init__(self) -> None:
        super().__init__(
            "名单正在发出，不能再改或再签。", "The list is being released: it is not changed or signed now."
        )


class ListSigned(Problem):
    """A signed list is not proposed anew: who certifies meanwhile drops out when it is released."""

    def __init__(self) -> None:
        super().__init__(
            "名单已有人签名，不能重新提出；发出时会逐人再核对。",
            "The list bears a signature and is not proposed anew; everybody on it is checked again at the release.",
        )


class ListChanged(Problem):
    """The list is not what the supervisor read."""

    def __init__(self) -> None:
        super().__init__("名单已变动，请重新查看后再签。", "The list has changed: look at it again before signing.")


class NobodyProposed(Problem):
    """There is nobody to suspend, so nothing to sign or to release."""

    def __init__(self) -> None:
        super().__init__(
            "名单上没有拟暂停的人，无需签名或发出。", "Nobody on the list is to be suspended; nothing to do."
        )


class NotASupervisor(Problem):
    """Only supervisors sign."""

    def __init__(self) -> None:
        super().__init__("只有主管可以签名。", "Only a supervisor signs.")


class OfAnotherRegion(Problem):
    """A supervisor of one region signs for no other."""

    def __init__(self) -> None:
        super().__init__("您只能签本地区的名单。", "A supervisor signs the lists of their own region.")


class ProposedIt(Problem):
    """Who proposed a list does not sign it."""

    def __init__(self) -> None:
        super().__init__(
            "提出名单的人不能签名，请另外两位主管签。",
            "Who proposed a list does not sign it; two other supervisors do.",
        )


class ChangedIt(Problem):
    """Who took somebody off a list, or put somebody back, does not sign what came of it."""

    def __init__(self) -> None:
        super().__init__(
            "最后改动名单人员的人不能签这一版，请另外两位主管签。",
            "Who last changed who is on a list does not sign it as it is; two other supervisors do.",
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A person on a list: to be suspended, or held for these reasons."""

    person_id: str
    period_id: str
    state: str
    blocks: tuple[str, ...]


def propose(session: Session, rt: Runtime, region: str, month: date, by: str) -> PaymentList:
    """Make the list of a region for the following month's payments, or bring it up to date while nobody has signed it.

    Everybody whose period is over is on it: proposed, or held with the reasons. Where a voice failed and nobody has
    looked at it, a case is opened. Raises NotNextMonth, ListReleased, ListReleasing, ListSigned.
    """
    in_time(rt, month)
    made = {"id": new_id(), "kind": SUSPENSION, "region": region, "month": month, "part": 1, "version": 1}
    new = insert_once(session, PaymentList, **made, proposed_by=by, proposed_at=rt.now())
    listed = find(session, region, month)
    unreleased(listed)
    if signatories(session, listed):
        raise ListSigned
    before = lines(session, listed)
    now, off = [], {line.person_id for line in before if Block.TAKEN_OFF in line.blocks}
    over = overdue(session, region, certifying.day_of(rt.now()))
    for one in histories(session, rt, region, over, taken_off=off):
        blocks = before_signing(one.history)
        if one.failed_at is not None:
            _have_it_looked_at(session, rt, one, by)
        now.append(Line(one.person_id, one.period_id, "held" if blocks else "proposed", blocks))
    now.sort(key=lambda line: line.person_id)
    if to_sign(now) != to_sign(before):
        listed.version += 1
        listed.proposed_by, listed.proposed_at, listed.changed_by = by, rt.now(), None
    if new or now != before:
        _replace(session, listed, now)
        counts = Counter(line.state for line in now)
        facts = {"proposed": counts["proposed"], "held": counts["held"], "digest": digest(session, listed)}
        journal.write(session, rt.now(), by, "suspensions proposed", subject(listed), region=region, **facts)
    return listed


def sign(session: Session, rt: Runtime, listed: PaymentList, by: Proven, seen: str) -> int | Problem:
    """Put a supervisor's signature under what they have `seen` (the digest); how many signatures hold now.

    The refusal, journalled, when they may not: they are no supervisor, proposed the list or changed it last themselves;
    the list has changed, was released, is empty or too late. Two different supervisors sign.
    """
    listed = find(session, listed.region, listed.month)
    refusal = _refusal(session, rt, listed, by, seen)
    if refusal is not None:
        why = type(refusal).__name__
        journal.write(session, rt.now(), by.name, "signature refused", subject(listed), why=why, digest=seen[:64])
        return refusal
    row = {"list_id": listed.id, "staff_id": by.staff_id, "digest": seen, "signed_at": rt.now()}
    if insert_once(session, Signature, **row):
        journal.write(session, rt.now(), by.name, "list signed", subject(listed), staff=by.staff_id, digest=seen)
    return len(signatories(session, listed, seen))


def _refusal(session: Session, rt: Runtime, listed: PaymentList, by: Proven, seen: str) -> Problem | None:
    account = session.get_one(Staff, by.staff_id, populate_existing=True)
    following = following_month(rt)
    if account.role != Role.SUPERVISOR or account.closed_at is not None:
        return NotASupervisor()
    if account.region not in (None, listed.region):
        return OfAnotherRegion()
    if account.name.casefold() == listed.proposed_by.casefold():
        return ProposedIt()
    if changed_it(listed, account.name):
        return ChangedIt()
    try:
        unreleased(listed)
    except (ListReleased, ListReleasing) as problem:
        return problem
    if listed.month != following:
        return NotNextMonth(following)
    if not anybody_to_sign(session, listed):
        return NobodyProposed()
    return None if digest(session, listed) == seen else ListChanged()


def find(session: Session, region: str, month: date, *, to_change: bool = True) -> PaymentList:
    """The list of suspensions of a region and month, for this transaction alone unless it is not to be changed.

    Raises ListUnknown.
    """
    wanted = select(PaymentList).where(
        PaymentList.kind == SUSPENSION, PaymentList.region == region, PaymentList.month == month
    )
    wanted = wanted.with_for_update() if to_change else wanted
    listed = session.scalars(wanted.execution_options(populate_existing=True)).first()
    if listed is None:
        raise ListUnknown(region, month)
    return listed


def lines(session: Session, listed: PaymentList) -> list[Line]:
    """Everybody on the list, in the order of the digest."""
    session.flush()
    columns = (Suspension.person_id, Suspension.period_id, Suspension.state, Suspension.blocks)
    rows = session.execute(select(*columns).where(Suspension.list_id == listed.id))
    return sorted(
        (Line(person, period, state, tuple(blocks)) for person, period, state, blocks in rows),
        key=lambda line: line.person_id,
    )


def digest(session: Session, listed: PaymentList) -> str:
    """SHA-256 of what is signed: region, month and version in a line, then a line for each person to be suspended."""
    session.flush()
    head = f"{listed.kind} {listed.region} {listed.month:%Y-%m} version {listed.version} by {listed.proposed_by}"
    found = session.execute(select(Suspension.person_id, Suspension.period_id).where(*_signed_for(listed)))
    body = sorted(f"{person} {period}" for person, period in found)
    return sha256("".join(f"{line}\n" for line in (head, *body)).encode()).hexdigest()


def signatories(session: Session, listed: PaymentList, signed: str | None = None) -> dict[str, str]:
    """Name by identifier of who signed this content (its digest, where it is known) and has an account still open."""
    signed = signed or digest(session, listed)
    found = (
        select(Staff.id, Staff.name)
        .join(Signature, Signature.staff_id == Staff.id)
        .where(Signature.list_id == listed.id, Signature.digest == signed)
        .where(Staff.role == Role.SUPERVISOR.value, Staff.closed_at.is_(None))
    )
    return dict(session.execute(found).all())


def changed_it(listed: PaymentList, name: str) -> bool:
    """Whether this supervisor was the last to change who is on the list, since it was proposed."""
    return listed.changed_by is not None and listed.changed_by.casefold() == name.casefold()


def anybody_to_sign(session: Session, listed: PaymentList) -> bool:
    """Whether anybody on the list is to be suspended."""
    return session.scalar(select(Suspension.id).where(*_signed_for(listed)).limit(1)) is not None


def _signed_for(listed: PaymentList) -> tuple[ColumnElement[bool], ...]:
    return Suspension.list_id == listed.id, Suspension.state != "held"


def unreleased(listed: PaymentList) -> None:
    """Raises ListReleased or ListReleasing when the list may not change any more."""
    if listed.released_at is not None:
        raise ListReleased
    if listed.releasing is not None:
        raise ListReleasing


def in_time(rt: Runtime, month: date) -> None:
    """Raises NotNextMonth unless `month` follows the present one."""
    if month != following_month(rt):
        raise NotNextMonth(following_month(rt))


def following_month(rt: Runtime) -> date:
    """The first day of the month after this one."""
    return add_months(certifying.day_of(rt.now()).replace(day=1), 1)


def subject(listed: PaymentList) -> str:
    """How the journal names a list."""
    return f"payment list:{listed.id}"


def to_sign(found: list[Line]) -> list[tuple[str, str]]:
    """What a signature is about: everybody who is to be suspended, whatever became of it at the release."""
    return [(line.person_id, line.period_id) for line in found if line.state != "held"]


def _replace(session: Session, listed: PaymentList, now: list[Line]) -> None:
    session.execute(delete(Suspension).where(Suspension.list_id == listed.id))
    for start in range(0, len(now), _ROWS):
        session.execute(insert(Suspension), [_row(listed, line) for line in now[start : start + _ROWS]])


def _row(listed: PaymentList, line: Line) -> dict[str, Any]:
    return {
        "id": new_id(),
        "list_id": listed.id,
        "person_id": line.person_id,
        "period_id": line.period_id,
        "state": line.state,
        "blocks": list(line.blocks),
    }


def _have_it_looked_at(session: Session, rt: Runtime, one: Overdue, by: str) -> None:
    """Ask a human about a voice that failed, so that it can be settled."""
    person = session.get_one(Person, one.person_id)
    cause = f"{CaseKind.VOICE_DOUBT}:overdue:{one.period_id}:{one.failed_at:%Y%m%dT%H%M%S%f}"
    cases.open_case(session, rt, kind=CaseKind.VOICE_DOUBT, cause=cause, person=person, actor=by)
