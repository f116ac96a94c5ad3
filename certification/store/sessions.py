"""Sessions on SQLite (WAL) or PostgreSQL, and jobs that wait for the commit."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session, sessionmaker

logger = logging.getLogger(__name__)
Enqueue = Callable[[str, str], None]

_WAITING = "jobs waiting for the commit"


def open_sessions(database_url: str) -> sessionmaker[Session]:
    """Open the database. SQLite gets WAL, foreign keys and transactions that take the write lock when they begin."""
    engine = create_engine(database_url, pool_pre_ping=not database_url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    return sessionmaker(engine, expire_on_commit=False)


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN is too late and too weak
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=15000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def later(session: Session, enqueue: Enqueue, job: str, identifier: str) -> None:
    """Put `job(identifier)` in the queue once this session has committed; a rollback forgets it.

    A queue that cannot take it is logged, not raised: the row is committed, and the sweep finds it.
    """
    waiting: list[tuple[Enqueue, str, str]] = session.info.setdefault(_WAITING, [])
    if not waiting:
        event.listen(session, "after_commit", _enqueue_waiting, once=True)
        event.listen(session, "after_rollback", _forget_waiting, once=True)
    waiting.append((enqueue, job, identifier))


def _enqueue_waiting(session: Session) -> None:
    for enqueue, job, identifier in session.info.pop(_WAITING, []):
        try:
            enqueue(job, identifier)
        except OSError as error:  # redis.ConnectionError is an OSError's kin only by name: see Runtime.enqueue
            logger.warning("queue unreachable, the sweep will find %s(%s): %s", job, identifier, error)


def _forget_waiting(session: Session) -> None:
    session.info.pop(_WAITING, None)
