"""Tables of the prompts that were recorded in the console: every version, and which one the line says."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from certification.store.base import Base, Identified


class PromptVersion(Identified, Base):
    """One recording of a sentence of the line. Whoever calls hears it, so nothing in it is sealed.

    `sentence`: what was to be read that day. `source`: FLAC, as it was recorded; `starts_s` and `ends_s`: what of it is
    said, in seconds. `audio`: µ-law at 8 kHz, as the line sends it.
    """

    __tablename__ = "prompt_versions"
    __table_args__ = (UniqueConstraint("dialect", "name", "number"),)

    dialect: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(80))
    number: Mapped[int]
    sentence: Mapped[str] = mapped_column(Text)
    source: Mapped[bytes]
    starts_s: Mapped[float]
    ends_s: Mapped[float]
    audio: Mapped[bytes]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    published_at: Mapped[datetime | None]  # last


class PublishedPrompt(Base):
    """The version that the line says; where there is none, the recording of the operator's folder or the built-in."""

    __tablename__ = "published_prompts"

    dialect: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("prompt_versions.id"), index=True)
    published_by: Mapped[str]
    published_at: Mapped[datetime]
