"""Tables of how people are reached: attempts with their outcome, what a person declared, and outages of the service."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from certification.store.base import Base, Identified


class Contact(Identified, Base):
    """An attempt to reach somebody. `events`: every outcome that was told of it, and when, in the order they came."""

    __tablename__ = "contacts"
    __table_args__ = (UniqueConstraint("channel", "ref"), Index("ix_contacts_person_id", "person_id", "begun_at"))

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    channel: Mapped[str] = mapped_column(String(20))
    ref: Mapped[str] = mapped_column(String(120))
    outcome: Mapped[str] = mapped_column(String(20))
    begun_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]  # when the outcome was one that no later event changes
    events: Mapped[list[list[Any]]] = mapped_column(JSON, default=list)


class Climb(Identified, Base):
    """Somebody on the ladder, for one period: on which rung, and whether they go before others."""

    __tablename__ = "climbs"
    __table_args__ = (
        Index(
            "ix_climbs_climbing",
            "first",
            "looked_at",
            sqlite_where=text("stopped_at IS NULL"),
            postgresql_where=text("stopped_at IS NULL"),
        ),
    )

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    period_id: Mapped[str] = mapped_column(ForeignKey("periods.id", ondelete="CASCADE"), unique=True)
    rung: Mapped[int | None]  # None before the first; an index into the region's rungs as they were
    rungs: Mapped[list[list[Any]]] = mapped_column(JSON)  # name and days of waiting, as the region had them
    first: Mapped[bool]
    began_at: Mapped[datetime]
    asked_at: Mapped[datetime]  # when the present rung was asked for
    looked_at: Mapped[datetime]  # when the sweep last looked whether it is time
    stopped_at: Mapped[datetime | None]
    why: Mapped[str | None] = mapped_column(String(40))  # certified | superseded
    cause: Mapped[str | None] = mapped_column(
        String(120)
    )  # the comparison that put them on; None: their period was over


class Need(Base):
    """What somebody declared of themselves, once, so that it is respected everywhere."""

    __tablename__ = "needs"
    __table_args__ = (Index("ix_needs_need", "need", "person_id"),)

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    need: Mapped[str] = mapped_column(String(20), primary_key=True)
    declared_by: Mapped[str]
    declared_at: Mapped[datetime]


class Outage(Identified, Base):
    """A time in which people could not certify because of us; the clock stands still for as long."""

    __tablename__ = "outages"
    __table_args__ = (
        Index(
            "ix_outages_running",
            "began_at",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    what: Mapped[str]
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(index=True)
    noted_by: Mapped[str]


class ServiceSeen(Base):
    """The one row that says when the service was last seen to run."""

    __tablename__ = "service_seen"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
