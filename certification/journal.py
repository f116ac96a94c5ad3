"""Append-only who, what and when: each entry carries the hash of the one before it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from certification.store import JournalEntry, JournalHead, insert_once, waiting

BEGINNING = "0" * 64
MISSING, APART, ALTERED = "missing", "does not follow the entry before it", "altered"
OTHER_END = "the head names another end"
_HEAD = 1
_ENTRIES = "journal entries"


@dataclass(frozen=True, slots=True)
class Verified:
    """The chain holds. Note the head down elsewhere: a journal cut short and re-linked shows only against it."""

    entries: int
    head: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The chain breaks at entry `seq`; `why`: MISSING, APART, ALTERED or OTHER_END."""

    seq: int
    why: str


def write(session: Session, at: datetime, actor: str, action: str, subject: str, **detail: Any) -> None:
    """Journal that `actor` did `action` (past tense) to `subject`. `detail` is JSON without personal data.

    The entry is written when the session commits, as the last thing before it: writers queue on the head of the chain,
    and so hold it for as short as can be, and never while they still wait for another row.
    """
    entry = (at, _storable(actor)[:200], action, _storable(subject)[:80], _canonical(detail))
    waiting(session, _ENTRIES).append(entry)


def write_once(
    session: Session, at: datetime, within: timedelta, actor: str, action: str, subject: str, **detail: Any
) -> None:
    """The same, unless it is written already: of what one act does many times over."""
    if not written(session, at - within, actor, action, subject, **detail):
        write(session, at, actor, action, subject, **detail)


def written(session: Session, since: datetime, actor: str, action: str, subject: str, **detail: Any) -> bool:
    """Whether just this was journalled after a moment."""
    just_this = (
        JournalEntry.subject == _storable(subject)[:80],
        JournalEntry.action == action,
        JournalEntry.actor == _storable(actor)[:200],
        JournalEntry.detail == _canonical(detail),
        JournalEntry.at > since,
    )
    return session.scalar(select(JournalEntry.seq).where(*just_this).limit(1)) is not None


def _canonical(detail: Mapping[str, Any]) -> str:
    return _storable(json.dumps(detail, ensure_ascii=False, sort_keys=True, separators=(",", ":")))


def _storable(text: str) -> str:
    """`text` without what PostgreSQL keeps in no string; a subject may be what a stranger sent."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "?")


@event.listens_for(Session, "before_commit")
def _append_unwritten(session: Session) -> None:
    if session.in_nested_transaction() or _ENTRIES not in session.info:
        return
    entries = session.info.pop(_ENTRIES)
    insert_once(session, JournalHead, id=_HEAD, seq=0, hash=BEGINNING)
    forward = update(JournalHead).where(JournalHead.id == _HEAD).values(seq=JournalHead.seq + len(entries))
    last, previous = session.execute(forward.returning(JournalHead.seq, JournalHead.hash)).one()
    for seq, (at, actor, action, subject, detail) in enumerate(entries, start=last - len(entries) + 1):
        entry = JournalEntry(
            seq=seq, at=at, actor=actor, action=action, subject=subject, detail=detail, previous=previous, hash=""
        )
        entry.hash = previous = link(entry)
        session.add(entry)
    session.execute(update(JournalHead).where(JournalHead.id == _HEAD).values(hash=previous))


@event.listens_for(Session, "after_rollback")
def _forget_unwritten(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop(_ENTRIES, None)


def link(entry: JournalEntry) -> str:
    """The hash of an entry: SHA-256 over the canonical JSON of its content, which holds the hash before it."""
    content = [
        entry.seq,
        entry.at.isoformat(timespec="microseconds"),
        entry.actor,
        entry.action,
        entry.subject,
        entry.detail,
        entry.previous,
    ]
    return sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def verify(session: Session) -> Verified | Broken:
    """Walk the whole chain and compare it with its head."""
    found = walk(session, Verified(0, BEGINNING))
    if isinstance(found, Broken):
        return found
    return found if head(session) == found else Broken(found.entries + 1, OTHER_END)


def walk(session: Session, after: Verified, most: int | None = None) -> Verified | Broken:
    """Go on along the chain from where it was found to hold, over so many entries at most; how far it holds now."""
    seq, previous = after.entries, after.head
    onward = select(JournalEntry).where(JournalEntry.seq > seq).order_by(JournalEntry.seq).limit(most)
    with closing(session.scalars(onward.execution_options(yield_per=1000))) as entries:
        for seq, entry in enumerate(entries, start=seq + 1):  # noqa: B020 - it begins where the walk before ended
            if entry.seq != seq:
                return Broken(seq, MISSING)
            if entry.previous != previous:
                return Broken(seq, APART)
            if entry.hash != link(entry):
                return Broken(seq, ALTERED)
            previous = entry.hash
    return Verified(seq, previous)


def head(session: Session) -> Verified:
    """Where the journal says that it ends."""
    found = session.get(JournalHead, _HEAD)
    return Verified(0, BEGINNING) if found is None else Verified(found.seq, found.hash)
