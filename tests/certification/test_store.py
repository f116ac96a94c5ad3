"""Tables, migrations, rows written once, and jobs that wait for the commit."""

from __future__ import annotations

import logging
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, inspect, select, text
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError
from sqlalchemy.orm import Session, sessionmaker

from certification.runtime import Runtime
from certification.store import (
    Base,
    LinePreference,
    Phone,
    VoiceTemplate,
    give_way,
    insert_once,
    later,
    only_read,
    open_engine,
)
from ops.migrations import config, upgrade
from tests.certification.conftest import MORNING, Queue
from tests.certification.together import at_once


def test_migrations_make_exactly_the_tables_of_the_models(database_url: str) -> None:
    engine = open_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_upgrading_twice_changes_nothing_and_downgrading_leaves_nothing(blank_database_url: str) -> None:
    upgrade(blank_database_url)
    upgrade(blank_database_url)
    engine = open_engine(blank_database_url)
    assert set(inspect(engine).get_table_names()) == {"alembic_version", *Base.metadata.tables}
    with engine.begin() as connection:
        command.downgrade(config(connection), "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()


def _template(number: int, source: str, person: str = "wu", retired: datetime | None = None) -> dict[str, object]:
    made = MORNING + timedelta(days=number)
    return {"id": f"t{number}", "person_id": person, "source": source, "created_at": made, "retired_at": retired}


def _weighed(
    number: int, outcome: str, at: datetime, person: str = "wu", purpose: str = "certify"
) -> dict[str, object]:
    fields = {"id": f"a{number}", "call_id": "call", "person_id": person, "purpose": purpose, "outcome": outcome}
    return fields | {"recordings": [], "state": "done", "detail": {}, "asked_at": at, "done_at": at}


def test_templates_from_before_are_confirmed_by_what_calls_have_shown(blank_database_url: str) -> None:
    day, later = timedelta(days=1), MORNING + timedelta(hours=1)
    engine = open_engine(blank_database_url)
    with engine.begin() as connection:
        command.upgrade(config(connection), "0003")
        before = MetaData()
        before.reflect(connection)
        people = [{"id": who, "region": "r", "number_index": who} for who in ("wu", "li", "he", "xu")]
        sealed = {"name_sealed": b"", "number_sealed": b"", "created_at": MORNING}
        connection.execute(before.tables["people"].insert(), [one | sealed for one in people])
        call = {"id": "call", "sid": "CA1", "turn": 0, "state": {}, "twiml": "", "started_at": MORNING}
        connection.execute(before.tables["calls"].insert(), [call | {"touched_at": MORNING}])
        templates = [
            _template(0, "files", retired=MORNING + 2 * day),
            _template(2, "call 1", retired=MORNING + 3 * day),
            _template(3, "refresh a1", retired=MORNING + 4 * day),
            _template(4, "files"),
            _template(5, "files", "li"),
            _template(6, "files", "he"),
            _template(7, "files", "xu", retired=MORNING + 8 * day),
        ]
        rest = {"encoder": "e", "sealed": b"", "utterances": 3, "detail": {}}
        connection.execute(before.tables["voice_templates"].insert(), [one | rest for one in templates])
        weighed = [
            _weighed(1, "recorded", later + day),
            _weighed(2, "certified", later + 5 * day),
            _weighed(3, "human", later + 6 * day, "li"),
            _weighed(4, "certified", later + day, "li"),
            _weighed(5, "certified", later + 7 * day, "he", "enrol"),
            _weighed(6, "certified", later + 9 * day, "xu"),
        ]
        connection.execute(before.tables["assessments"].insert(), weighed)
        command.upgrade(config(connection), "0004")
        found = connection.execute(select(VoiceTemplate.id, VoiceTemplate.confirmed_at)).all()
    engine.dispose()
    days = {name: None if at is None else (at - MORNING).days for name, at in found}
    assert days == {"t0": 1, "t2": 2, "t3": 3, "t4": 5, "t5": None, "t6": None, "t7": None}


def test_upgrading_from_several_processes_at_once(blank_database_url: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(upgrade, blank_database_url) for _ in range(3)]:
            done.result()


def test_a_new_file_is_opened_while_another_process_writes_to_it(tmp_path: Path) -> None:
    """SQLite says "locked" at once to whoever asks for WAL meanwhile, whatever its patience."""
    path = tmp_path / "new.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as writer:
        writer.execute("CREATE TABLE written (n)")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO written VALUES (1)")
        threading.Timer(0.3, writer.execute, ["COMMIT"]).start()
        engine = open_engine(f"sqlite:///{path}")
        with engine.connect() as connection:
            assert connection.execute(text("SELECT n FROM written")).scalar_one() == 1
            assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        engine.dispose()


def preference(session: Session, dialect: str) -> bool:
    return insert_once(session, LinePreference, number_index="n", dialect=dialect, updated_at=MORNING)


def test_a_row_is_inserted_once(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        assert preference(session, "cantonese")
        assert not preference(session, "mandarin")
    with sessions.begin() as session:
        assert not preference(session, "mandarin")
        assert session.get_one(LinePreference, "n").dialect == "cantonese"


def test_of_writers_at_the_same_time_one_inserts(sessions: sessionmaker[Session]) -> None:
    def write() -> bool:
        with sessions.begin() as session:
            return preference(session, "mandarin")

    assert sorted(at_once(4, write)) == [False, False, False, True]


def test_who_only_reads_sees_one_moment_and_keeps_nobody_from_writing(sessions: sessionmaker[Session]) -> None:
    with sessions() as reader, sessions() as writer:
        only_read(reader)
        assert reader.get(LinePreference, "n") is None
        assert preference(writer, "mandarin")
        writer.commit()
        assert reader.get(LinePreference, "n") is None
    with sessions() as session:
        assert session.get(LinePreference, "n") is not None


def test_who_only_reads_does_not_wait_for_a_writer(sessions: sessionmaker[Session]) -> None:
    with sessions() as writer, sessions() as reader:
        preference(writer, "mandarin")
        only_read(reader)
        assert reader.get(LinePreference, "n") is None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_whoever_gives_way_leaves_a_deadlock_to_the_other(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        for number in ("one", "two"):
            insert_once(session, LinePreference, number_index=number, dialect="mandarin", updated_at=MORNING)
    has_one = threading.Event()

    def giving_way() -> str | None:
        with sessions() as session:
            give_way(session)
            session.get_one(LinePreference, "one", with_for_update=True)
            has_one.set()
            with pytest.raises(OperationalError) as caught:
                session.get_one(LinePreference, "two", with_for_update=True)
            return getattr(caught.value.orig, "sqlstate", None)

    with sessions() as call, ThreadPoolExecutor(1) as pool:
        call.get_one(LinePreference, "two", with_for_update=True)
        other = pool.submit(giving_way)
        assert has_one.wait(10)
        call.get_one(LinePreference, "one", with_for_update=True)
        assert other.result() == "55P03"  # lock_not_available, before anybody looked for a deadlock


def test_a_taken_lock_is_not_waited_for_as_long_as_a_carrier_waits(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'busy.db'}"
    with open_engine(url).connect() as connection:
        waits_ms = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    assert 1_000 <= waits_ms <= 5_000, "several transactions of one webhook must fit in the 15 s of the carrier"
    engine = open_engine(url, patience_s=0.0)
    with engine.begin(), pytest.raises(OperationalError, match="locked"), engine.begin():
        pass
    engine.dispose()


def test_moments_come_back_in_utc_and_need_a_zone(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        preference(session, "mandarin")
    with sessions() as session:
        assert session.get_one(LinePreference, "n").updated_at == MORNING
        session.add(LinePreference(number_index="m", dialect="mandarin", updated_at=datetime(2026, 1, 1)))  # noqa: DTZ001
        with pytest.raises(StatementError, match="without a time zone"):
            session.flush()


def test_a_job_waits_for_the_commit_and_is_forgotten_with_a_rollback(rt: Runtime, queue: Queue) -> None:
    with rt.sessions() as session:
        later(session, rt.enqueue, "ops.jobs.assess", "1")
        session.flush()
        assert queue.jobs == []
        session.commit()
        assert queue.jobs == [("ops.jobs.assess", "1")]
        later(session, rt.enqueue, "ops.jobs.assess", "2")
        session.rollback()
        session.commit()
        later(session, rt.enqueue, "ops.jobs.assess", "3")
        session.commit()
    assert queue.jobs == [("ops.jobs.assess", "1"), ("ops.jobs.assess", "3")]


def test_a_job_waits_through_savepoints(rt: Runtime, queue: Queue) -> None:
    with rt.sessions() as session:
        later(session, rt.enqueue, "ops.jobs.assess", "1")
        with session.begin_nested():
            preference(session, "mandarin")
        assert queue.jobs == []
        session.begin_nested().rollback()
        session.commit()
    assert queue.jobs == [("ops.jobs.assess", "1")]


def test_a_queue_out_of_reach_undoes_nothing(rt: Runtime, queue: Queue, caplog: pytest.LogCaptureFixture) -> None:
    queue.reachable = False
    with caplog.at_level(logging.WARNING), rt.sessions.begin() as session:
        preference(session, "mandarin")
        later(session, rt.enqueue, "ops.jobs.assess", "1")
    assert "the sweep will find ops.jobs.assess(1)" in caplog.text
    with rt.sessions() as session:
        assert session.get(LinePreference, "n") is not None


def test_what_was_to_be_stored_is_not_in_the_error(sessions: sessionmaker[Session]) -> None:
    with pytest.raises(IntegrityError) as raised, sessions.begin() as session:
        session.add(Phone(person_id="nobody", number_sealed=b"", number_index="a secret", kind="mobile", holder="self"))
    assert "a secret" not in str(raised.value)
