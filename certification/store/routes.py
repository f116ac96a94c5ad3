"""Tables of the other routes: certifying agents and their people, papers, home visits, appointments."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from certification.store.base import Base, Identified


class Agent(Identified, Base):
    """An employer, agency or community that may certify its own people, and nobody else's."""

    __tablename__ = "agents"

    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(String(20))  # employer | agency | community
    region: Mapped[str] = mapped_column(String(40))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class AgentPerson(Base):
    """Whom an agent may certify."""

    __tablename__ = "agent_people"

    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True, index=True)
    assigned_by: Mapped[str]
    assigned_at: Mapped[datetime]


class Paper(Identified, Base):
    """A form that the office numbered, or documents that came by post; `documents`: what each is, and its date.

    `since`: when it came to the state that it is in.
    """

    __tablename__ = "papers"
    __table_args__ = (Index("ix_papers_state", "state", "since", "id"), Index("ix_papers_since", "since", "id"))

    number: Mapped[str] = mapped_column(String(20), unique=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(20))  # own | assistance | post
    state: Mapped[str] = mapped_column(String(20))  # issued | posted | received | accepted | returned | void
    since: Mapped[datetime]
    documents: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    issued_by: Mapped[str | None]
    issued_at: Mapped[datetime | None]
    posted_at: Mapped[datetime | None]
    received_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    reason: Mapped[str | None] = mapped_column(Text)  # why it went back, or was replaced
    signed_on: Mapped[date | None]
    stamp: Mapped[str | None]  # the place whose stamp an assistance form bears


class Visit(Identified, Base):
    """A visit at somebody's home: asked for, given to a visitor, reported. Address, report and photograph: sealed."""

    __tablename__ = "visits"
    __table_args__ = (
        Index("ix_visits_state", "state", "asked_at", "id"),
        Index("ix_visits_asked_at", "asked_at", "id"),
        Index("ix_visits_visitor", "visitor", "state", "reported_at"),
    )

    cause: Mapped[str] = mapped_column(String(120), unique=True)  # one cause, one visit
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(20))  # asked | assigned | reported | dropped
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    visitor: Mapped[str | None]
    planned_on: Mapped[date | None]
    address_sealed: Mapped[bytes | None]  # where to go
    outcome: Mapped[str | None] = mapped_column(String(20))  # met | absent | moved | refused | dead
    report_sealed: Mapped[bytes | None]
    photo_sealed: Mapped[bytes | None]
    reported_at: Mapped[datetime | None]


class Appointment(Identified, Base):
    """A time at an office; one seat is one person's, and a person has one appointment at a time.

    `left_at`: when it was kept, moved to another time, called off or found missed.
    """

    __tablename__ = "appointments"
    __table_args__ = (
        Index(
            "ix_appointments_seat",
            "region",
            "office",
            "at",
            "seat",
            unique=True,
            sqlite_where=text("state = 'booked'"),
            postgresql_where=text("state = 'booked'"),
        ),
        Index(
            "ix_appointments_booked",
            "person_id",
            unique=True,
            sqlite_where=text("state = 'booked'"),
            postgresql_where=text("state = 'booked'"),
        ),
        Index("ix_appointments_day", "region", "at"),
    )

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    region: Mapped[str] = mapped_column(String(40))
    office: Mapped[str]
    at: Mapped[datetime]
    seat: Mapped[int]
    state: Mapped[str] = mapped_column(String(20))  # booked | kept | moved | cancelled | missed
    booked_by: Mapped[str]
    booked_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
