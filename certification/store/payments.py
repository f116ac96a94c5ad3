"""Tables of payment: lists for the paying agency, who is on them, and who signed them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from certification.store.base import Base, Identified


class PaymentList(Identified, Base):
    """What one region tells the paying agency of one month's payments; `month` is its first day.

    `version` grows with every change of who is to be suspended, so that a signature holds for one content only, and
    `changed_by` made the last of these. `releasing`: what a release is at, having come to the person `released_to`;
    `release_digest`: what was signed when it began. It is out from `released_at` on. `errand_id`: of the work that a
    part of a restoration came of, where it was asked for on a page.
    """

    __tablename__ = "payment_lists"
    __table_args__ = (UniqueConstraint("kind", "region", "month", "part"),)

    kind: Mapped[str] = mapped_column(String(20))  # suspension | restoration
    region: Mapped[str] = mapped_column(String(40))
    month: Mapped[date]
    part: Mapped[int]  # restorations go out as often as there are any: nobody waits a month for the next list
    version: Mapped[int] = mapped_column(default=0)
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    changed_by: Mapped[str | None]
    releasing: Mapped[str | None] = mapped_column(String(20))  # checking | suspending
    released_to: Mapped[str] = mapped_column(String(32), default="")
    release_digest: Mapped[str | None] = mapped_column(String(64))
    released_by: Mapped[str | None]
    released_at: Mapped[datetime | None]
    people: Mapped[int | None]  # in the file
    sha256: Mapped[str | None] = mapped_column(String(64))  # of the file
    errand_id: Mapped[str | None] = mapped_column(String(32))


class Suspension(Identified, Base):
    """A person on a list of suspensions, and what became of it.

    `payee_sealed`: identity number and name as they were released, so that the file is the same if it is asked again.
    """

    __tablename__ = "suspensions"
    __table_args__ = (
        UniqueConstraint("list_id", "person_id"),
        Index(
            "uq_suspensions_running",
            "person_id",
            unique=True,
            sqlite_where=text("state = 'suspended'"),
            postgresql_where=text("state = 'suspended'"),
        ),
    )

    list_id: Mapped[str] = mapped_column(ForeignKey("payment_lists.id"))
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    period_id: Mapped[str] = mapped_column(ForeignKey("periods.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(
        String(20)
    )  # proposed | held | dropped | cleared | suspended | lifted | restored
    blocks: Mapped[list[str]] = mapped_column(default=list)  # why they are not suspended
    payee_sealed: Mapped[bytes | None]
    restoration_id: Mapped[str | None] = mapped_column(ForeignKey("payment_lists.id"), index=True)
    paid_from: Mapped[date | None]  # the first month that is paid again


class Signature(Base):
    """A supervisor's signature under a list as it was: it holds while the list's digest is still this one."""

    __tablename__ = "signatures"

    list_id: Mapped[str] = mapped_column(ForeignKey("payment_lists.id"), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    signed_at: Mapped[datetime]
