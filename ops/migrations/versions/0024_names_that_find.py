"""People have a blind index of their name, by which the desk finds them; `stillhere db upgrade` fills it in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

INDEX = "ix_people_name_index"


def upgrade() -> None:
    """Nothing is opened here: who is there already is indexed afterwards, in slices (certification.rotation)."""
    op.add_column("people", sa.Column("name_index", sa.String(64)))
    op.create_index(INDEX, "people", ["name_index", "region", "id"])


def downgrade() -> None:
    """Take it out again."""
    op.drop_index(INDEX, "people")
    with op.batch_alter_table("people") as people:
        people.drop_column("name_index")
