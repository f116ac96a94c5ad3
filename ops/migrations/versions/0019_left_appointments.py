"""When an appointment was kept, moved, called off or found missed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from certification.store.base import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLE, COLUMN = "appointments", "left_at"


def upgrade() -> None:
    """Add it; nobody is written to about what was called off before."""
    op.add_column(TABLE, sa.Column(COLUMN, UtcDateTime()))


def downgrade() -> None:
    """Drop it."""
    op.drop_column(TABLE, COLUMN)
