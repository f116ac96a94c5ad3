"""A secret of its own beside each PIN, receipts that outlive their person, and an index of consents taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from certification.store.base import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEPT, WITHDRAWN = "kept_evidence", "ix_consents_withdrawn"


def upgrade() -> None:
    """Make them."""
    op.add_column("pins", sa.Column("pepper_sealed", sa.LargeBinary()))
    op.create_table(
        KEPT,
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("region", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("strength", sa.Integer(), nullable=False),
        sa.Column("receipt", sa.String(20), nullable=False),
        sa.Column("observed_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("kept_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_evidence")),
    )
    op.create_index(op.f("ix_kept_evidence_receipt"), KEPT, ["receipt"])
    taken_back = sa.text("withdrawn_at IS NOT NULL")
    op.create_index(WITHDRAWN, "consents", ["person_id"], sqlite_where=taken_back, postgresql_where=taken_back)


def downgrade() -> None:
    """Drop them; a PIN that has a secret of its own is right no more, and must be set again."""
    op.drop_index(WITHDRAWN, "consents")
    op.drop_table(KEPT)
    op.drop_column("pins", "pepper_sealed")
