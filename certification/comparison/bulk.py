"""Rows by the hundred thousand, from Arrow into the database in the present transaction."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from io import BytesIO

import psycopg
import pyarrow as pa
import pyarrow.csv
from sqlalchemy.orm import DeclarativeBase, Session

CONFLICTS = (sqlite3.IntegrityError, psycopg.IntegrityError)


def written(session: Session, at: datetime) -> str:
    """A moment as the database keeps it, to the microsecond: SQLite in UTC and without saying so."""
    moment = at.astimezone(UTC)
    if session.get_bind().dialect.name == "postgresql":
        return moment.isoformat()
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


def insert(session: Session, table: type[DeclarativeBase], rows: pa.RecordBatch) -> None:
    """Insert rows whose columns are named as the table's: by COPY on PostgreSQL, at once on SQLite.

    Values go in as they are: numbers, dates and strings, none of them empty; moments as written(). Raises what the
    driver does, see CONFLICTS.
    """
    names = ", ".join(f'"{name}"' for name in rows.schema.names)
    into = f'"{table.__tablename__}" ({names})'
    connection = session.connection().connection
    if session.get_bind().dialect.name == "postgresql":
        text = BytesIO()
        pyarrow.csv.write_csv(rows, text, pyarrow.csv.WriteOptions(include_header=False))
        with connection.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN (FORMAT csv)") as copy:  # type: ignore[attr-defined]
            copy.write(text.getvalue())
        return
    columns = [column.cast(pa.string()) if pa.types.is_date(column.type) else column for column in rows.columns]
    values = list(zip(*(column.to_pylist() for column in columns), strict=True))
    marks = ", ".join("?" * len(columns))
    connection.cursor().executemany(f"INSERT INTO {into} VALUES ({marks})", values)  # noqa: S608
