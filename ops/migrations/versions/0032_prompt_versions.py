"""Prompts recorded in the console: their versions, and which of them the line says."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from certification.store.base import UtcDateTime

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was recorded before."""
    op.create_table(
        "prompt_versions",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("dialect", sa.String(40), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("starts_s", sa.Double(), nullable=False),
        sa.Column("ends_s", sa.Double(), nullable=False),
        sa.Column("audio", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("published_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prompt_versions")),
        sa.UniqueConstraint("dialect", "name", "number", name=op.f("uq_prompt_versions_dialect")),
    )
    op.create_table(
        "published_prompts",
        sa.Column("dialect", sa.String(40), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("version_id", sa.String(32), nullable=False),
        sa.Column("published_by", sa.String(200), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["prompt_versions.id"], name=op.f("fk_published_prompts_version_id_prompt_versions")
        ),
        sa.PrimaryKeyConstraint("dialect", "name", name=op.f("pk_published_prompts")),
    )
    op.create_index(op.f("ix_published_prompts_version_id"), "published_prompts", ["version_id"])


def downgrade() -> None:
    """Take it out again; what was recorded goes with it."""
    op.drop_table("published_prompts")
    op.drop_table("prompt_versions")
