"""Tables of those who work here: their accounts, where wrong tries to sign in came from, and who is signed in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from certification.store.base import Base, Identified


class Staff(Identified, Base):
    """Somebody who works here: their password as a hash, the secret of their one-time codes, whom they may see.

    `used_step`: the half-minute of the newest code that was good, so that none is good twice. `region`: whose people
    alone they see; everybody's, where there is none. `agent_id`: of a certifying agent, whose people alone.
    """

    __tablename__ = "staff"

    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str] = mapped_column(String(20))  # certification.staff.Role
    region: Mapped[str | None] = mapped_column(String(40))
    agent_id: Mapped[str | None] = mapped_column(ForeignKey("agents.id"))
    password_hash: Mapped[str]
    totp_sealed: Mapped[bytes]
    used_step: Mapped[int] = mapped_column(default=0)
    added_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class ProviderAccount(Base):
    """Whose account at an OpenID Connect provider is somebody's here; `sub` is how that provider names it, for good."""

    __tablename__ = "provider_accounts"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    sub: Mapped[str] = mapped_column(String(255), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), unique=True)
    bound_at: Mapped[datetime]


class SignInTry(Base):
    """Wrong tries in a row to sign in to an account from one place (certification.doors), and how long it waits."""

    __tablename__ = "sign_in_tries"

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    door: Mapped[str] = mapped_column(String(80), primary_key=True)
    wrong_in_row: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    tried_at: Mapped[datetime] = mapped_column(index=True)


class SignIn(Identified, Base):
    """Somebody who signed in at the console; its identifier is what their browser holds."""

    __tablename__ = "sign_ins"

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    begun_at: Mapped[datetime] = mapped_column(index=True)
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
