"""Tables of the review room: what each human found of a voice, second looks, and cases whose answer is known."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from certification.store.base import Base


class Judgement(Base):
    """What a human found in a case of a voice, once a case.

    `sampled`: drawn for a second look; None where none was drawn for (another's second look, a known case, no voice).
    `other_id`: the case of the other look. `agreed`: whether both found the same, once both have. `same`: of a known
    case, whether it was one speaker. `seconds`: from when they took the case.
    """

    __tablename__ = "judgements"
    __table_args__ = (Index("ix_judgements_by", "by", "at"),)

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)
    part: Mapped[str] = mapped_column(String(10))  # first | second | known
    verdict: Mapped[str] = mapped_column(String(20))  # confirmed | unsure
    step: Mapped[str | None] = mapped_column(String(20))  # call_back | invite | visit | fraud
    reason: Mapped[str | None]
    seconds: Mapped[float | None]
    sampled: Mapped[bool | None]
    other_id: Mapped[str | None] = mapped_column(String(32))
    agreed: Mapped[bool | None]
    same: Mapped[bool | None]


class KnownCase(Base):
    """A case whose answer is known, to measure who decides it: of nobody on the roll, and nothing follows from it.

    `about`: what the room shows, made up: name, dialect, telephone, due; the identifiers of both sides' recordings.
    """

    __tablename__ = "known_cases"

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    region: Mapped[str] = mapped_column(String(40))
    same: Mapped[bool]  # whether one speaker is on both sides
    about: Mapped[dict[str, Any]]
    seeded_by: Mapped[str]
    seeded_at: Mapped[datetime]
