"""Brings a database to the tables of this version. There is no alembic.ini: what it would say is said here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, make_url, text

from certification.errors import Problem
from certification.store import open_engine

_LOCK = 20261123  # any number that only we use
_PATIENCE_S = 60.0  # another process may be at it


class ReferencesLost(Problem):
    """Rows would refer to others that are not there; nothing was changed."""

    def __init__(self, table: str) -> None:
        super().__init__(
            f"升级会使表 {table} 里的一些记录失去所指的记录，已放弃，什么都没有改动。请联系开发者。",
            f"The upgrade would leave rows of {table} that refer to nothing. It was given up, and nothing was changed.",
        )


def upgrade(database_url: str) -> None:
    """Run every migration that is missing, in one transaction; several processes may ask at the same time.

    Makes the folder of an SQLite file where there is none.
    """
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    with opened(database_url) as connection:
        command.upgrade(config(connection), "head")


@contextmanager
def opened(database_url: str) -> Iterator[Connection]:
    """A connection for migrations alone, all in one transaction.

    SQLite makes some changes by a new table that takes the old one's place. While foreign keys are minded, dropping the
    old one would do to the rows that refer to it what deleting its rows does; so they are minded again at the end.
    """
    engine = open_engine(database_url, _PATIENCE_S)
    try:
        with engine.connect() as connection:
            sqlite = connection.dialect.name == "sqlite"
            if sqlite:  # before the transaction begins, for within one it says nothing
                connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
            with connection.begin():
                if not sqlite:  # an SQLite transaction of ours already has the write lock
                    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                before = MigrationContext.configure(connection).get_current_revision()
                yield connection
                after = MigrationContext.configure(connection).get_current_revision()
                if sqlite and before not in (None, after) and (lost := _lost(connection)):
                    raise ReferencesLost(lost)
    finally:
        engine.dispose()


def _lost(connection: Connection) -> str | None:
    """The table of a row that refers to one that is not there."""
    row = connection.execute(text("PRAGMA foreign_key_check")).first()
    return None if row is None else str(row[0])


def config(connection: Connection) -> Config:
    """Alembic's configuration for this open connection."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.attributes["connection"] = connection
    return made
