"""Sessions on SQLite (WAL) or PostgreSQL, rows written once, and jobs that wait for the commit."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from sqlite3 import OperationalError
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

logger = logging.getLogger(__name__)
Enqueue = Callable[[str, str], None]

_JOBS = "jobs"
_ONLY_READS = "only_reads"
_AGAIN_S = 0.05
_GIVE_WAY_S = 0.2  # PostgreSQL looks for a deadlock after 1 s
_PRAGMAS = (
    "synchronous=NORMAL",
    "foreign_keys=ON",
    "secure_delete=ON",
    "cache_size=-65536",  # KiB for a connection at most
    "wal_autocheckpoint=16000",  # pages: 64 MiB go back into the file at once, and a page but once for many slices
)
PATIENCE_S = 4.0  # on SQLite: the carrier gives a webhook 15 s in all, and it may hold several transactions


def open_engine(database_url: str, patience_s: float = PATIENCE_S) -> Engine:
    """Open the database. SQLite gets WAL, foreign keys and transactions that take the write lock when they begin.

    There, whoever finds the lock taken waits for it for `patience_s` seconds.
    """
    engine = create_engine(
        database_url,
        pool_pre_ping=not database_url.startswith("sqlite"),
        pool_use_lifo=True,  # the same few connections, and what they keep in memory, rather than all by turns
        hide_parameters=True,  # or an error in the log would show what was to be stored
    )
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, patience_s)
    else:
        event.listen(engine, "connect", _prepare_postgresql)
    return engine


def open_sessions(database_url: str) -> sessionmaker[Session]:
    """Sessions on the database at this URL; rows stay readable after the commit."""
    return sessionmaker(open_engine(database_url), expire_on_commit=False)


def only_read(session: Session) -> None:
    """Begin the session's transaction as one that sees a single moment and keeps nobody from writing meanwhile.

    It comes before the session's first statement; nothing may be written in it.
    """
    if session.get_bind().dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    else:
        options = {_ONLY_READS: True}
    session.connection(execution_options=options)


def give_way(session: Session) -> None:
    """Let the session's transaction wait for a lock for a moment only, and then fail.

    On PostgreSQL a call that is in a deadlock with it, and began to wait less than most of a second before, so goes on.
    It comes before the session's first statement. On SQLite there is one writer, and no deadlock.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SET LOCAL lock_timeout = {round(_GIVE_WAY_S * 1000)}"))


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    """Compile no statement: PostgreSQL takes half a second for each that reads many rows, and ours take less."""
    connection.autocommit = True
    connection.execute("SET jit = off")
    connection.autocommit = False


def _prepare_sqlite(engine: Engine, patience_s: float) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN is too late and too weak
        patience = f"busy_timeout={round(patience_s * 1000)}"
        for pragma in (patience, *_PRAGMAS):
            connection.execute(f"PRAGMA {pragma}")
        _write_ahead(connection, patience_s)

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if _ONLY_READS in connection.get_execution_options() else "BEGIN IMMEDIATE")


def _write_ahead(connection: Any, patience_s: float) -> None:
    """Let readers and a writer not wait for each other. For this change of a file SQLite has no patience of its own."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_AGAIN_S)
        else:
            return


def forget_deleted(sessions: sessionmaker[Session]) -> bool:
    """On SQLite, empty the write-ahead log, where what was deleted may still lie; the pages themselves are zeroed.

    False when somebody reads or writes just then: what is left goes when the sweep next empties the log. Nobody is kept
    waiting for it. On PostgreSQL this is VACUUM's, and nothing is done here.
    """
    with sessions() as session:
        engine = session.get_bind()
    if engine.dialect.name != "sqlite":
        return True
    connection = engine.engine.raw_connection()
    try:
        [patience] = connection.cursor().execute("PRAGMA busy_timeout").fetchone()
        connection.cursor().execute("PRAGMA busy_timeout=0")
        connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()  # most of it: nobody waits meanwhile
        [busy, _, _] = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        connection.cursor().execute(f"PRAGMA busy_timeout={patience}")
    finally:
        connection.close()
    return not busy


def insert_once(session: Session, table: type[DeclarativeBase], **values: Any) -> bool:
    """INSERT … ON CONFLICT DO NOTHING: True when the row is new, False when a unique row was there first.

    Two writers of the same row both go on, one with True; nothing has to be rolled back.
    """
    session.flush()
    statement = insert_into(session, table).values(**values).on_conflict_do_nothing()
    return session.execute(statement.returning(*table.__table__.primary_key)).first() is not None


def insert_into(session: Session, table: type[DeclarativeBase]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows ON CONFLICT."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def waiting(session: Session, what: str) -> list[Any]:
    """What waits for the session's commit; its reader empties it on a rollback. Savepoints leave it alone."""
    if not session.in_transaction():
        session.begin()  # or a rollback before the first statement would pass unnoticed
    entries: list[Any] = session.info.setdefault(what, [])
    return entries


def later(session: Session, enqueue: Enqueue, job: str, identifier: str) -> None:
    """Put `job(identifier)` in the queue once this session has committed; a rollback forgets it.

    A queue that cannot take it is logged, not raised: the row is committed, and the sweep finds it.
    """
    waiting(session, _JOBS).append((enqueue, job, identifier))


@event.listens_for(Session, "after_commit")
def _enqueue_waiting(session: Session) -> None:
    if session.in_nested_transaction():
        return
    for enqueue, job, identifier in session.info.pop(_JOBS, []):
        try:
            enqueue(job, identifier)
        except OSError as error:  # certification.runtime.QueueUnavailable is one
            logger.warning("queue unreachable, the sweep will find %s(%s): %s", job, identifier, error)


@event.listens_for(Session, "after_rollback")
def _forget_waiting(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop(_JOBS, None)
