"""The monthly comparison: runs and results; evidence that was taken back with its run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from certification.store.base import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "comparison_runs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("region", sa.String(40), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("inputs", sa.String(120), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("worker", sa.String(32), nullable=True),
        sa.Column("stored_to", sa.String(32), nullable=False),
        sa.Column("started_by", sa.String(200), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ready_at", UtcDateTime(), nullable=True),
        sa.Column("released_by", sa.String(200), nullable=True),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.Column("released_to", sa.String(32), nullable=False),
        sa.Column("undone_by", sa.String(200), nullable=True),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.Column("undone_to", sa.String(32), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comparison_runs")),
        sa.UniqueConstraint("inputs", name=op.f("uq_comparison_runs_inputs")),
    )
    op.create_table(
        "comparison_results",
        sa.Column("run_id", sa.String(32), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("period_id", sa.String(32), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("source", sa.String(40), nullable=True),
        sa.Column("strength", sa.Integer(), nullable=True),
        sa.Column("seen_on", sa.Date(), nullable=True),
        sa.Column("stronger", sa.String(40), nullable=True),
        sa.Column("stronger_strength", sa.Integer(), nullable=True),
        sa.Column("stronger_on", sa.Date(), nullable=True),
        sa.Column("died_on", sa.Date(), nullable=True),
        sa.Column("died_as", sa.String(40), nullable=True),
        sa.PrimaryKeyConstraint("run_id", "person_id", name=op.f("pk_comparison_results")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_comparison_results_person_id"), "comparison_results", ["person_id"])
    op.add_column("climbs", sa.Column("cause", sa.String(120), nullable=True))
    op.add_column("evidence", sa.Column("withdrawn_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("evidence", "withdrawn_at")
    op.drop_column("climbs", "cause")
    op.drop_table("comparison_results")
    op.drop_table("comparison_runs")
