"""The first tables: people, the line's calls, evidence and cases, the journal, and the key ring's canary."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
PEOPLE = (
    "people",
    "phones",
    "line_preferences",
    "consents",
    "pins",
    "enrolment_codes",
    "guesses",
    "voice_templates",
)
CALLS = ("calls", "spoken_turns", "recordings", "assessments")
EVIDENCE = ("evidence", "periods", "cases", "attempts")
JOURNAL = ("journal", "journal_head")
KEYS = ("canary",)


def upgrade() -> None:
    """Make them, those that others refer to first."""
    people()
    enrolment()
    calls()
    evidence()
    journal()
    keys()


def downgrade() -> None:
    """Drop them, and everything in them."""
    for table in reversed(PEOPLE + CALLS + EVIDENCE + JOURNAL + KEYS):
        op.drop_table(table)


def needed(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    """A column that is never null."""
    return sa.Column(name, kind, *more, nullable=False, **options)


def identifier() -> sa.Column[Any]:
    """Our own identifier."""
    return sa.Column("id", sa.String(32), primary_key=True)


def owner(table: str, name: str, **options: Any) -> sa.Column[Any]:
    """A reference to the row that this one belongs to, and goes with."""
    return needed(name, sa.String(32), sa.ForeignKey(f"{table}.id", ondelete="CASCADE"), **options)


def people() -> None:
    """Who they are, how they are reached, and their PIN."""
    op.create_table(
        "people",
        identifier(),
        needed("region", sa.String(40), index=True),
        needed("name_sealed", sa.LargeBinary),
        needed("number_sealed", sa.LargeBinary),
        needed("number_index", sa.String(64), unique=True),
        sa.Column("dialect", sa.String(40)),
        needed("created_at", MOMENT),
    )
    op.create_table(
        "phones",
        identifier(),
        owner("people", "person_id", index=True),
        needed("number_sealed", sa.LargeBinary),
        needed("number_index", sa.String(64), index=True),
        needed("kind", sa.String(20)),
        needed("holder", sa.String(20)),
        sa.UniqueConstraint("person_id", "number_index"),
    )
    op.create_table(
        "line_preferences",
        sa.Column("number_index", sa.String(64), primary_key=True),
        needed("dialect", sa.String(40)),
        needed("updated_at", MOMENT),
    )
    op.create_table(
        "pins",
        owner("people", "person_id", primary_key=True),
        needed("hash", sa.String(200)),
        needed("set_at", MOMENT),
        needed("wrong_in_row", sa.Integer),
        sa.Column("locked_until", MOMENT),
    )


def enrolment() -> None:
    """Consent, one-time codes and voice templates."""
    op.create_table(
        "consents",
        identifier(),
        owner("people", "person_id", index=True),
        needed("purpose", sa.String(40)),
        needed("text", sa.Text),
        needed("how", sa.String(40)),
        needed("recorded_by", sa.String(200)),
        needed("given_at", MOMENT),
        sa.Column("withdrawn_at", MOMENT),
    )
    op.create_table(
        "enrolment_codes",
        identifier(),
        owner("people", "person_id", index=True),
        needed("code_index", sa.String(64), unique=True),
        needed("issued_by", sa.String(200)),
        needed("issued_at", MOMENT),
        needed("expires_at", MOMENT),
        sa.Column("used_at", MOMENT),
        sa.Column("superseded_at", MOMENT),
    )
    op.create_table(
        "guesses",
        sa.Column("number_index", sa.String(64), primary_key=True),
        needed("wrong", sa.Integer),
        needed("since", MOMENT),
    )
    op.create_table(
        "voice_templates",
        identifier(),
        owner("people", "person_id", index=True),
        needed("encoder", sa.String(80)),
        needed("sealed", sa.LargeBinary),
        needed("utterances", sa.Integer),
        needed("source", sa.String(200)),
        needed("detail", sa.JSON),
        needed("created_at", MOMENT),
        sa.Column("retired_at", MOMENT),
    )
    in_use = sa.text("retired_at IS NULL")
    op.create_index(
        "ix_voice_templates_in_use",
        "voice_templates",
        ["person_id"],
        unique=True,
        sqlite_where=in_use,
        postgresql_where=in_use,
    )


def calls() -> None:
    """The line: calls, their spoken turns, recordings, and voices to be weighed."""
    op.create_table(
        "calls",
        identifier(),
        needed("sid", sa.String(64), unique=True),
        sa.Column("from_sealed", sa.LargeBinary),
        sa.Column("from_index", sa.String(64), index=True),
        sa.Column("person_id", sa.String(32), sa.ForeignKey("people.id", ondelete="SET NULL"), index=True),
        needed("turn", sa.Integer),
        needed("state", sa.JSON),
        needed("twiml", sa.Text),
        sa.Column("outcome", sa.String(40)),
        needed("started_at", MOMENT),
        needed("touched_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.Column("seen_to_at", MOMENT),
    )
    unseen = sa.text("seen_to_at IS NULL")
    op.create_index("ix_calls_unseen", "calls", ["ended_at"], sqlite_where=unseen, postgresql_where=unseen)
    op.create_table(
        "spoken_turns",
        identifier(),
        owner("calls", "call_id"),
        needed("n", sa.Integer),
        needed("token_hash", sa.String(64), unique=True),
        needed("plan", sa.JSON),
        needed("state", sa.String(20)),
        sa.Column("heard", sa.JSON),
        needed("expires_at", MOMENT),
        sa.UniqueConstraint("call_id", "n"),
    )
    op.create_table(
        "recordings",
        identifier(),
        owner("calls", "call_id", index=True),
        needed("spoken_turn_id", sa.String(32), sa.ForeignKey("spoken_turns.id"), unique=True),
        needed("sealed", sa.LargeBinary),
        needed("seconds", sa.Double),
        needed("asked", sa.JSON),
        needed("heard", sa.JSON),
        needed("recorded_at", MOMENT),
        needed("erase_after", MOMENT),
    )
    op.create_table(
        "assessments",
        identifier(),
        owner("calls", "call_id", index=True),
        owner("people", "person_id", index=True),
        needed("purpose", sa.String(20)),
        needed("recordings", sa.JSON),
        needed("state", sa.String(20), index=True),
        sa.Column("outcome", sa.String(20)),
        needed("detail", sa.JSON),
        needed("asked_at", MOMENT),
        sa.Column("done_at", MOMENT),
    )


def evidence() -> None:
    """Signs of life, periods, cases and failed attempts."""
    op.create_table(
        "evidence",
        identifier(),
        owner("people", "person_id", index=True),
        needed("kind", sa.String(40)),
        needed("strength", sa.Integer),
        needed("source", sa.String(200)),
        needed("ref", sa.String(80)),
        needed("receipt", sa.String(20), unique=True),
        needed("detail", sa.JSON),
        needed("observed_at", MOMENT),
        needed("recorded_at", MOMENT),
        sa.UniqueConstraint("kind", "ref"),
    )
    op.create_table(
        "periods",
        identifier(),
        owner("people", "person_id", index=True),
        needed("opens", sa.Date),
        needed("due", sa.Date),
        sa.Column("closed_at", MOMENT),
        sa.Column("closed_by", sa.String(32), sa.ForeignKey("evidence.id")),
        sa.UniqueConstraint("person_id", "opens"),
    )
    op.create_table(
        "cases",
        identifier(),
        needed("cause", sa.String(120), unique=True),
        needed("kind", sa.String(40), index=True),
        sa.Column("person_id", sa.String(32), sa.ForeignKey("people.id", ondelete="CASCADE"), index=True),
        sa.Column("call_id", sa.String(32), sa.ForeignKey("calls.id"), index=True),
        needed("detail", sa.JSON),
        needed("state", sa.String(20)),
        needed("opened_at", MOMENT),
        sa.Column("taken_by", sa.String(200)),
        sa.Column("taken_at", MOMENT),
        sa.Column("verdict", sa.String(200)),
        sa.Column("decided_at", MOMENT),
    )
    op.create_table(
        "attempts",
        identifier(),
        owner("people", "person_id", index=True),
        needed("method", sa.String(20)),
        needed("reason", sa.String(40)),
        needed("ref", sa.String(80)),
        needed("at", MOMENT),
        sa.UniqueConstraint("method", "ref"),
    )


def journal() -> None:
    """The chain of entries, and the one row that says where it ends."""
    op.create_table(
        "journal",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        needed("at", MOMENT),
        needed("actor", sa.String(200)),
        needed("action", sa.String(80), index=True),
        needed("subject", sa.String(80), index=True),
        needed("detail", sa.Text),
        needed("previous", sa.String(64)),
        needed("hash", sa.String(64)),
    )
    op.create_table(
        "journal_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        needed("seq", sa.Integer),
        needed("hash", sa.String(64)),
    )


def keys() -> None:
    """The one row that shows whether a key ring is this database's."""
    op.create_table(
        "canary",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        needed("sealed", sa.LargeBinary),
        needed("sealed_at", MOMENT),
    )
