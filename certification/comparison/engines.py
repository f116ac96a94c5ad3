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


def judge(gathering: Gathering, people: str, rules: Rules, engine: str) -> None:
    """Judge the people of a table of the gathering's connection (see expression.PEOPLE), and make `judged` there.

    Raises EngineUnreachable.
    """
    here, roll, found = gathering.con.con, gathering.con.table(people).select(*expression.PEOPLE), gathering.found()
    if engine == DUCKDB:
        here.execute(f"CREATE TABLE judged AS {gathering.con.compile(expression.judged(roll, found, rules))}")
        return
    with _connected(engine) as con:
        said = expression.judged(ibis.memtable(roll.to_pyarrow()), ibis.memtable(found.to_pyarrow()), rules)
        with con.to_pyarrow_batches(said) as rows:
            here.register("answered", rows)
            here.execute("CREATE TABLE judged AS FROM answered")
            here.unregister("answered")


def write(gathering: Gathering, people: str, out: Path) -> None:
    """Write down what `judged` says of the people, an Arrow file in the order of `person_id`."""
    said = "person_id, period_id, due, judged.* EXCLUDE (roll_row, found_row)"
    rows = gathering.con.con.sql(
        f"SELECT {said} FROM judged JOIN {people} USING (roll_row) ORDER BY person_id"  # noqa: S608 (our own names)
    ).to_arrow_reader(_ROWS)
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
