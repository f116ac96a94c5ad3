"""A signed list released: everybody on it checked once more, and the file for the paying agency."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import journal, outages
from certification.errors import Problem
from certification.runtime import Runtime
from certification.store import PaymentList, Period, Person, Suspension
from certification.suspension import files, lists
from certification.suspension.checks import SIGNATURES, Block, blocks
from certification.suspension.files import File
from certification.suspension.histories import histories


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
        super().__init__(f"现在不能发出：{block.zh}", f"Not now: {block.en}")


@dataclass(frozen=True, slots=True)
class Released:
    """The file of a released list, and who dropped out of it when it was checked again: how many."""

    file: File
    dropped: int


def release(session: Session, rt: Runtime, region: str, month: date, by: str) -> Released | Problem:
    """Release a list: whoever certified, got a case or is held by anything else at this moment drops out of it.

    Once: asked again it gives the same file. The refusal, journalled, when two signatures do not hold, the month is
    over, or nobody may be suspended now. Raises ListUnknown, FileGone.
    """
    listed = lists.find(session, region, month)
    if listed.released_at is None:
        refusal = _refusal(session, rt, listed)
        if refusal is not None:
            why = type(refusal).__name__
            journal.write(session, rt.now(), by, "release refused", lists.subject(listed), why=why)
            return refusal
        _suspend(session, rt, listed, by)
    dropped = sum(line.state == "dropped" for line in lists.lines(session, listed))
    return Released(files.again(session, rt, listed), dropped)


def _refusal(session: Session, rt: Runtime, listed: PaymentList) -> Problem | None:
    following = lists.following_month(rt)
    signed = lists.signatories(session, listed)
    if listed.month != following:
        return lists.NotNextMonth(following)
    if not lists.to_sign(lists.lines(session, listed)):
        return lists.NobodyProposed()
    if len(signed) < SIGNATURES:
        return NotSigned(sorted(signed.values()))
    if outages.running(session):
        return NobodyMaySuspend(Block.OUTAGE)
    return None if rt.regions[listed.region].suspension.enabled else NobodyMaySuspend(Block.SWITCHED_OFF)


def _suspend(session: Session, rt: Runtime, listed: PaymentList, by: str) -> None:
    """Suspend everybody on the list whom nothing blocks; the others drop out, with the reasons."""
    signed, digest = lists.signatories(session, listed), lists.digest(session, listed)
    proposed = select(Suspension).where(Suspension.list_id == listed.id, Suspension.state == "proposed")
    entries = session.scalars(proposed.order_by(Suspension.person_id).with_for_update()).all()
    _hold_periods(session, listed)
    for_each = (
        select(Person.id, Period.id)
        .join(Suspension, Suspension.person_id == Person.id)
        .join(Period, Period.id == Suspension.period_id)
        .where(Suspension.list_id == listed.id, Suspension.state == "proposed")
    )
    known = {one.person_id: one.history for one in histories(session, rt, listed.region, for_each, signed)}
    for entry in entries:
        found = blocks(known[entry.person_id])
        entry.blocks, entry.state = [block.value for block in found], "dropped" if found else "suspended"
        if not found:
            files.seal_payee(rt.keys, entry, session.get_one(Person, entry.person_id))
        action = "suspension dropped" if found else "payment suspended"
        facts = {"list": listed.id, "from": f"{listed.month:%Y-%m}", "blocks": entry.blocks}
        journal.write(session, rt.now(), by, action, f"person:{entry.person_id}", **facts)
    file = files.make(session, rt, listed)
    listed.released_at, listed.released_by, listed.people, listed.sha256 = rt.now(), by, file.people, file.sha256
    session.flush()
    facts = {"sha256": file.sha256, "digest": digest, "signed_by": sorted(signed.values())}
    journal.write(session, rt.now(), by, "suspensions released", lists.subject(listed), people=file.people, **facts)


def _hold_periods(session: Session, listed: PaymentList) -> None:
    """Have whoever certifies just now go first, or wait and be restored; on PostgreSQL, where they run side by side."""
    theirs = select(Suspension.person_id).where(Suspension.list_id == listed.id, Suspension.state == "proposed")
    session.execute(select(Period.id).where(Period.person_id.in_(theirs)).order_by(Period.id).with_for_update())
