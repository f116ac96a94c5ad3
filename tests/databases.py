"""Both databases for tests: an empty, migrated SQLite file or PostgreSQL database for each test that asks for one.

PostgreSQL is the server at TEST_POSTGRES_URL (whose user may create databases), else a private one, started from the
system's programs on a socket in a temporary folder and stopped at the end; without either, its tests are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import URL, Connection, create_engine, make_url, text
from sqlalchemy.orm import Session, sessionmaker

from certification.store import Base, open_sessions
from ops.migrations import upgrade

PROGRAMS = Path("/usr/lib/postgresql")
MANY = 1000  # rows, of which TRUNCATE takes less time
NO_POSTGRES = "PostgreSQL is not here: set TEST_POSTGRES_URL, or install postgresql"


def _programs() -> Path | None:
    """The folder of the newest initdb and pg_ctl on this machine."""
    found = sorted(PROGRAMS.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def _run(*arguments: str | Path) -> None:
    """Run one of PostgreSQL's programs; as user postgres when we are root, which it refuses to serve."""
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run([*as_postgres, *arguments], cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{arguments[0]}: {done.stdout}{done.stderr}"


@contextmanager
def private_postgres(programs: Path) -> Iterator[URL]:
    """A server of our own, on a socket that only this folder leads to."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # short: the path of a socket has at most 107 bytes
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off -c max_connections=50"
    try:
        _run(programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        _run(programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        yield URL.create("postgresql+psycopg", "postgres", database="postgres", query={"host": str(folder)})
        _run(programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sql(server: URL, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _plain(url: URL) -> str:
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[URL]:
    """A PostgreSQL server on which databases may be created."""
    given = os.environ.get("TEST_POSTGRES_URL")
    programs = _programs()
    if given:
        yield make_url(given).set(drivername="postgresql+psycopg")
    elif programs is None:
        pytest.skip(NO_POSTGRES)
    else:
        with private_postgres(programs) as server:
            yield server


@contextmanager
def new_database(server: URL) -> Iterator[URL]:
    """A blank database on the server, dropped at the end."""
    name = f"test_{uuid4().hex}"
    _sql(server, f"CREATE DATABASE {name}")
    yield server.set(database=name)
    _sql(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def migrated_postgres(postgres: URL) -> Iterator[URL]:
    """A migrated PostgreSQL database, to be emptied for each test: making a new one takes half a second."""
    with new_database(postgres) as url:
        upgrade(_plain(url))
        yield url


@pytest.fixture(scope="session")
def emptying(migrated_postgres: URL) -> Iterator[Connection]:
    """A connection by which the migrated PostgreSQL database is emptied: a new one takes longer than the emptying."""
    engine = create_engine(migrated_postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _empty(connection: Connection) -> None:
    """Empty every table, after ending what another test may have left connected.

    TRUNCATE makes a file anew for every table and index, which takes a tenth of a second and more; few rows in a few
    tables are deleted in a tenth of that, and VACUUM gives their places back, so that the next rows lie in order again.
    """
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))
    names = [table.name for table in reversed(Base.metadata.sorted_tables)]  # who refers to another, before it
    counted = [f"SELECT '{name}', count(*) FROM (SELECT FROM {name} LIMIT {MANY}) AS few" for name in names]
    rows = {name: count for name, count in connection.execute(text(" UNION ALL ".join(counted))) if count}
    if any(count == MANY for count in rows.values()):
        connection.execute(text(f"TRUNCATE {', '.join(names)}"))
    elif rows:
        connection.execute(text("; ".join(f"DELETE FROM {name}" for name in names if name in rows)))
        connection.execute(text(f"VACUUM (INDEX_CLEANUP ON) {', '.join(rows)}"))


@pytest.fixture(params=["sqlite", "postgresql"])
def blank_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables, of each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'blank.db'}"
    else:
        with new_database(request.getfixturevalue("postgres")) as url:
            yield _plain(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty, migrated database, of each kind in turn."""
    if request.param == "sqlite":
        path = tmp_path / "stillhere.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        return f"sqlite:///{path}"
    _empty(request.getfixturevalue("emptying"))
    return _plain(request.getfixturevalue("migrated_postgres"))


@pytest.fixture
def sessions(database_url: str) -> Iterator[sessionmaker[Session]]:
    """Sessions on an empty, migrated database, of each kind in turn."""
    maker = open_sessions(database_url)
    yield maker
    maker.kw["bind"].dispose()
