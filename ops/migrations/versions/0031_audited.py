"""Accounts at a provider are bound to ours, the journal is searched in its order, and its verifications are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from certification.store.base import UtcDateTime

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

SEARCHED = {"action": ["action", "seq"], "subject": ["subject", "seq"], "actor": ["actor", "action", "seq"]}


def upgrade() -> None:
    """The indexes are made anew: on a journal of ten million entries this takes a minute or two."""
    op.create_table(
        "provider_accounts",
        sa.Column("issuer", sa.String(200), nullable=False),
        sa.Column("sub", sa.String(255), nullable=False),
        sa.Column("staff_id", sa.String(32), nullable=False),
        sa.Column("bound_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_provider_accounts_staff_id_staff")),
        sa.PrimaryKeyConstraint("issuer", "sub", name=op.f("pk_provider_accounts")),
        sa.UniqueConstraint("staff_id", name=op.f("uq_provider_accounts_staff_id")),
    )
    op.create_table(
        "journal_checks",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("begun_by", sa.String(200), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("until", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("broken_at", sa.Integer()),
        sa.Column("why", sa.String(80)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_checks")),
    )
    op.create_index("ix_journal_checks_begun_at", "journal_checks", ["begun_at"])
    for column in ("action", "subject"):
        op.drop_index(f"ix_journal_{column}", "journal")
    for column, columns in SEARCHED.items():
        op.create_index(f"ix_journal_{column}_seq", "journal", columns)


def downgrade() -> None:
    """What was bound, and that the journal was verified, is forgotten."""
    for column in SEARCHED:
        op.drop_index(f"ix_journal_{column}_seq", "journal")
    for column in ("action", "subject"):
        op.create_index(f"ix_journal_{column}", "journal", [column])
    op.drop_table("journal_checks")
    op.drop_table("provider_accounts")
