"""What people wrote can be deleted by its age, codes and messages too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_texts_received_at": ("texts", ["received_at"], None),
    "ix_texts_written": ("texts", ["received_at"], "body_sealed IS NOT NULL"),
    "ix_messages_alone": ("messages", ["not_before"], "campaign_id IS NULL"),
    "ix_reply_codes_expires_at": ("reply_codes", ["expires_at"], None),
}


def upgrade() -> None:
    """Let a text be there without its words, and find what is old."""
    with op.batch_alter_table("texts") as texts:
        texts.alter_column("body_sealed", existing_type=sa.LargeBinary(), nullable=True)
    for name, (table, columns, given) in INDEXES.items():
        where = None if given is None else sa.text(given)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Forget whoever wrote what is deleted already, for every text has its words again."""
    for name, (table, _, _) in INDEXES.items():
        op.drop_index(name, table)
    op.execute("DELETE FROM texts WHERE body_sealed IS NULL")
    with op.batch_alter_table("texts") as texts:
        texts.alter_column("body_sealed", existing_type=sa.LargeBinary(), nullable=False)
