"""People who help others, as declared."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from certification.store.base import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLE, STANDING = "helpers", sa.text("ended_at IS NULL")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        TABLE,
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("number_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("number_index", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("relation", sa.String(20), nullable=False),
        sa.Column("declared_by", sa.String(200), nullable=False),
        sa.Column("declared_at", UtcDateTime(), nullable=False),
        sa.Column("ended_by", sa.String(200), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_helpers")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_helpers_person_id_people"), ondelete="CASCADE"
        ),
    )
    for column in ("person_id", "number_index"):
        op.create_index(op.f(f"ix_helpers_{column}"), TABLE, [column])
    op.create_index(
        "ix_helpers_declared",
        TABLE,
        ["person_id", "number_index"],
        unique=True,
        sqlite_where=STANDING,
        postgresql_where=STANDING,
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table(TABLE)
