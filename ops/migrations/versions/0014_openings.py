"""How far the day's round has come that opens periods; indexes by which a region is gone through and counted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from certification.store.base import UtcDateTime

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "openings",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("seen_to", sa.String(32), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_openings")),
    )
    op.drop_index("ix_people_region", "people")
    op.create_index("ix_people_region", "people", ["region", "id"])
    op.drop_index("ix_periods_person_id", "periods")
    op.create_index("ix_periods_person_id", "periods", ["person_id", "due", "opens", "closed_at"])
    if (
        op.get_context().dialect.name == "postgresql"
    ):  # last days are spread over two years, and 100 of them are too few
        op.execute("ALTER STATISTICS st_periods_unclosed SET STATISTICS 2000")


def downgrade() -> None:
    """Drop them."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER STATISTICS st_periods_unclosed SET STATISTICS -1")
    op.drop_index("ix_periods_person_id", "periods")
    op.create_index("ix_periods_person_id", "periods", ["person_id"])
    op.drop_index("ix_people_region", "people")
    op.create_index("ix_people_region", "people", ["region"])
    op.drop_table("openings")
