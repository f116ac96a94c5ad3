"""Attempts to reach people, what they declared, and outages of the service."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from certification.store.base import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

RUNNING = sa.text("ended_at IS NULL")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "contacts",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("ref", sa.String(120), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime()),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
        sa.UniqueConstraint("channel", "ref", name=op.f("uq_contacts_channel")),
        _of_a_person("contacts"),
    )
    op.create_index(op.f("ix_contacts_person_id"), "contacts", ["person_id", "begun_at"])
    _climbs()
    op.create_table(
        "needs",
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("need", sa.String(20), nullable=False),
        sa.Column("declared_by", sa.String(200), nullable=False),
        sa.Column("declared_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "need", name=op.f("pk_needs")),
        _of_a_person("needs"),
    )
    op.create_table(
        "outages",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("what", sa.String(200), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("noted_by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outages")),
    )
    op.create_index(op.f("ix_outages_ended_at"), "outages", ["ended_at"])
    op.create_index("ix_outages_running", "outages", ["began_at"], sqlite_where=RUNNING, postgresql_where=RUNNING)
    op.create_table(
        "service_seen",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_seen")),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("service_seen", "outages", "needs", "climbs", "contacts"):
        op.drop_table(table)


def _climbs() -> None:
    op.create_table(
        "climbs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("period_id", sa.String(32), nullable=False),
        sa.Column("rung", sa.Integer()),
        sa.Column("rungs", sa.JSON(), nullable=False),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("looked_at", UtcDateTime(), nullable=False),
        sa.Column("stopped_at", UtcDateTime()),
        sa.Column("why", sa.String(40)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_climbs")),
        sa.UniqueConstraint("period_id", name=op.f("uq_climbs_period_id")),
        sa.ForeignKeyConstraint(
            ["period_id"], ["periods.id"], name=op.f("fk_climbs_period_id_periods"), ondelete="CASCADE"
        ),
        _of_a_person("climbs"),
    )
    op.create_index(op.f("ix_climbs_person_id"), "climbs", ["person_id"])
    climbing = sa.text("stopped_at IS NULL")
    op.create_index(
        "ix_climbs_climbing", "climbs", ["first", "looked_at"], sqlite_where=climbing, postgresql_where=climbing
    )


def _of_a_person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["person_id"], ["people.id"], name=op.f(f"fk_{table}_person_id_people"), ondelete="CASCADE"
    )
