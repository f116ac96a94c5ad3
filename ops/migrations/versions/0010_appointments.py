"""Appointments at offices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from certification.store.base import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLE, BOOKED = "appointments", sa.text("state = 'booked'")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        TABLE,
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("region", sa.String(40), nullable=False),
        sa.Column("office", sa.String(200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("booked_by", sa.String(200), nullable=False),
        sa.Column("booked_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointments")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_appointments_person_id_people"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_appointments_person_id"), TABLE, ["person_id"])
    for name, columns in (("seat", ["region", "office", "at", "seat"]), ("booked", ["person_id"])):
        op.create_index(
            f"ix_appointments_{name}", TABLE, columns, unique=True, sqlite_where=BOOKED, postgresql_where=BOOKED
        )


def downgrade() -> None:
    """Drop them."""
    op.drop_table(TABLE)
