"""A part of a restoration names the work that it came of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was restored before came of no work."""
    with op.batch_alter_table("payment_lists") as lists:
        lists.add_column(sa.Column("errand_id", sa.String(32)))


def downgrade() -> None:
    """The parts stay, and say no more of which work they came."""
    with op.batch_alter_table("payment_lists") as lists:
        lists.drop_column("errand_id")
