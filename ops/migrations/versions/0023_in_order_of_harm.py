"""Cases that wait have their rank, and messages refer to their campaign without being looked up there, row by row."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

CAMPAIGN = "fk_messages_campaign_id_campaigns"
WAITING = "decided_at IS NULL"
NEVER = "9999-12-31"


def upgrade() -> None:
    """Rank what waits by the end of the period that it names, else of the person's present one, or two weeks."""
    with op.batch_alter_table("messages") as messages:
        messages.drop_constraint(op.f(CAMPAIGN), type_="foreignkey")
    op.add_column("cases", sa.Column("rank", sa.String(12), nullable=False, server_default=f"11{NEVER}"))
    connection = op.get_bind()
    waiting = sa.text(f"SELECT id, kind, person_id, detail, opened_at FROM cases WHERE {WAITING}")  # noqa: S608
    for identifier, kind, person, detail, opened in connection.execute(waiting).all():
        facts: dict[str, Any] = json.loads(detail) if isinstance(detail, str) else detail
        due = _due(connection, person, facts.get("period")) or NEVER
        latest = date.fromisoformat(str(opened)[:10]) + timedelta(days=14)
        ranked = f"{int(kind != 'urgent')}{int(facts.get('first') is not True)}{min(due, latest.isoformat())}"
        connection.execute(sa.text("UPDATE cases SET rank = :rank WHERE id = :id"), {"rank": ranked, "id": identifier})
    with op.batch_alter_table("cases") as cases:
        cases.alter_column("rank", existing_type=sa.String(12), existing_nullable=False, server_default=None)
    there = sa.text(WAITING)
    op.create_index(
        "ix_cases_waiting", "cases", ["rank", "opened_at", "id"], sqlite_where=there, postgresql_where=there
    )


def _due(connection: sa.Connection, person: str | None, period: object) -> str | None:
    named = sa.text("SELECT due FROM periods WHERE id = :id")
    present = sa.text(
        "SELECT due FROM periods WHERE person_id = :id AND opens <= CURRENT_DATE AND due >= CURRENT_DATE ORDER BY due"
    )
    for query, identifier in ((named, period), (present, person)):
        if isinstance(identifier, str) and (due := connection.execute(query, {"id": identifier}).scalar()) is not None:
            return str(due)
    return None


def downgrade() -> None:
    """Take it out again."""
    op.drop_index("ix_cases_waiting", "cases")
    op.drop_column("cases", "rank")
    with op.batch_alter_table("messages") as messages:
        messages.create_foreign_key(op.f(CAMPAIGN), "campaigns", ["campaign_id"], ["id"], ondelete="SET NULL")
