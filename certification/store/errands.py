"""Table of what was asked for on a page and is done behind it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from certification.store.base import Base, Identified


class Errand(Identified, Base):
    """A long work that somebody asked for (certification.errands), once for the form that it was asked for with.

    `asked`: what exactly; `done`, `of`: how much of it is. `result`: what it came to, by identifier. `zh`, `en`: why it
    was refused.
    """

    __tablename__ = "errands"
    __table_args__ = (
        Index(
            "ix_errands_open",
            "asked_at",
            sqlite_where=text("state = 'asked'"),
            postgresql_where=text("state = 'asked'"),
        ),
        Index("ix_errands_latest", "asked_at", "id"),
    )

    kind: Mapped[str] = mapped_column(String(20))  # certification.errands.Kind
    region: Mapped[str] = mapped_column(String(40))
    asked: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(10))  # asked | done | refused
    done: Mapped[int] = mapped_column(default=0)
    of: Mapped[int]
    tries: Mapped[int] = mapped_column(default=0)
    result: Mapped[str | None] = mapped_column(String(32))
    zh: Mapped[str | None] = mapped_column(Text)
    en: Mapped[str | None] = mapped_column(Text)
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    moved_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
