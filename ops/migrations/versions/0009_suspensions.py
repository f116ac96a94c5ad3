"""Lists for the paying agency, who is on them, signatures, staff; and an index of periods that are still open."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from certification.store.base import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

UNCLOSED = sa.text("closed_at IS NULL")
SUSPENDED = sa.text("state = 'suspended'")


def upgrade() -> None:
    """Make them."""
    _lists()
    _staff()
    _suspensions()
    _signatures()
    op.create_index(
        "ix_periods_unclosed", "periods", ["due", "person_id"], sqlite_where=UNCLOSED, postgresql_where=UNCLOSED
    )
    if op.get_context().dialect.name == "postgresql":  # or it would take "over" and "open" for independent
        op.execute("CREATE STATISTICS st_periods_unclosed (mcv) ON closed_at, due FROM periods")


def downgrade() -> None:
    """Drop them."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP STATISTICS st_periods_unclosed")
    op.drop_index("ix_periods_unclosed", "periods")
    for table in ("signatures", "suspensions", "staff", "payment_lists"):
        op.drop_table(table)


def _lists() -> None:
    op.create_table(
        "payment_lists",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("region", sa.String(40), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("proposed_by", sa.String(200), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("released_by", sa.String(200)),
        sa.Column("released_at", UtcDateTime()),
        sa.Column("people", sa.Integer()),
        sa.Column("sha256", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_lists")),
        sa.UniqueConstraint("kind", "region", "month", "part", name=op.f("uq_payment_lists_kind")),
    )


def _staff() -> None:
    op.create_table(
        "staff",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("totp_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("used_step", sa.Integer(), nullable=False),
        sa.Column("wrong_in_row", sa.Integer(), nullable=False),
        sa.Column("locked_until", UtcDateTime()),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("name", name=op.f("uq_staff_name")),
    )


def _suspensions() -> None:
    op.create_table(
        "suspensions",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("list_id", sa.String(32), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("period_id", sa.String(32), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("blocks", sa.JSON(), nullable=False),
        sa.Column("payee_sealed", sa.LargeBinary()),
        sa.Column("restoration_id", sa.String(32)),
        sa.Column("paid_from", sa.Date()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspensions")),
        sa.UniqueConstraint("list_id", "person_id", name=op.f("uq_suspensions_list_id")),
        _refers("suspensions", "list_id", "payment_lists"),
        _refers("suspensions", "person_id", "people", "CASCADE"),
        _refers("suspensions", "period_id", "periods", "CASCADE"),
        _refers("suspensions", "restoration_id", "payment_lists"),
    )
    for column in ("person_id", "period_id", "restoration_id"):
        op.create_index(op.f(f"ix_suspensions_{column}"), "suspensions", [column])
    op.create_index(
        "uq_suspensions_running",
        "suspensions",
        ["person_id"],
        unique=True,
        sqlite_where=SUSPENDED,
        postgresql_where=SUSPENDED,
    )


def _signatures() -> None:
    op.create_table(
        "signatures",
        sa.Column("list_id", sa.String(32), nullable=False),
        sa.Column("staff_id", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("signed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("list_id", "staff_id", "digest", name=op.f("pk_signatures")),
        _refers("signatures", "list_id", "payment_lists"),
        _refers("signatures", "staff_id", "staff"),
    )


def _refers(table: str, column: str, to: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{to}")
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=name, ondelete=ondelete)
