"""A campaign that was stopped knows where it was, and goes on from there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of those stopped before, nobody knows: they wait for somebody to release them (sms.campaigns)."""
    op.add_column("campaigns", sa.Column("stopped_from", sa.String(20)))


def downgrade() -> None:
    """Take it out again."""
    op.drop_column("campaigns", "stopped_from")
