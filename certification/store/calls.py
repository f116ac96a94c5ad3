"""Tables of the telephone line: calls, their turns, spoken turns, recordings and assessments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from certification.store.base import Base, Identified


class Call(Identified, Base):
    """One call. `turn` is the turn whose answer is awaited; `state` is the machine's, without anything keyed."""

    __tablename__ = "calls"
    __table_args__ = (
        Index(
            "ix_calls_unseen",
            "ended_at",
            sqlite_where=text("seen_to_at IS NULL"),
            postgresql_where=text("seen_to_at IS NULL"),
        ),
    )

    sid: Mapped[str] = mapped_column(String(64), unique=True)
    from_sealed: Mapped[bytes | None]
    from_index: Mapped[str | None] = mapped_column(String(64), index=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"), index=True)
    turn: Mapped[int] = mapped_column(default=0)
    state: Mapped[dict[str, Any]] = mapped_column(default=dict)
    twiml: Mapped[str] = mapped_column(Text, default="")  # the last answer, given again to repeated and late webhooks
    outcome: Mapped[str | None] = mapped_column(String(40))  # what the caller was told at the end; None while it runs
    started_at: Mapped[datetime]
    touched_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    seen_to_at: Mapped[datetime | None]  # when the sweep did what was left to do for the caller; never before the end


class SpokenTurn(Identified, Base):
    """One turn on the media socket: what to play and listen for (plan), and what was heard. The token opens it once."""

    __tablename__ = "spoken_turns"
    __table_args__ = (
        UniqueConstraint("call_id", "n"),
        Index(
            "ix_spoken_turns_under_way",
            "expires_at",
            sqlite_where=text("state <> 'done'"),
            postgresql_where=text("state <> 'done'"),
        ),
    )

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    n: Mapped[int]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    plan: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(20), default="open")  # open | listening | done
    heard: Mapped[dict[str, Any] | None]
    expires_at: Mapped[datetime]


class Recording(Identified, Base):
    """The caller's sealed audio (mu-law, 8 kHz) of one challenge turn, with the words asked and heard."""

    __tablename__ = "recordings"

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    spoken_turn_id: Mapped[str] = mapped_column(ForeignKey("spoken_turns.id"), unique=True)
    sealed: Mapped[bytes]
    seconds: Mapped[float]
    asked: Mapped[list[str]]
    heard: Mapped[list[str]]
    recorded_at: Mapped[datetime]
    erase_after: Mapped[datetime]


class Assessment(Identified, Base):
    """A voice to be weighed by the worker: once, whoever does it (done is set by compare-and-set).

    One that did not match its person is kept as long as the recordings that it was made from, sealed, to be held
    against others of that kind; `shared_case_id`: the case about one voice for many people that it is a call of.
    """

    __tablename__ = "assessments"
    __table_args__ = (
        Index(
            "ix_assessments_unmatched",
            "asked_at",
            sqlite_where=text("voice_sealed IS NOT NULL"),
            postgresql_where=text("voice_sealed IS NOT NULL"),
        ),
        Index(
            "ix_assessments_shared",
            "shared_case_id",
            sqlite_where=text("shared_case_id IS NOT NULL"),
            postgresql_where=text("shared_case_id IS NOT NULL"),
        ),
    )

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(String(20))  # certify | enrol | confirm
    recordings: Mapped[list[str]]
    state: Mapped[str] = mapped_column(String(20), default="pending", index=True)  # pending | done
    # certified | recorded | human | again | enrolled | differ | confirmed
    outcome: Mapped[str | None] = mapped_column(String(20))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    asked_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    voice_sealed: Mapped[bytes | None]
    shared_case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id", ondelete="SET NULL"))
