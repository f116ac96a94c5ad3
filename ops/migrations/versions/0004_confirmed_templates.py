"""When a template was seen to fit its person over a telephone, and which template a code from the desk confirms.

Of the templates from before, those made in a call, or refreshed by one, are confirmed by that; one made from files is
by the first call that it certified. The rest are still to be confirmed: a human looks once at the person's next call.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from certification.store.base import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CODES, TEMPLATES = "enrolment_codes", "voice_templates"
NAMES = "fk_enrolment_codes_template_id_voice_templates"
BY_BEING_A_CALL = """
UPDATE voice_templates SET confirmed_at = created_at WHERE source LIKE 'call %' OR source LIKE 'refresh %'
"""
BY_CERTIFYING = """
UPDATE voice_templates SET confirmed_at = (
    SELECT min(assessments.done_at) FROM assessments
    WHERE assessments.person_id = voice_templates.person_id
    AND assessments.purpose = 'certify' AND assessments.outcome IN ('certified', 'recorded')
    AND assessments.asked_at >= voice_templates.created_at
    AND (voice_templates.retired_at IS NULL OR assessments.done_at <= voice_templates.retired_at)
) WHERE confirmed_at IS NULL
"""


def upgrade() -> None:
    """Add the columns, and note what calls have shown already."""
    op.add_column(TEMPLATES, sa.Column("confirmed_at", UtcDateTime()))
    op.execute(BY_BEING_A_CALL)
    op.execute(BY_CERTIFYING)
    with op.batch_alter_table(CODES) as codes:
        codes.add_column(sa.Column("template_id", sa.String(32)))
        codes.create_foreign_key(op.f(NAMES), TEMPLATES, ["template_id"], ["id"], ondelete="CASCADE")


def downgrade() -> None:
    """Drop them."""
    with op.batch_alter_table(CODES) as codes:
        codes.drop_constraint(op.f(NAMES), type_="foreignkey")
        codes.drop_column("template_id")
    op.drop_column(TEMPLATES, "confirmed_at")
