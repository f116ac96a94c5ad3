"""Where the people are judged: in this process by DuckDB, or by any engine that Ibis speaks to (COMPARISON_ENGINE)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ibis
import pyarrow.parquet as pq
from ibis.backends import BaseBackend

from certification.comparison import expression
from certification.comparison.gathering import Gathering
from certification.comparison.rules import Rules
from certification.errors import Problem

DUCKDB = "duckdb"


class EngineUnreachable(Problem):
    """The engine of COMPARISON_ENGINE is not there, or is none."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"COMPARISON_ENGINE 指定的计算引擎连不上：{why[:200]}。请写 duckdb，或 Ibis 支持的地址，如 postgres://…。",
            f"The engine of COMPARISON_ENGINE cannot be reached: {why[:200]}. Write duckdb, or a URL that Ibis knows.",
        )


def judge(gathering: Gathering, people: str, rules: Rules, engine: str, out: Path) -> None:
    """Judge the people of a table of the gathering's connection, and write Parquet in the order of `person_id`.

    Raises EngineUnreachable.
    """
    if engine == DUCKDB:
        con = gathering.con
        said = expression.judged(con.table(people), con.table("found"), rules)
        con.to_parquet(said.order_by("person_id"), out)
        return
    roll = gathering.con.table(people).to_pyarrow()
    found = gathering.con.table("found").drop("id_number").to_pyarrow()
    with _connected(engine) as con:
        said = expression.judged(ibis.memtable(roll), ibis.memtable(found), rules).order_by("person_id")
        with con.to_pyarrow_batches(said) as rows, pq.ParquetWriter(out, rows.schema) as file:
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
