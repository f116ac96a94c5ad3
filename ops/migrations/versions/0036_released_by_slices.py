"""Lists of suspensions are released by slices, and who changed one last is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was released before stays so; who changed an open list last stands in the journal alone."""
    with op.batch_alter_table("payment_lists") as lists:
        lists.add_column(sa.Column("changed_by", sa.String(200)))
        lists.add_column(sa.Column("releasing", sa.String(20)))
        lists.add_column(sa.Column("released_to", sa.String(32), nullable=False, server_default=""))
        lists.add_column(sa.Column("release_digest", sa.String(64)))
    with op.batch_alter_table("payment_lists") as lists:
        lists.alter_column("released_to", server_default=None)


def downgrade() -> None:
    """A release that is not done is asked for anew."""
    op.execute(
        "UPDATE suspensions SET state = 'suspended' WHERE state = 'cleared'"
        " AND list_id IN (SELECT id FROM payment_lists WHERE released_at IS NOT NULL)"
    )
    op.execute("UPDATE suspensions SET state = 'proposed', payee_sealed = NULL WHERE state = 'cleared'")
    op.execute("UPDATE payment_lists SET released_by = NULL WHERE released_at IS NULL")
    with op.batch_alter_table("payment_lists") as lists:
        for column in ("release_digest", "released_to", "releasing", "changed_by"):
            lists.drop_column(column)
