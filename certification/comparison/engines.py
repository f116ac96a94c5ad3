"""Where the people are judged: in this process by DuckDB, or by any engine that Ibis speaks to (COMPARISON_ENGINE)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ibis
import pyarrow as pa
from ibis.backends import BaseBackend

from certification.comparison import expression
from certification.comparison.gathering import Gathering
from certification.comparison.rules import Rules
from certification.errors import Problem

DUCKDB = "duckdb"
_ROWS = 50_000


class EngineUnreachable(Problem):
    """The engine of COMPARISON_ENGINE is not there, or is none."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"COMPARISON_ENGINE 指定的计算引擎连不上：{why[:200]}。请写 duckdb，或 Ibis 支持的地址，如 postgres://…。",
            f"The engine of COMPARISON_ENGINE cannot be reached: {why[:200]}. Write duckdb, or a URL that Ibis knows.",
        )


def judge(gathering: Gathering, people: str, rules: Rules, engine: str, out: Path) -> None:
    """Judge the people of a table of the gathering's connection, and write an Arrow file in the order of `person_id`.

    Raises EngineUnreachable.
    """
    roll, found = gathering.con.table(people), gathering.con.table("found").drop("id_number")
    if engine == DUCKDB:
        said = expression.judged(roll, found, rules).order_by("person_id")
        _write(gathering.con.con.sql(gathering.con.compile(said)).to_arrow_reader(_ROWS), out)
        return
    with _connected(engine) as con:
        said = expression.judged(ibis.memtable(roll.to_pyarrow()), ibis.memtable(found.to_pyarrow()), rules).order_by(
            "person_id"
        )
        with con.to_pyarrow_batches(said) as rows:
            _write(rows, out)


def _write(rows: pa.RecordBatchReader, out: Path) -> None:
    with pa.ipc.new_file(out, rows.schema) as file:
        for batch in rows:
            file.write_batch(batch)


@contextmanager
def _connected(engine: str) -> Iterator[BaseBackend]:
    try:
        con = ibis.connect(engine)
    except Exception as error:  # each of its backends has errors of its own
        raise EngineUnreachable(str(error)) from None
    try:
        yield con
    finally:
        con.disconnect()
