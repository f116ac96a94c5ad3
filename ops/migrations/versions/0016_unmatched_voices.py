"""Voices that did not match their person, sealed beside their assessment, and the case about one voice for many."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLE, CASE = "assessments", "fk_assessments_shared_case_id_cases"
INDEXES = (
    ("ix_assessments_unmatched", "asked_at", "voice_sealed"),
    ("ix_assessments_shared",) + ("shared_case_id",) * 2,
)


def upgrade() -> None:
    """Add the columns."""
    with op.batch_alter_table(TABLE) as assessments:
        assessments.add_column(sa.Column("voice_sealed", sa.LargeBinary()))
        assessments.add_column(sa.Column("shared_case_id", sa.String(32)))
        assessments.create_foreign_key(op.f(CASE), "cases", ["shared_case_id"], ["id"], ondelete="SET NULL")
    for name, column, kept in INDEXES:
        there = sa.text(f"{kept} IS NOT NULL")
        op.create_index(name, TABLE, [column], sqlite_where=there, postgresql_where=there)


def downgrade() -> None:
    """Drop them."""
    for name, _, _ in INDEXES:
        op.drop_index(name, TABLE)
    with op.batch_alter_table(TABLE) as assessments:
        assessments.drop_constraint(op.f(CASE), type_="foreignkey")
        assessments.drop_column("shared_case_id")
        assessments.drop_column("voice_sealed")
