"""The table of what humans took back: a sign of life entered by mistake, or a verdict on a case."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from certification.store.base import Base, Identified


class TakenBack(Identified, Base):
    """A sign of life (`evidence_id`) or the verdict on a case (`case_id`) that was taken back, by whom, when and why.

    `said`: the verdict as it was, with what its judgement held. `tell`: whether the person is to hear of it.
    `period_id`: the period that opened again. `stands_*`: a sign that stands again after all.
    """

    __tablename__ = "taken_back"

    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    evidence_id: Mapped[str | None] = mapped_column(ForeignKey("evidence.id", ondelete="CASCADE"), index=True)
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    period_id: Mapped[str | None] = mapped_column(String(32))
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)
    why: Mapped[str] = mapped_column(Text)
    said: Mapped[dict[str, Any]] = mapped_column(default=dict)
    tell: Mapped[bool]
    stands_by: Mapped[str | None]
    stands_at: Mapped[datetime | None] = mapped_column(index=True)
    stands_why: Mapped[str | None] = mapped_column(Text)
