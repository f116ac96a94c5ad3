"""Certifying agents and their people, papers, home visits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from certification.store.base import UtcDateTime

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    _agents()
    _papers()
    _visits()


def downgrade() -> None:
    """Drop them."""
    for table in ("visits", "papers", "agent_people", "agents"):
        op.drop_table(table)


def _agents() -> None:
    op.create_table(
        "agents",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("region", sa.String(40), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agents")),
        sa.UniqueConstraint("code", name=op.f("uq_agents_code")),
    )
    op.create_table(
        "agent_people",
        sa.Column("agent_id", sa.String(32), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("assigned_by", sa.String(200), nullable=False),
        sa.Column("assigned_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "person_id", name=op.f("pk_agent_people")),
        _owner("agent_people", "agent_id", "agents"),
        _owner("agent_people", "person_id", "people"),
    )
    op.create_index(op.f("ix_agent_people_person_id"), "agent_people", ["person_id"])


def _papers() -> None:
    op.create_table(
        "papers",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("documents", sa.JSON(), nullable=False),
        sa.Column("issued_by", sa.String(200)),
        sa.Column("issued_at", UtcDateTime()),
        sa.Column("posted_at", UtcDateTime()),
        sa.Column("received_at", UtcDateTime()),
        sa.Column("decided_at", UtcDateTime()),
        sa.Column("decided_by", sa.String(200)),
        sa.Column("reason", sa.Text()),
        sa.Column("signed_on", sa.Date()),
        sa.Column("stamp", sa.String(200)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_papers")),
        sa.UniqueConstraint("number", name=op.f("uq_papers_number")),
        _owner("papers", "person_id", "people"),
    )
    op.create_index(op.f("ix_papers_person_id"), "papers", ["person_id"])


def _visits() -> None:
    op.create_table(
        "visits",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("cause", sa.String(120), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("asked_by", sa.String(200), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("visitor", sa.String(200)),
        sa.Column("planned_on", sa.Date()),
        sa.Column("outcome", sa.String(20)),
        sa.Column("report_sealed", sa.LargeBinary()),
        sa.Column("photo_sealed", sa.LargeBinary()),
        sa.Column("reported_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
        sa.UniqueConstraint("cause", name=op.f("uq_visits_cause")),
        _owner("visits", "person_id", "people"),
    )
    op.create_index(op.f("ix_visits_person_id"), "visits", ["person_id"])
    op.create_index(op.f("ix_visits_state"), "visits", ["state"])


def _owner(table: str, column: str, of: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{of}")
    return sa.ForeignKeyConstraint([column], [f"{of}.id"], name=name, ondelete="CASCADE")
