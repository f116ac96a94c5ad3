"""A fingerprint of each call's voice, by which a recording of it is known again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from certification.store.base import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLE = "voice_fingerprints"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        TABLE,
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("assessment_id", sa.String(32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voice_fingerprints")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_voice_fingerprints_person_id_people"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["assessment_id"],
            ["assessments.id"],
            name=op.f("fk_voice_fingerprints_assessment_id_assessments"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("assessment_id", name=op.f("uq_voice_fingerprints_assessment_id")),
    )
    op.create_index(op.f("ix_voice_fingerprints_person_id"), TABLE, ["person_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table(TABLE)
