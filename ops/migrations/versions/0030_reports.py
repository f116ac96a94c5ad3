"""Counts of how people fared, by group, for the reports of the console."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from certification.store.base import UtcDateTime

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

MAKING = "state = 'making'"
TEXTS = {"region": 40, "dialect": 40, "age": 10, "sex": 10, "phone": 10, "need": 20, "route": 10}
KEY = ("report_id", "months", "measure", "region", "month", "dialect", "age", "sex", "phone", "need", "route")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "reports",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("seen_to", sa.String(32), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("unreadable", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.String(200), nullable=False),
        sa.Column("moved_at", UtcDateTime(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
    )
    there = sa.text(MAKING)
    op.create_index("uq_reports_making", "reports", ["state"], unique=True, sqlite_where=there, postgresql_where=there)
    op.create_table(
        "report_counts",
        sa.Column("report_id", sa.String(32), nullable=False),
        sa.Column("months", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("measure", sa.String(20), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        *(sa.Column(name, sa.String(length), nullable=False) for name, length in TEXTS.items()),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.id"], name=op.f("fk_report_counts_report_id_reports"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(*KEY, name=op.f("pk_report_counts")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("report_counts")
    op.drop_index("uq_reports_making", "reports")
    op.drop_table("reports")
