"""The text line: campaigns, the outbox, what people wrote, safe words, reply codes, what stands about a number."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from certification.store.base import UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

WAITING = "state = 'queued'"
UNSETTLED = "state IN ('sending', 'sent', 'unknown')"


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "campaigns",
        sa.Column("region", sa.String(40), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("planned_by", sa.String(200), nullable=False),
        sa.Column("planned_at", UtcDateTime(), nullable=False),
        sa.Column("released_by", sa.String(200), nullable=True),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("id", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("region", "on", "name", name=op.f("uq_campaigns_region")),
    )
    _messages()
    _texts()
    _replies()
    op.create_table(
        "carriers",
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_carriers")),
    )


def _texts() -> None:
    op.create_table(
        "texts",
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("provider_ref", sa.String(80), nullable=False),
        sa.Column("from_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("from_index", sa.String(64), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("read", sa.String(20), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        _of("texts", "person_id", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_texts")),
        sa.UniqueConstraint("provider", "provider_ref", name=op.f("uq_texts_provider")),
    )
    op.create_index("ix_texts_from", "texts", ["from_index", "received_at"])
    op.create_index(op.f("ix_texts_person_id"), "texts", ["person_id"])


def _replies() -> None:
    op.create_table(
        "number_standings",
        sa.Column("number_index", sa.String(64), nullable=False),
        sa.Column("opted_out_at", UtcDateTime(), nullable=True),
        sa.Column("fault", sa.String(60), nullable=True),
        sa.Column("fault_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("number_index", name=op.f("pk_number_standings")),
    )
    op.create_table(
        "safe_words",
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("word_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("chosen_at", UtcDateTime(), nullable=False),
        _of("safe_words", "person_id", "people"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_safe_words")),
    )
    op.create_table(
        "reply_codes",
        sa.Column("message_id", sa.String(32), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("number_index", sa.String(64), nullable=False),
        sa.Column("code_index", sa.String(64), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        _of("reply_codes", "message_id", "messages"),
        _of("reply_codes", "person_id", "people"),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_reply_codes")),
    )
    op.create_index(op.f("ix_reply_codes_number_index"), "reply_codes", ["number_index"])
    op.create_index(op.f("ix_reply_codes_person_id"), "reply_codes", ["person_id"])


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("reminder", sa.String(160), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.String(32), nullable=True),
        sa.Column("person_id", sa.String(32), nullable=True),
        sa.Column("phone_id", sa.String(32), nullable=True),
        sa.Column("helper_id", sa.String(32), nullable=True),
        sa.Column("to_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("same_index", sa.String(64), nullable=True),
        sa.Column("words", sa.String(60), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("why", sa.String(60), nullable=True),
        sa.Column("provider", sa.String(20), nullable=True),
        sa.Column("provider_ref", sa.String(80), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("claimed_at", UtcDateTime(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        _of("messages", "campaign_id", "campaigns", "SET NULL"),
        _of("messages", "person_id", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("reminder", "attempt", name=op.f("uq_messages_reminder")),
    )
    op.create_index(
        "ix_messages_waiting",
        "messages",
        ["priority", "not_before", "id"],
        sqlite_where=sa.text(WAITING),
        postgresql_where=sa.text(WAITING),
    )
    op.create_index(
        "ix_messages_unsettled",
        "messages",
        ["claimed_at"],
        sqlite_where=sa.text(UNSETTLED),
        postgresql_where=sa.text(UNSETTLED),
    )
    op.create_index("ix_messages_campaign_id", "messages", ["campaign_id", "state"])
    op.create_index("ix_messages_provider_ref", "messages", ["provider", "provider_ref"])
    op.create_index(op.f("ix_messages_person_id"), "messages", ["person_id"])
    op.create_index(op.f("ix_messages_same_index"), "messages", ["same_index"])


def _of(table: str, column: str, other: str, gone: str = "CASCADE") -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=gone)


def downgrade() -> None:
    """Drop them."""
    for table in ("carriers", "reply_codes", "safe_words", "number_standings", "texts", "messages", "campaigns"):
        op.drop_table(table)
