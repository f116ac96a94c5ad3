"""Staff have a region or an agent; wrong tries are counted by where they came from; who is signed in is on record."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from certification.store.base import UtcDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

AGENT = "fk_staff_agent_id_agents"
INDEXES = (("sign_in_tries", "tried_at"), ("sign_ins", "staff_id"), ("sign_ins", "begun_at"))


def upgrade() -> None:
    """Wrong tries and locks of before are forgotten: no lock lasts long."""
    with op.batch_alter_table("staff") as staff:
        staff.add_column(sa.Column("region", sa.String(40)))
        staff.add_column(sa.Column("agent_id", sa.String(32)))
        staff.create_foreign_key(op.f(AGENT), "agents", ["agent_id"], ["id"])
        staff.drop_column("wrong_in_row")
        staff.drop_column("locked_until")
    op.create_table(
        "sign_in_tries",
        sa.Column("staff_id", sa.String(32), nullable=False),
        sa.Column("door", sa.String(80), nullable=False),
        sa.Column("wrong_in_row", sa.Integer(), nullable=False),
        sa.Column("locked_until", UtcDateTime()),
        sa.Column("tried_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_sign_in_tries_staff_id_staff")),
        sa.PrimaryKeyConstraint("staff_id", "door", name=op.f("pk_sign_in_tries")),
    )
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("staff_id", sa.String(32), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_sign_ins_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
    )
    for table, column in INDEXES:
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    """Everybody is signed out; accounts of agents and visitors, whom nobody knew before, are closed."""
    op.execute("UPDATE staff SET closed_at = CURRENT_TIMESTAMP WHERE role IN ('agent', 'visitor')")
    op.drop_table("sign_ins")
    op.drop_table("sign_in_tries")
    with op.batch_alter_table("staff") as staff:
        staff.drop_constraint(op.f(AGENT), type_="foreignkey")
        staff.drop_column("agent_id")
        staff.drop_column("region")
        staff.add_column(sa.Column("wrong_in_row", sa.Integer(), nullable=False, server_default="0"))
        staff.add_column(sa.Column("locked_until", UtcDateTime()))
