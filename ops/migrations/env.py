"""What Alembic runs: our tables, on the connection that it is given."""

from __future__ import annotations

from alembic import context

from certification.store import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
