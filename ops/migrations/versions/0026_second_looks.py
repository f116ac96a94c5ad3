"""What humans found of voices, second looks, and cases whose answer is known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from certification.store.base import UtcDateTime

revision = "0026"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "judgements",
        sa.Column("case_id", sa.String(32), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("part", sa.String(10), nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("step", sa.String(20), nullable=True),
        sa.Column("reason", sa.String(200), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("sampled", sa.Boolean(), nullable=True),
        sa.Column("other_id", sa.String(32), nullable=True),
        sa.Column("agreed", sa.Boolean(), nullable=True),
        sa.Column("same", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_judgements_case_id_cases"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_judgements")),
    )
    op.create_index("ix_judgements_by", "judgements", ["by", "at"])
    op.create_index(op.f("ix_judgements_at"), "judgements", ["at"])
    op.create_table(
        "known_cases",
        sa.Column("case_id", sa.String(32), nullable=False),
        sa.Column("region", sa.String(40), nullable=False),
        sa.Column("same", sa.Boolean(), nullable=False),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("seeded_by", sa.String(200), nullable=False),
        sa.Column("seeded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_known_cases_case_id_cases"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_known_cases")),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("known_cases")
    op.drop_table("judgements")
