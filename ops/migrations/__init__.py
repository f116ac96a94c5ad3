"""Brings a database to the tables of this version. There is no alembic.ini: what it would say is said here."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, make_url, text

from certification.store import open_engine

_LOCK = 20261123  # any number that only we use
_PATIENCE_S = 60.0  # another process may be at it


def upgrade(database_url: str) -> None:
    """Run every migration that is missing, in one transaction; several processes may ask at the same time.

    Makes the folder of an SQLite file where there is none.
    """
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = open_engine(database_url, _PATIENCE_S)
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":  # an SQLite transaction of ours already has the write lock
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            command.upgrade(config(connection), "head")
    finally:
        engine.dispose()


def config(connection: Connection) -> Config:
    """Alembic's configuration for this open connection."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.attributes["connection"] = connection
    return made
