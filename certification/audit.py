"""The journal searched, from its end, a page at a time; and the entries of a page held against their neighbours."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, func, select, union_all
from sqlalchemy.orm import Session

from certification import journal
from certification.regions import SHANGHAI
from certification.store import JournalEntry

OUT_OF_ORDER = timedelta(hours=1)
"""Entries stand in the order of their commits: so much may the moments of neighbours differ that they name."""
TECHNICAL = (
    "carriers shifted",
    "journal exported",
    "journal found broken",
    "journal verification begun",
    "journal verified",
    "keys rotated",
    "outage ended",
    "outage noted",
    "page refused",
    "password changed",
    "periods opened",
    "provider account bound",
    "provider account unbound",
    "sign-in refused",
    "signed in",
    "signed out",
    "staff added",
    "staff closed",
    "staff locked",
    "texts forgotten",
    "unsigned request refused",
    "voices bound to their people",
)
"""What happened of which an administrator sees the entries: to accounts, keys and machines, and to nobody certified."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are looked for. Days are Shanghai's, both included; `kinds`: of these actions alone."""

    action: str | None = None
    subject: str | None = None
    actor: str | None = None
    since: date | None = None
    until: date | None = None
    kinds: tuple[str, ...] | None = None


def search(session: Session, wanted: Wanted, most: int, before: int | None = None) -> list[JournalEntry]:
    """The newest entries that are looked for, of those before an entry where it is named; newest first."""
    if wanted.kinds is not None and wanted.action is not None and wanted.action not in wanted.kinds:
        return []
    where = [*_fields(wanted), *_between(session, wanted.since, wanted.until)]
    if before is not None:
        where.append(JournalEntry.seq < before)
    if wanted.kinds is None or wanted.action is not None:
        found = select(JournalEntry).where(*where)
    else:  # the newest of each kind, or the whole journal would be gone through for the few that there are
        newest = select(JournalEntry.seq).order_by(JournalEntry.seq.desc()).limit(most).where(*where)
        each = [newest.where(JournalEntry.action == one).subquery() for one in wanted.kinds]
        found = select(JournalEntry).where(JournalEntry.seq.in_(union_all(*[select(one.c.seq) for one in each])))
    return list(session.scalars(found.order_by(JournalEntry.seq.desc()).limit(most)))


def every(session: Session, wanted: Wanted, most: int, at_once: int = 1000) -> Iterator[JournalEntry]:
    """All entries that are looked for, the newest first, so many at most."""
    before, left = None, most
    while left > 0:
        found = search(session, wanted, min(at_once, left), before)
        yield from found
        if len(found) < at_once:
            return
        before, left = found[-1].seq, left - len(found)
        session.expunge_all()


def kinds(session: Session) -> list[str]:
    """Every action that the journal has, in order: one step in the index for each."""
    first = select(func.min(JournalEntry.action).label("action")).cte("kinds", recursive=True)
    onward = select(func.min(JournalEntry.action)).where(JournalEntry.action > first.c.action).scalar_subquery()
    every_kind = first.union_all(select(onward).where(first.c.action.is_not(None)))
    return [one for one in session.scalars(select(every_kind.c.action)) if one is not None]


def faults(session: Session, entries: Sequence[JournalEntry]) -> dict[int, str]:
    """Which of these entries are not as they were written, or do not stand where they did: why, by `seq`.

    Each is held against its own hash, and against the entries before and after it; the last, against the head.
    """
    around = {near for one in entries for near in (one.seq - 1, one.seq + 1)}
    columns = select(JournalEntry.seq, JournalEntry.hash, JournalEntry.previous)
    found = {seq: (own, before) for seq, own, before in session.execute(columns.where(JournalEntry.seq.in_(around)))}
    end = journal.head(session)
    found.setdefault(0, (journal.BEGINNING, ""))
    found.setdefault(end.entries + 1, ("", end.head))
    return {one.seq: why for one in entries if (why := _fault(one, found)) is not None}


def _fault(entry: JournalEntry, around: dict[int, tuple[str, str]]) -> str | None:
    if entry.hash != journal.link(entry):
        return journal.ALTERED
    if entry.seq - 1 not in around or entry.seq + 1 not in around:
        return journal.MISSING
    if around[entry.seq - 1][0] != entry.previous or around[entry.seq + 1][1] != entry.hash:
        return journal.APART
    return None


def _fields(wanted: Wanted) -> list[ColumnElement[bool]]:
    given = (
        (JournalEntry.action, wanted.action),
        (JournalEntry.subject, wanted.subject),
        (JournalEntry.actor, wanted.actor),
    )
    return [column == value for column, value in given if value is not None]


def _between(session: Session, since: date | None, until: date | None) -> list[ColumnElement[bool]]:
    """Entries of some days, and where in the journal they can be at all: there is no index of moments."""
    where = list[ColumnElement[bool]]()
    if since is not None:
        begins = datetime.combine(since, time.min, SHANGHAI)
        where += [JournalEntry.at >= begins, JournalEntry.seq >= first_at(session, begins - OUT_OF_ORDER)]
    if until is not None:
        ends = datetime.combine(until, time.min, SHANGHAI) + timedelta(days=1)
        where += [JournalEntry.at < ends, JournalEntry.seq < first_at(session, ends + OUT_OF_ORDER)]
    return where


def first_at(session: Session, moment: datetime) -> int:
    """About where the entries of a moment and later begin: found by halving, a step in the index for each."""
    low, high = 1, (session.scalar(select(func.max(JournalEntry.seq))) or 0) + 1
    while low < high:
        middle = (low + high) // 2
        there = select(JournalEntry.at).where(JournalEntry.seq >= middle).order_by(JournalEntry.seq).limit(1)
        at = session.scalar(there)
        if at is not None and at < moment:
            low = middle + 1
        else:
            high = middle
    return low


def actions_of(found: Collection[str], allowed: tuple[str, ...] | None) -> list[str]:
    """Those actions of which somebody may see the entries."""
    return sorted(one for one in found if allowed is None or one in allowed)
