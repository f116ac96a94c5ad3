"""Tables of certification itself: periods, evidence, cases, attempts and the journal."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from certification.store.base import Base, Identified


class Period(Identified, Base):
    """A stretch of time in which a person must be certified once.

    `due_before`: its last day before it was certified, which counts again where that is taken back.
    """

    __tablename__ = "periods"
    __table_args__ = (
        UniqueConstraint("person_id", "opens"),
        # with all that says where somebody stands today, so that millions are counted without their rows
        Index("ix_periods_person_id", "person_id", "due", "opens", "closed_at"),
        Index(
            "ix_periods_unclosed",
            "due",
            "person_id",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    opens: Mapped[date]
    due: Mapped[date]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(ForeignKey("evidence.id"))
    due_before: Mapped[date | None]


class Opening(Base):
    """The one row that says how far today's round has come, in which everybody gets the period that today lies in."""

    __tablename__ = "openings"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    on: Mapped[date]
    seen_to: Mapped[str] = mapped_column(String(32))  # people are gone through by identifier
    opened: Mapped[int]
    done_at: Mapped[datetime | None]


class Evidence(Identified, Base):
    """A sign of life, append-only. `ref` names the one event it rests on, so that it is recorded once.

    Withdrawn is what came with a comparison that was undone, or was entered by mistake (TakenBack): it stays on record,
    and counts no more.
    """

    __tablename__ = "evidence"
    __table_args__ = (UniqueConstraint("kind", "ref"),)

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    strength: Mapped[int]
    source: Mapped[str]
    ref: Mapped[str] = mapped_column(String(80))
    receipt: Mapped[str] = mapped_column(String(20), unique=True)
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    observed_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class KeptEvidence(Identified, Base):
    """What is kept of evidence whose person was erased: that a receipt was given, and on what; nobody's any more.

    `run_id`: the comparison that it came with, which says nothing of a person. Once that is undone, before or after the
    erasure, it is withdrawn; `withdrawn_at`: it was before, for whatever reason. What was kept before these were noted
    has none.
    """

    __tablename__ = "kept_evidence"

    region: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(40))
    strength: Mapped[int]
    receipt: Mapped[str] = mapped_column(String(20), index=True)  # may have been drawn again for somebody else
    observed_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    kept_at: Mapped[datetime]
    run_id: Mapped[str | None] = mapped_column(String(32))
    withdrawn_at: Mapped[datetime | None]


class Case(Identified, Base):
    """A question for a human. `cause` names what it was opened for, so that one cause opens one case.

    `rank`: where it stands among those that wait, see certification.cases.
    """

    __tablename__ = "cases"
    __table_args__ = (
        Index(
            "ix_cases_waiting",
            "rank",
            "opened_at",
            "id",
            sqlite_where=text("decided_at IS NULL"),
            postgresql_where=text("decided_at IS NULL"),
        ),
    )

    cause: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[str] = mapped_column(String(40), index=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.id"), index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(String(20), default="open")  # open | taken | decided
    rank: Mapped[str] = mapped_column(String(12))
    opened_at: Mapped[datetime]
    taken_by: Mapped[str | None]
    taken_at: Mapped[datetime | None]
    verdict: Mapped[str | None]
    decided_at: Mapped[datetime | None]


class Attempt(Identified, Base):
    """A try at certifying that did not succeed, for the limits."""

    __tablename__ = "attempts"
    __table_args__ = (UniqueConstraint("method", "ref"),)

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    method: Mapped[str] = mapped_column(String(20))  # voice
    reason: Mapped[str] = mapped_column(String(40))
    ref: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]


class JournalEntry(Base):
    """Who did what, when; each entry carries the hash of the one before it."""

    __tablename__ = "journal"
    __table_args__ = (  # searched from its end, a page at a time
        Index("ix_journal_action_seq", "action", "seq"),
        Index("ix_journal_subject_seq", "subject", "seq"),
        Index("ix_journal_actor_seq", "actor", "action", "seq"),
    )

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str] = mapped_column(String(80))
    subject: Mapped[str] = mapped_column(String(80))
    detail: Mapped[str] = mapped_column(Text)  # canonical JSON: what was hashed is what is kept
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class JournalHead(Base):
    """The one row that says where the journal ends; writers queue on it."""

    __tablename__ = "journal_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))


class JournalCheck(Identified, Base):
    """A walk along the chain: how far it came, to the entry that was the last when it began, and what came of it."""

    __tablename__ = "journal_checks"

    begun_at: Mapped[datetime] = mapped_column(index=True)
    begun_by: Mapped[str]
    seq: Mapped[int] = mapped_column(default=0)
    hash: Mapped[str] = mapped_column(String(64))
    until: Mapped[int]
    head: Mapped[str] = mapped_column(String(64))
    ended_at: Mapped[datetime | None]
    broken_at: Mapped[int | None]
    why: Mapped[str | None] = mapped_column(String(80))
