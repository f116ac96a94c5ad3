"""The journal searched, from its end, a page at a time; and the entries of a page held against their neighbours."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_, union_all
from sqlalchemy.orm import Session

from certification import journal
from certification.regions import SHANGHAI
from certification.store import JournalEntry

OUT_OF_ORDER = timedelta(hours=1)
"""Entries stand in the order of their commits: so much may the moments of neighbours differ that they name."""
_BEYOND = 2**31 - 1  # no journal is so long
TECHNICAL = (
    "accounts exported",
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
    "verifications exported",
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
    span = _span(session, wanted, before)
    if (each := _each(session, wanted)) is None:
        return list(session.scalars(_newest(wanted, wanted.action, span, most)))
    if not each:
        return []
    parts = [select(_newest(wanted, one, span, most).subquery().c.seq) for one in each]
    together = union_all(*parts).subquery()
    found = session.scalars(select(together.c.seq).order_by(together.c.seq.desc()).limit(most)).all()
    entries = select(JournalEntry).where(JournalEntry.seq.in_(found))
    return list(session.scalars(entries.order_by(JournalEntry.seq.desc())))


@dataclass(frozen=True, slots=True)
class _Span:
    """Where in the journal to look: from one entry to before another, and between two moments."""

    low: int
    high: int
    moments: list[ColumnElement[bool]]


def _newest(wanted: Wanted, action: str | None, span: _Span, most: int) -> Select[JournalEntry]:
    """The newest entries of a span that are looked for, of one action or of all.

    Where actor and action are both given, the index of both is named by its bounds: left to itself, PostgreSQL thinks
    that what is common twice is common together, and goes through millions of entries for what is nowhere.
    """
    found = select(JournalEntry).where(*span.moments).limit(most)
    if wanted.subject is not None:
        found = found.where(JournalEntry.subject == wanted.subject)
    elif wanted.actor is not None and action is not None:
        key = (JournalEntry.actor, JournalEntry.action, JournalEntry.seq)
        low, high = (tuple_(*map(literal, (wanted.actor, action, end))) for end in (span.low, span.high))
        return found.where(tuple_(*key) >= low, tuple_(*key) < high).order_by(*(one.desc() for one in key))
    if wanted.actor is not None:
        found = found.where(JournalEntry.actor == wanted.actor)
    if action is not None:
        found = found.where(JournalEntry.action == action)
    within = found.where(JournalEntry.seq >= span.low, JournalEntry.seq < span.high)
    return within.order_by(JournalEntry.seq.desc())


def _each(session: Session, wanted: Wanted) -> Collection[str] | None:
    """Actions of which the newest are taken each, or the whole journal would be gone through for the few there are.

    None where one index leads to what is looked for, in its order.
    """
    if wanted.action is not None:
        return None
    if wanted.kinds is None and wanted.actor is not None and wanted.subject is None:
        return kinds(session, wanted.actor)
    return wanted.kinds


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


def kinds(session: Session, actor: str | None = None) -> list[str]:
    """Every action that the journal has, or has of an actor, in order: one step in the index for each."""
    least = select(func.min(JournalEntry.action).label("action"))
    if actor is not None:
        least = least.where(JournalEntry.actor == actor)
    first = least.cte("kinds", recursive=True)
    onward = least.where(JournalEntry.action > first.c.action).scalar_subquery()
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


def _span(session: Session, wanted: Wanted, before: int | None) -> _Span:
    """Where entries of some days can be at all, since there is no index of moments; and which of them are meant."""
    low, high, moments = 0, _BEYOND if before is None else before, list[ColumnElement[bool]]()
    if wanted.since is not None:
        begins = datetime.combine(wanted.since, time.min, SHANGHAI)
        moments.append(JournalEntry.at >= begins)
        low = first_at(session, begins - OUT_OF_ORDER)
    if wanted.until is not None:
        ends = datetime.combine(wanted.until, time.min, SHANGHAI) + timedelta(days=1)
        moments.append(JournalEntry.at < ends)
        high = min(high, first_at(session, ends + OUT_OF_ORDER))
    return _Span(low, high, moments)


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
