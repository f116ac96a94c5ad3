"""Tables of the text line: campaigns, the outbox, what people wrote, and what stands about a number."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from certification.store.base import Base, Identified


class Campaign(Identified, Base):
    """Reminders of one region and one day, planned and released together.

    `counts`: what was planned: people, messages, segments, cost, calls to make, nobody's number. `stopped_from`: the
    state that it was last stopped in, to which it comes back where that is taken back.
    """

    __tablename__ = "campaigns"
    __table_args__ = (UniqueConstraint("region", "on", "name"),)

    region: Mapped[str] = mapped_column(String(40))
    on: Mapped[date]
    name: Mapped[str] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(20))  # planning | planned | released | paused | stopped | resuming | done
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    planned_by: Mapped[str]
    planned_at: Mapped[datetime]
    released_by: Mapped[str | None]
    released_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    stopped_from: Mapped[str | None] = mapped_column(String(20))


class Message(Identified, Base):
    """A message of ours, once for each `reminder` (what it is about) and attempt at it.

    It goes to a telephone of the roll (`phone_id`), a declared helper (`helper_id`), or the number sealed here, as the
    answer to somebody who is on no roll. `words`, `facts`: its sentence and what is put into it, never a name or a PIN;
    the text is made when it is sent. `same_index`: a blind index of number and text, for who got the same today.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("reminder", "attempt"),
        Index(
            "ix_messages_waiting",
            "priority",
            "not_before",
            "id",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        Index(
            "ix_messages_unsettled",
            "claimed_at",
            sqlite_where=text("state IN ('sending', 'sent', 'unknown')"),
            postgresql_where=text("state IN ('sending', 'sent', 'unknown')"),
        ),
        Index("ix_messages_campaign_id", "campaign_id", "state"),
        Index(
            "ix_messages_provider_ref",
            "provider",
            "provider_ref",
            sqlite_where=text("provider_ref IS NOT NULL"),
            postgresql_where=text("provider_ref IS NOT NULL"),
        ),
        Index(
            "ix_messages_same_index",
            "same_index",
            sqlite_where=text("same_index IS NOT NULL"),
            postgresql_where=text("same_index IS NOT NULL"),
        ),
        Index(
            "ix_messages_alone",
            "not_before",
            sqlite_where=text("campaign_id IS NULL"),
            postgresql_where=text("campaign_id IS NULL"),
        ),
    )

    reminder: Mapped[str] = mapped_column(String(160))
    attempt: Mapped[int] = mapped_column(default=1)
    purpose: Mapped[str] = mapped_column(String(20))  # as sms.outbox.Purpose has them
    priority: Mapped[int]  # the least first
    campaign_id: Mapped[str | None] = mapped_column(
        String(32)
    )  # no campaign is ever deleted: not looked up, row by row
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    phone_id: Mapped[str | None] = mapped_column(String(32))
    helper_id: Mapped[str | None] = mapped_column(String(32))
    to_sealed: Mapped[bytes | None]
    same_index: Mapped[str | None] = mapped_column(String(64))
    words: Mapped[str] = mapped_column(String(60))
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    segments: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(20))  # queued | sending | sent | delivered | failed | unknown | dropped
    why: Mapped[str | None] = mapped_column(String(60))  # it failed or was dropped: the carrier's code, or ours
    provider: Mapped[str | None] = mapped_column(String(20))
    provider_ref: Mapped[str | None] = mapped_column(String(80))
    tries: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime]
    expires_at: Mapped[datetime | None]  # after it, the message would only confuse: it is dropped
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    events: Mapped[list[list[Any]]] = mapped_column(JSON, default=list)  # what the carrier told, when, in that order


class Text(Identified, Base):
    """What somebody wrote to us, once for each identifier that the carrier gave it."""

    __tablename__ = "texts"
    __table_args__ = (
        UniqueConstraint("provider", "provider_ref"),
        Index("ix_texts_from", "from_index", "received_at"),
        Index("ix_texts_received_at", "received_at"),
        Index(
            "ix_texts_written",
            "received_at",
            sqlite_where=text("body_sealed IS NOT NULL"),
            postgresql_where=text("body_sealed IS NOT NULL"),
        ),
    )

    provider: Mapped[str] = mapped_column(String(20))
    provider_ref: Mapped[str] = mapped_column(String(80))
    from_sealed: Mapped[bytes]
    from_index: Mapped[str] = mapped_column(String(64))
    body_sealed: Mapped[bytes | None]  # None: it is too old, and deleted
    read: Mapped[str] = mapped_column(String(20))  # what it was taken for
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    received_at: Mapped[datetime]


class NumberStanding(Base):
    """What stands about a telephone number: that whoever has it wants no reminders, or that nothing arrives there."""

    __tablename__ = "number_standings"

    number_index: Mapped[str] = mapped_column(String(64), primary_key=True)  # as that of phones
    opted_out_at: Mapped[datetime | None]
    fault: Mapped[str | None] = mapped_column(String(60))  # the carrier's code of a permanent error
    fault_at: Mapped[datetime | None]


class SafeWord(Base):
    """A word that the person chose at the desk, so that they can tell our messages from fraud; sealed."""

    __tablename__ = "safe_words"

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    word_sealed: Mapped[bytes]
    chosen_at: Mapped[datetime]


class ReplyCode(Base):
    """A one-time code in a reminder, for whoever has no PIN: good for the number that the message went to, once."""

    __tablename__ = "reply_codes"

    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    number_index: Mapped[str] = mapped_column(String(64), index=True)  # as that of phones
    code_index: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class Carrier(Base):
    """How much of what is sent goes through each provider: shifted when one fails, drifting back afterwards."""

    __tablename__ = "carriers"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    weight: Mapped[int]  # in hundredths of all
    changed_at: Mapped[datetime]
