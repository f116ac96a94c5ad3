"""The journal verified in slices, as long as it is: how far a walk along the chain came, and what came of it."""

from __future__ import annotations

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from certification import journal
from certification.journal import BEGINNING, Broken, Verified
from certification.runtime import Runtime
from certification.store import JournalCheck, JournalEntry, new_id

SLICE = 20_000  # entries: about a second


def begin(session: Session, rt: Runtime, by: str) -> str:
    """Begin to verify the journal, up to what is its last entry now; one that is under way goes on instead."""
    going = under_way(session)
    if going is not None:
        return going.id
    end, identifier = journal.head(session), new_id()
    facts = {"seq": 0, "hash": BEGINNING, "until": end.entries, "head": end.head}
    session.add(JournalCheck(id=identifier, begun_at=rt.now(), begun_by=by[:200], **facts))
    journal.write(session, rt.now(), by, "journal verification begun", "journal", until=end.entries)
    return identifier


def under_way(session: Session) -> JournalCheck | None:
    """The verification that has not ended."""
    going = select(JournalCheck).where(JournalCheck.ended_at.is_(None)).order_by(JournalCheck.begun_at.desc()).limit(1)
    return session.scalars(going).first()


def last(session: Session, most: int = 1) -> list[JournalCheck]:
    """The verifications that ended, the newest first."""
    ended = select(JournalCheck).where(JournalCheck.ended_at.is_not(None))
    return list(session.scalars(ended.order_by(JournalCheck.begun_at.desc(), JournalCheck.until.desc()).limit(most)))


def look(session: Session, check: JournalCheck, slice_: int = SLICE) -> Verified | Broken:
    """Walk on along the next slice of the chain, and at the end of it hold it against its head. It only reads."""
    most = min(slice_, check.until - check.seq)
    found = journal.walk(session, Verified(check.seq, check.hash), most)
    if isinstance(found, Broken):
        return found
    if found.entries < check.seq + most:
        return Broken(found.entries + 1, journal.MISSING)
    if found.entries == check.until:
        if found.head != check.head:
            return Broken(check.until, journal.OTHER_END)
        beyond = select(func.min(JournalEntry.seq)).where(JournalEntry.seq > journal.head(session).entries)
        if (stray := session.scalar(beyond)) is not None:
            return Broken(stray, journal.OTHER_END)
    return found


def note(session: Session, rt: Runtime, check: JournalCheck, found: Verified | Broken) -> None:
    """Write down how far a walk came; once, where two walked the same slice."""
    ended = isinstance(found, Broken) or found.entries == check.until
    if isinstance(found, Broken):
        facts: dict[str, object] = {"broken_at": found.seq, "why": found.why}
    else:
        facts = {"seq": found.entries, "hash": found.head}
    mine = update(JournalCheck).where(JournalCheck.id == check.id, JournalCheck.ended_at.is_(None))
    noted = mine.where(JournalCheck.seq == check.seq).values(**facts, ended_at=rt.now() if ended else None)
    if session.scalar(noted.returning(JournalCheck.id)) is None or not ended:
        return
    if isinstance(found, Broken):
        journal.write(
            session, rt.now(), check.begun_by, "journal found broken", "journal", entry=found.seq, why=found.why
        )
    else:
        facts = {"entries": found.entries, "head": found.head}
        journal.write(session, rt.now(), check.begun_by, "journal verified", "journal", **facts)
