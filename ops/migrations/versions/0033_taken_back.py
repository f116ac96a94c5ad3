"""Signs of life and verdicts taken back, and the last day that a period had before it was certified."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from certification.store.base import UtcDateTime

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of periods certified before, nobody noted their last day: it is reckoned anew where it is asked for."""
    op.create_table(
        "taken_back",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("person_id", sa.String(32)),
        sa.Column("evidence_id", sa.String(32)),
        sa.Column("case_id", sa.String(32)),
        sa.Column("period_id", sa.String(32)),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("tell", sa.Boolean(), nullable=False),
        sa.Column("stands_by", sa.String(200)),
        sa.Column("stands_at", UtcDateTime()),
        sa.Column("stands_why", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_taken_back")),
        *(
            sa.ForeignKeyConstraint(
                [f"{one}_id"], [f"{table}.id"], name=op.f(f"fk_taken_back_{one}_id_{table}"), ondelete="CASCADE"
            )
            for one, table in (("person", "people"), ("evidence", "evidence"), ("case", "cases"))
        ),
    )
    for column in ("person_id", "evidence_id", "case_id", "at", "stands_at"):
        op.create_index(op.f(f"ix_taken_back_{column}"), "taken_back", [column])
    op.add_column("periods", sa.Column("due_before", sa.Date(), nullable=True))
    op.add_column("kept_evidence", sa.Column("withdrawn_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Take it out again; who took what back stays in the journal."""
    op.drop_column("kept_evidence", "withdrawn_at")
    op.drop_column("periods", "due_before")
    op.drop_table("taken_back")
