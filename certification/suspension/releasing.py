"""A signed list released by slices: everybody on it checked once more, then the file, whole, for the paying agency."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import Session

from certification import cases, journal, outages
from certification.cases import CaseKind
from certification.errors import Problem
from certification.keys import SealBroken
from certification.runtime import Runtime
from certification.store import PaymentList, Period, Person, Suspension
from certification.suspension import files, lists
from certification.suspension.checks import SIGNATURES, Block, blocks
from certification.suspension.files import File
from certification.suspension.histories import histories, unsettled

CHECKING, SUSPENDING = "checking", "suspending"
SLICE = 500
"""People in one transaction."""
Ts = TypeVarTuple("Ts")


class NotSigned(Problem):
    """Two different supervisors have not signed what the list says now."""

    def __init__(self, names: list[str]) -> None:
        have = "、".join(names) or "无"
        super().__init__(
            f"需要 {SIGNATURES} 位不同主管的有效签名，现有：{have}；名单变动后须重新签名。",
            f"{SIGNATURES} different supervisors must sign the list as it is; now: {', '.join(names) or 'nobody'}.",
        )


class NobodyMaySuspend(Problem):
    """Nobody at all may be suspended at this moment; the list stays as it is."""

    def __init__(self, block: Block) -> None:
        self.block = block
        super().__init__(f"现在不能发出：{block.zh}", f"Not now: {block.en}")


@dataclass(frozen=True, slots=True)
class Released:
    """The file of a released list, and who dropped out of it when it was checked again: how many."""

    file: File
    dropped: int


def ask(session: Session, rt: Runtime, region: str, month: date, by: str) -> PaymentList | Problem:
    """Say that a list is to be released; go_on() does so. Again, it changes nothing.

    The refusal, journalled, when two signatures do not hold, the month is over, or nobody may be suspended now. Raises
    ListUnknown.
    """
    listed = lists.find(session, region, month)
    if listed.released_at is not None or listed.releasing is not None:
        return listed
    digest = lists.digest(session, listed)
    refusal = _refusal(session, rt, listed, digest)
    if refusal is not None:
        why = type(refusal).__name__
        journal.write(session, rt.now(), by, "release refused", lists.subject(listed), why=why)
        return refusal
    listed.releasing, listed.released_to, listed.release_digest, listed.released_by = CHECKING, "", digest, by
    journal.write(session, rt.now(), by, "release begun", lists.subject(listed), digest=digest)
    return listed


def go_on(rt: Runtime, list_id: str, size: int = SLICE, enough: Callable[[], bool] = lambda: False) -> Problem | None:
    """Do the slices of a list that is to be released, until all are done or it is `enough` for now.

    Each is done once, in a transaction of its own, whoever does it. Everybody is checked; when all were, whomever
    anything new holds drops out, the file is what it will always be, and the list is out; then each is suspended. What
    keeps it from going on: an outage, until which it waits, or what calls the release off, as a signature that holds
    no longer.
    """
    while True:
        with rt.sessions.begin() as session:
            found = _slice(session, rt, list_id, size)
        if isinstance(found, Problem) or not found:
            return found or None
        if enough():
            return None


def release(rt: Runtime, region: str, month: date, by: str, size: int = SLICE) -> Released | Problem:
    """Release a list here and now, or what is left of it; asked again it gives the same file.

    The refusal as of ask(), or what go_on() gives. Raises ListUnknown, FileGone.
    """
    with rt.sessions.begin() as session:
        listed = ask(session, rt, region, month, by)
    if isinstance(listed, Problem):
        return listed
    hindered = go_on(rt, listed.id, size)
    if hindered is not None:
        return hindered
    with rt.sessions() as session:
        listed = session.get_one(PaymentList, listed.id)
        dropped = select(func.count()).where(Suspension.list_id == listed.id, Suspension.state == "dropped")
        return Released(files.again(session, rt, listed), session.scalars(dropped).one())


def _refusal(session: Session, rt: Runtime, listed: PaymentList, digest: str) -> Problem | None:
    following = lists.following_month(rt)
    signed = lists.signatories(session, listed, digest)
    if listed.month != following:
        return lists.NotNextMonth(following)
    if not lists.anybody_to_sign(session, listed):
        return lists.NobodyProposed()
    if len(signed) < SIGNATURES:
        return NotSigned(sorted(signed.values()))
    if outages.running(session):
        return NobodyMaySuspend(Block.OUTAGE)
    return None if rt.regions[listed.region].suspension.enabled else NobodyMaySuspend(Block.SWITCHED_OFF)


def _slice(session: Session, rt: Runtime, list_id: str, size: int) -> bool | Problem:
    """Do the next slice of a list; whether there is more to do."""
    listed = session.get_one(PaymentList, list_id, with_for_update=True)
    if listed.releasing is None:
        return False
    if listed.releasing == SUSPENDING:
        return _suspend(session, rt, listed, size)
    running = outages.running(session)  # looked at first: one that begins after this is an outage to wait for, too
    hindered = _refusal(session, rt, listed, listed.release_digest or "")
    if hindered is not None:
        waits = running or (isinstance(hindered, NobodyMaySuspend) and hindered.block is Block.OUTAGE)
        if not waits or isinstance(hindered, lists.NotNextMonth):
            _call_off(session, rt, listed, hindered)
        return hindered
    if not _check(session, rt, listed, size):
        _close(session, rt, listed)
    return True


def _check(session: Session, rt: Runtime, listed: PaymentList, size: int) -> bool:
    """Check the next people on the list; whether there were any. Who is cleared will be named to the agency."""
    entries = _next(session, listed, "proposed", size)
    if not entries:
        return False
    them = Suspension.person_id.in_([one.person_id for one in entries])
    _hold_periods(session, listed, them)
    known = {one.id: one for one in session.scalars(select(Person).where(Person.id.in_(_ids(entries))))}
    held = _blocked(session, rt, listed, them)
    for entry in entries:
        entry.blocks = held.get(entry.person_id, [])
        if not entry.blocks and not _named(session, rt, entry, known[entry.person_id]):
            entry.blocks = [Block.OPEN_CASE.value]
        entry.state = "dropped" if entry.blocks else "cleared"
        if entry.blocks:
            _drop(session, rt, listed, entry)
    listed.released_to = entries[-1].person_id
    return True


def _named(session: Session, rt: Runtime, entry: Suspension, person: Person) -> bool:
    """Seal what the file says of somebody; False, and a case for a human, where their record does not open."""
    try:
        files.seal_payee(rt.keys, entry, person)
    except SealBroken:
        kind, detail = CaseKind.UNREADABLE, {"list": entry.list_id}
        cause = f"{kind}:list:{entry.id}"
        cases.open_case(session, rt, kind=kind, cause=cause, person=person, detail=detail, actor="schedule")
        return False
    return True


def _close(session: Session, rt: Runtime, listed: PaymentList) -> None:
    """Everybody was checked: drop whom anything has held since, and settle what the file says from now on."""
    _hold_periods(session, listed, Suspension.state == "cleared")
    earliest = session.scalar(_theirs(select(func.min(Period.opens)), listed, Suspension.state == "cleared"))
    since = (Suspension.state == "cleared") & unsettled(session, rt, listed.region, earliest)
    held = _blocked(session, rt, listed, since)
    those = (Suspension.state == "cleared") & Suspension.person_id.in_(list(held))
    for entry in session.scalars(_theirs(select(Suspension), listed, those)).all():
        entry.blocks, entry.state, entry.payee_sealed = held[entry.person_id], "dropped", None
        _drop(session, rt, listed, entry)
    signed = lists.signatories(session, listed, listed.release_digest)
    file = files.make(session, rt, listed)
    listed.released_at, listed.people, listed.sha256 = rt.now(), file.people, file.sha256
    listed.releasing, listed.released_to = SUSPENDING, ""
    facts = {"sha256": file.sha256, "digest": listed.release_digest, "signed_by": sorted(signed.values())}
    by = str(listed.released_by)
    journal.write(session, rt.now(), by, "suspensions released", lists.subject(listed), people=file.people, **facts)


def _suspend(session: Session, rt: Runtime, listed: PaymentList, size: int) -> bool:
    """Suspend the next people who are in the file; whether there are more."""
    entries = _next(session, listed, "cleared", size)
    for entry in entries:
        suspend(session, rt, listed, entry)
    listed.released_to = entries[-1].person_id if entries else ""
    listed.releasing = listed.releasing if entries else None
    return bool(entries)


def suspend(session: Session, rt: Runtime, listed: PaymentList, entry: Suspension) -> None:
    """Suspend somebody who is in the file of a list that is out."""
    entry.state = "suspended"
    facts = {"list": listed.id, "from": f"{listed.month:%Y-%m}"}
    subject = f"person:{entry.person_id}"
    journal.write(session, rt.now(), str(listed.released_by), "payment suspended", subject, **facts)


def hold(session: Session, region: str) -> list[str]:
    """Have nobody else at a region's lists in this transaction; those that are out and not done to the end."""
    mine = select(PaymentList.id, PaymentList.releasing).where(PaymentList.region == region)
    mine = mine.where(PaymentList.kind == lists.SUSPENSION).order_by(PaymentList.id).with_for_update()
    return [identifier for identifier, releasing in session.execute(mine) if releasing == SUSPENDING]


def _call_off(session: Session, rt: Runtime, listed: PaymentList, hindered: Problem) -> None:
    """The list is as it was before, but for those who dropped out of it; nobody was suspended, no file was made."""
    back = update(Suspension).where(_of(listed), Suspension.state == "cleared")
    session.execute(back.values(state="proposed", payee_sealed=None))
    by, why = str(listed.released_by), type(hindered).__name__
    listed.releasing, listed.release_digest, listed.released_by = None, None, None
    listed.released_to = ""
    journal.write(session, rt.now(), by, "release called off", lists.subject(listed), why=why)


def _next(session: Session, listed: PaymentList, state: str, size: int) -> Sequence[Suspension]:
    found = select(Suspension).where(_of(listed), Suspension.state == state, Suspension.person_id > listed.released_to)
    found = found.order_by(Suspension.person_id).limit(size).with_for_update()
    return session.scalars(found.execution_options(populate_existing=True)).all()


def _drop(session: Session, rt: Runtime, listed: PaymentList, entry: Suspension) -> None:
    facts = {"list": listed.id, "from": f"{listed.month:%Y-%m}", "blocks": entry.blocks}
    subject = f"person:{entry.person_id}"
    journal.write(session, rt.now(), str(listed.released_by), "suspension dropped", subject, **facts)


def _blocked(session: Session, rt: Runtime, listed: PaymentList, which: ColumnElement[bool]) -> dict[str, list[str]]:
    """What holds those of the list at this moment, by person; who is not named is held by nothing."""
    signed = lists.signatories(session, listed, listed.release_digest)
    periods = _theirs(select(Person.id, Period.id), listed, which)
    found = {
        one.person_id: [block.value for block in blocks(one.history)]
        for one in histories(session, rt, listed.region, periods, signed)
    }
    return {person: held for person, held in found.items() if held}


def _hold_periods(session: Session, listed: PaymentList, which: ColumnElement[bool]) -> None:
    """Have whoever certifies just now go first, or wait and be restored; on PostgreSQL, where they run side by side."""
    theirs = select(Suspension.person_id).where(_of(listed), which)
    session.execute(select(Period.id).where(Period.person_id.in_(theirs)).order_by(Period.id).with_for_update())


def _theirs(wanted: Select[*Ts], listed: PaymentList, which: ColumnElement[bool]) -> Select[*Ts]:
    return (
        wanted.select_from(Suspension)
        .join(Person, Person.id == Suspension.person_id)
        .join(Period, Period.id == Suspension.period_id)
        .where(_of(listed), which)
    )


def _of(listed: PaymentList) -> ColumnElement[bool]:
    return Suspension.list_id == listed.id


def _ids(entries: Sequence[Suspension]) -> list[str]:
    return [one.person_id for one in entries]
