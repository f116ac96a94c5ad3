"""Papers, visits, appointments and needs can be listed; and a visit says where to go."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from certification.store.base import UtcDateTime

revision = "0029"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A paper is in its state since the last of its steps."""
    op.add_column("papers", sa.Column("since", UtcDateTime(), nullable=True))
    op.execute(
        "UPDATE papers SET since = CASE WHEN state IN ('accepted', 'returned', 'void') THEN decided_at"
        " WHEN state = 'received' THEN received_at WHEN state = 'posted' THEN posted_at ELSE issued_at END"
    )
    with op.batch_alter_table("papers") as papers:
        papers.alter_column("since", existing_type=UtcDateTime(), nullable=False)
    op.create_index("ix_papers_state", "papers", ["state", "since", "id"])
    op.create_index("ix_papers_since", "papers", ["since", "id"])
    op.add_column("visits", sa.Column("address_sealed", sa.LargeBinary(), nullable=True))
    op.drop_index("ix_visits_state", "visits")
    op.create_index("ix_visits_state", "visits", ["state", "asked_at", "id"])
    op.create_index("ix_visits_asked_at", "visits", ["asked_at", "id"])
    op.create_index("ix_visits_visitor", "visits", ["visitor", "state", "reported_at"])
    op.create_index("ix_appointments_day", "appointments", ["region", "at"])
    op.create_index("ix_needs_need", "needs", ["need", "person_id"])


def downgrade() -> None:
    """Take it out again."""
    op.drop_index("ix_needs_need", "needs")
    op.drop_index("ix_appointments_day", "appointments")
    op.drop_index("ix_visits_visitor", "visits")
    op.drop_index("ix_visits_asked_at", "visits")
    op.drop_index("ix_visits_state", "visits")
    op.create_index("ix_visits_state", "visits", ["state"])
    op.drop_column("visits", "address_sealed")
    op.drop_index("ix_papers_since", "papers")
    op.drop_index("ix_papers_state", "papers")
    op.drop_column("papers", "since")
