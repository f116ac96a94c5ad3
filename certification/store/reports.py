"""Tables of reports: how far a count has come, and what it counted. Nothing in them is about one person."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from certification.store.base import Base, Identified


class Report(Identified, Base):
    """One count of everybody: the months `first` to `last` as they were at `as_of`; people are gone through in order.

    `people`: how many were counted so far, of about `expected`; `unreadable`: those whose number does not open.
    """

    __tablename__ = "reports"
    __table_args__ = (
        Index(
            "uq_reports_making",
            "state",
            unique=True,
            sqlite_where=text("state = 'making'"),
            postgresql_where=text("state = 'making'"),
        ),
    )

    state: Mapped[str] = mapped_column(String(10))  # making | made
    first: Mapped[date]
    last: Mapped[date]
    as_of: Mapped[datetime]
    seen_to: Mapped[str] = mapped_column(String(32))
    people: Mapped[int]
    expected: Mapped[int]
    unreadable: Mapped[int]
    asked_by: Mapped[str]
    moved_at: Mapped[datetime]
    made_at: Mapped[datetime | None]


class ReportCount(Base):
    """How many of one group had this happen to them, once each, in the `months` that begin with `month`."""

    __tablename__ = "report_counts"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - sums go through it in the order of its key

    report_id: Mapped[str] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"), primary_key=True)
    months: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    measure: Mapped[str] = mapped_column(String(20), primary_key=True)
    region: Mapped[str] = mapped_column(String(40), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    dialect: Mapped[str] = mapped_column(String(40), primary_key=True)
    age: Mapped[str] = mapped_column(String(10), primary_key=True)
    sex: Mapped[str] = mapped_column(String(10), primary_key=True)
    phone: Mapped[str] = mapped_column(String(10), primary_key=True)
    need: Mapped[str] = mapped_column(String(20), primary_key=True)
    route: Mapped[str] = mapped_column(String(10), primary_key=True)
    count: Mapped[int]
