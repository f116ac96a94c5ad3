"""Messages that are only planned stand in no index of carriers' names and of texts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_messages_provider_ref": (["provider", "provider_ref"], "provider_ref IS NOT NULL"),
    "ix_messages_same_index": (["same_index"], "same_index IS NOT NULL"),
}


def upgrade() -> None:
    """Make them anew, of those messages only that have one."""
    for name, (columns, given) in INDEXES.items():
        op.drop_index(name, "messages")
        where = sa.text(given)
        op.create_index(name, "messages", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Make them of all."""
    for name, (columns, _) in INDEXES.items():
        op.drop_index(name, "messages")
        op.create_index(name, "messages", columns)
