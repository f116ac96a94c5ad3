"""What is asked for on a page and done behind it: a list proposed, files compared, known cases put in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from certification.store.base import UtcDateTime

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was asked for before."""
    op.create_table(
        "errands",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("region", sa.String(40), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("of", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("result", sa.String(32)),
        sa.Column("zh", sa.Text()),
        sa.Column("en", sa.Text()),
        sa.Column("asked_by", sa.String(200), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("moved_at", UtcDateTime()),
        sa.Column("ended_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_errands")),
    )
    waits = sa.text("state = 'asked'")
    op.create_index("ix_errands_open", "errands", ["asked_at"], sqlite_where=waits, postgresql_where=waits)
    op.create_index("ix_errands_latest", "errands", ["asked_at", "id"])


def downgrade() -> None:
    """What was asked for and not done yet is asked for again."""
    op.drop_table("errands")
