"""Tables of the monthly comparison: the runs, and what each said of everybody on the roll."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from certification.store.base import Base, Identified


class ComparisonRun(Identified, Base):
    """One comparison of a region's people with files of signals.

    `inputs` names what it rests on, so that the same files are compared once; a run that was undone gives its name
    free. `stored_to`, `released_to`, `undone_to`: the last person of the last slice, so that each goes on where it
    stopped.
    """

    __tablename__ = "comparison_runs"

    region: Mapped[str] = mapped_column(String(40))
    on: Mapped[date]
    inputs: Mapped[str] = mapped_column(String(120), unique=True)
    files: Mapped[list[dict[str, Any]]] = mapped_column(JSON)  # name, bytes, sha256
    state: Mapped[str] = mapped_column(String(20))  # running | ready | releasing | released | undoing | undone
    counts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    worker: Mapped[str | None] = mapped_column(String(32))  # the process that stores; another takes it over
    stored_to: Mapped[str] = mapped_column(String(32), default="")
    started_by: Mapped[str]
    started_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]
    released_by: Mapped[str | None]
    released_at: Mapped[datetime | None]
    released_to: Mapped[str] = mapped_column(String(32), default="")
    undone_by: Mapped[str | None]
    undone_at: Mapped[datetime | None]
    undone_to: Mapped[str] = mapped_column(String(32), default="")
    why: Mapped[str | None] = mapped_column(Text)  # it was undone


class ComparisonResult(Base):
    """What a run said of one person, with the period that it was about and its last day at that time.

    No foreign key is checked: rows come by the million, beside erasures, which take them away.
    """

    __tablename__ = "comparison_results"
    __table_args__ = (Index(None, "person_id"), {"sqlite_with_rowid": False})

    run_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    period_id: Mapped[str] = mapped_column(String(32))
    due: Mapped[date]
    outcome: Mapped[str] = mapped_column(String(20))
    source: Mapped[str | None] = mapped_column(String(40))
    strength: Mapped[int | None]
    seen_on: Mapped[date | None]
    stronger: Mapped[str | None] = mapped_column(String(40))  # the source of a stronger sign, which may back others
    stronger_strength: Mapped[int | None]
    stronger_on: Mapped[date | None]
    died_on: Mapped[date | None]
    died_as: Mapped[str | None] = mapped_column(String(40))
