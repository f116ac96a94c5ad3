"""Tables of people: who they are, how they are reached, what they agreed to, and their PIN."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from certification.store.base import Base, Identified


class Person(Identified, Base):
    """Somebody whose eligibility is certified. Name and identity number are sealed; the indexes only find."""

    __tablename__ = "people"
    __table_args__ = (
        Index("ix_people_region", "region", "id"),  # a region is gone through by identifier
        Index("ix_people_name_index", "name_index", "region", "id"),  # in one region, or for whoever sees all
    )

    region: Mapped[str] = mapped_column(String(40))
    name_sealed: Mapped[bytes]
    name_index: Mapped[str | None] = mapped_column(String(64))  # None: of before it, and not looked at yet
    number_sealed: Mapped[bytes]
    number_index: Mapped[str] = mapped_column(String(64), unique=True)
    dialect: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime]

    phones: Mapped[list[Phone]] = relationship(back_populates="person", cascade="all, delete-orphan")


class Phone(Identified, Base):
    """A number at which a person (or their relative) is reached; a family may share one."""

    __tablename__ = "phones"
    __table_args__ = (UniqueConstraint("person_id", "number_index"),)

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    number_sealed: Mapped[bytes]
    number_index: Mapped[str] = mapped_column(String(64), index=True)
    kind: Mapped[str] = mapped_column(String(20))  # mobile | landline | unknown
    holder: Mapped[str] = mapped_column(String(20))  # self | relative

    person: Mapped[Person] = relationship(back_populates="phones")


class Helper(Identified, Base):
    """Somebody who helps a person, as declared. They certify nothing; copies of reminders need the person's consent."""

    __tablename__ = "helpers"
    __table_args__ = (
        Index(
            "ix_helpers_declared",
            "person_id",
            "number_index",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    name_sealed: Mapped[bytes]
    number_sealed: Mapped[bytes]
    number_index: Mapped[str] = mapped_column(String(64), index=True)
    kind: Mapped[str] = mapped_column(String(20))  # mobile | landline | unknown
    relation: Mapped[str] = mapped_column(String(20))  # relative | neighbour | carer | helper
    declared_by: Mapped[str]
    declared_at: Mapped[datetime]
    ended_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]


class LinePreference(Base):
    """The dialect last chosen from a number, offered at once on its next call."""

    __tablename__ = "line_preferences"

    number_index: Mapped[str] = mapped_column(String(64), primary_key=True)
    dialect: Mapped[str] = mapped_column(String(40))
    updated_at: Mapped[datetime]


class Consent(Identified, Base):
    """What a person agreed to, in the words they heard or read."""

    __tablename__ = "consents"
    __table_args__ = (
        Index(
            "ix_consents_withdrawn",
            "person_id",
            sqlite_where=text("withdrawn_at IS NOT NULL"),
            postgresql_where=text("withdrawn_at IS NOT NULL"),
        ),
    )

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(String(40))  # voiceprint | copies:<a helper>
    text: Mapped[str] = mapped_column(Text)
    how: Mapped[str] = mapped_column(String(40))  # desk | phone | visit
    recorded_by: Mapped[str]
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class Pin(Base):
    """A person's PIN as a hash over a sealed secret (pepper), and the one counter of wrong tries for line and text.

    Without a pepper it is one of before 2026-11-27, hashed under a key of the ring itself.
    """

    __tablename__ = "pins"

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    hash: Mapped[str] = mapped_column(String(200))
    pepper_sealed: Mapped[bytes | None]
    set_at: Mapped[datetime]
    wrong_in_row: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]


class EnrolmentCode(Identified, Base):
    """A one-time code from the desk, keyed on the person's own phone: to enrol, or to confirm the template it names."""

    __tablename__ = "enrolment_codes"

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    code_index: Mapped[str] = mapped_column(String(64), unique=True)
    issued_by: Mapped[str]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    superseded_at: Mapped[datetime | None]  # when the desk gave the person another one
    template_id: Mapped[str | None] = mapped_column(ForeignKey("voice_templates.id", ondelete="CASCADE"))


class Guesses(Base):
    """Wrong guesses from one calling number since `since`; what was guessed at is part of the index."""

    __tablename__ = "guesses"

    number_index: Mapped[str] = mapped_column(String(64), primary_key=True)
    wrong: Mapped[int] = mapped_column(default=0)
    since: Mapped[datetime]


class VoiceTemplate(Identified, Base):
    """A sealed voiceprint and the encoder that made it; at most one a person is not retired."""

    __tablename__ = "voice_templates"
    __table_args__ = (
        Index(
            "ix_voice_templates_in_use",
            "person_id",
            unique=True,
            sqlite_where=text("retired_at IS NULL"),
            postgresql_where=text("retired_at IS NULL"),
        ),
    )

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    encoder: Mapped[str] = mapped_column(String(80))
    sealed: Mapped[bytes]
    utterances: Mapped[int]
    source: Mapped[str]  # what it was made from: "call <id>" or "files"
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]  # when a call showed that it fits the person over a telephone


class VoiceFingerprint(Identified, Base):
    """A sealed audio fingerprint of one call's voice: by it the same recording is known again."""

    __tablename__ = "voice_fingerprints"

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    assessment_id: Mapped[str] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"), unique=True)
    sealed: Mapped[bytes]
    made_at: Mapped[datetime]
