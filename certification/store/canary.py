"""The table of what shows whether a key ring is this database's."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from certification.store.base import Base


class Canary(Base):
    """The one row that the key ring must open."""

    __tablename__ = "canary"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[bytes]
    sealed_at: Mapped[datetime]
