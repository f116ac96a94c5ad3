"""The comparison that a kept receipt came with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLE, COLUMN = "kept_evidence", "run_id"


def upgrade() -> None:
    """Add it."""
    op.add_column(TABLE, sa.Column(COLUMN, sa.String(32)))


def downgrade() -> None:
    """Drop it."""
    op.drop_column(TABLE, COLUMN)
