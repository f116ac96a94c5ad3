"""An index of the spoken turns that are under way: how many callers are listened to is asked at every question."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INDEX = "ix_spoken_turns_under_way"


def upgrade() -> None:
    """Make it."""
    under_way = sa.text("state <> 'done'")
    op.create_index(INDEX, "spoken_turns", ["expires_at"], sqlite_where=under_way, postgresql_where=under_way)


def downgrade() -> None:
    """Drop it."""
    op.drop_index(INDEX, "spoken_turns")
