"""The monthly comparison at the size of a city: from CSV to stored results, beside a bare DuckDB join of its files.

Computing is what the join has a like of: from the files to what is said of everybody, in memory, and no database takes
part in it. Both are done by turns, nine times (three for more than two million people), each time in a process of its
own, and the middle ones are told: other work on the machine slows either by chance. Beside them stand seconds of the
processor, and the quickest of the joins in a process that is warm.

`python -m ops.bench.comparison` measures this alone, in any size: on SQLite in a temporary folder, and on the
PostgreSQL server at TEST_POSTGRES_URL, whose user may create databases.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import click
import duckdb
import pyarrow as pa
from sqlalchemy import func, select, text

from certification import certifying, seals
from certification.comparison import bulk, releasing, runs
from certification.comparison.rules import Rules
from certification.comparison.signals import File
from certification.identity import CHECK, WEIGHTS
from certification.keys import KeyRing
from certification.periods import Dates, span
from certification.runtime import Runtime, utc_now
from certification.settings import Settings
from certification.store import ComparisonResult, ComparisonRun, Period, Person
from ops.bench import parts, results
from ops.migrations import upgrade

REGION = "qingdao"
SIGNALS_EACH = 3
_DAYS = 7300
_ROWS = 100_000
_INDEX = f"sha256(?::BLOB || unhex(sha256(?::BLOB || encode('{seals.NUMBER}' || chr(0) || id_number))))"
_CHILD = """
import sys
from ops.bench import comparison
getattr(comparison, sys.argv[1])(*sys.argv[2:])
"""
_TURNS, _FEW_TURNS, _MANY = 9, 3, 2_000_000


@click.command()
@click.option("--people", multiple=True, type=int, default=[2_000_000], show_default=True, help="may be given again")
@click.option("--release", is_flag=True, help="release the run, too")
@click.option("--save", is_flag=True, help="keep the result in docs/bench, with date, commit and a picture")
def bench(people: tuple[int, ...], release: bool, save: bool) -> None:
    """Measure, and print one JSON object."""
    sizes = list[dict[str, Any]]()
    for size in people:
        for one in measured(size, release):
            click.echo(json.dumps(one), err=True)
            sizes.append(one)
    found: dict[str, object] = {"sizes": sizes}
    found |= {"machine": results.machine(), "load": round(os.getloadavg()[1], 1)}
    if save:
        found = results.keep(found, "comparison-")
        draw(found, results.RESULTS / f"comparison-{found['date']}.svg")
    click.echo(json.dumps(found))


def draw(found: dict[str, Any], path: Path) -> None:
    """Draw seconds over people, both logarithmic: a line that rises one to one is a cost that grows linearly."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4))
    axes = figure.subplots()
    for name in sorted({one["database"] for one in found["sizes"]}):
        rows = sorted((one["people"], one["run_s"]) for one in found["sizes"] if one["database"] == name)
        axes.loglog(*zip(*rows, strict=True), marker="o", label=f"{name}: CSV to stored results")
    rows = sorted((one["people"], one["bare_join_s"]) for one in found["sizes"] if one["database"] == "sqlite")
    axes.loglog(*zip(*rows, strict=True), marker="x", linestyle=":", label="DuckDB: bare join of the files")
    axes.set(xlabel="people (three signals each)", ylabel="seconds")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def figures(people: int) -> dict[str, object]:
    """What `make bench` says of it: seconds of the whole run on each database, and the ratio to the bare join."""
    found: dict[str, object] = {"comparison_people": people}
    for one in measured(people, release=False):
        name = f"comparison_{one['database']}"
        found |= {f"{name}_run_s": one["run_s"], f"{name}_mib": one["most_mib"]}
        found |= {f"comparison_{of}": one[of] for of in ("to_bare_join", "to_bare_join_cpu")}
    return found


def measured(people: int, release: bool) -> Iterator[dict[str, Any]]:
    """On each database in turn: what run() says, and how much longer than the bare join the computing takes."""
    ratio = dict[str, Any]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files(folder, people)
        for environment in databases(folder):
            city(environment, folder)
            took = run(environment, folder, release)
            ratio = ratio or ratios(environment, folder, _TURNS if people <= _MANY else _FEW_TURNS)
            yield took | {"people": people} | ratio


def ratios(environment: dict[str, str], folder: Path, turns: int) -> dict[str, Any]:
    """How much longer the computing takes than the bare join of the same files, and both in seconds."""
    child(environment, "rolled", str(folder))
    joins, computed = list[dict[str, float]](), list[dict[str, float]]()
    for _ in range(turns):
        joins.append(child(environment, "bare_joins", str(folder)))
        computed.append(child(environment, "computing", str(folder)))
    join, join_cpu = (median(one[name] for one in joins) for name in ("cold_s", "cold_cpu_s"))
    ours, ours_cpu = (median(one[name] for one in computed) for name in ("comparing_s", "comparing_cpu_s"))
    warm = min(one["warm_s"] for one in joins)
    found = {"bare_join_s": join, "bare_join_cpu_s": join_cpu, "bare_join_warm_s": warm}
    found |= {"computing_s": ours, "computing_cpu_s": ours_cpu, "indexing_s": blind_index(environment, folder)}
    found |= {"to_bare_join": ours / join, "to_bare_join_cpu": ours_cpu / join_cpu, "to_warm_join": ours / warm}
    each = {"bare_joins_s": [round(one["cold_s"], 2) for one in joins]}
    each |= {"computings_s": [one["comparing_s"] for one in computed]}
    return {name: round(value, 2) for name, value in found.items()} | each


def files(folder: Path, people: int) -> None:
    """Write the roll and three signals for each of its people, in an order of chance; one in a hundred has none."""
    con = duckdb.connect()
    total = " + ".join(f"{weight} * (ascii(body[{place}]) - 48)" for place, weight in enumerate(WEIGHTS, start=1))
    con.execute(
        f"""CREATE TABLE roll AS SELECT i, body || substr('{CHECK}', 1 + ({total}) % 11, 1) AS id_number FROM (
            SELECT i, CAST(370202 + i // {_DAYS * 1000} AS VARCHAR)
                || strftime(DATE '1940-01-01' + CAST(i % {_DAYS} AS INTEGER), '%Y%m%d')
                || lpad(CAST(i // {_DAYS} % 1000 AS VARCHAR), 3, '0') AS body FROM range({people}) r(i))"""  # noqa: S608
    )
    today = certifying.day_of(utc_now())
    con.execute(
        f"""COPY (SELECT id_number, ['medical', 'bank_card', 'transit'][k + 1] AS source,
                strftime(DATE '{today}' - CAST(hash(i * 3 + k) % {today.day} AS INTEGER), '%Y-%m-%d') AS seen_on,
                CASE WHEN hash(i * 7 + k) % 20000 = 0 THEN 'death' ELSE 'seen' END AS event
            FROM roll, range({SIGNALS_EACH}) r(k) WHERE hash(i) % 100 > 0 ORDER BY hash(i * 5 + k)
        ) TO '{folder / "signals.csv"}' (HEADER)"""  # noqa: S608
    )
    con.execute(f"COPY (SELECT id_number, '吴' || i AS name FROM roll) TO '{folder / 'roll.csv'}' (HEADER)")  # noqa: S608


def bare_joins(folder: str) -> None:
    """DuckDB alone with the same files: for each person the last day by source and the first death.

    The work of a process: prints the seconds of its first join, and of the quickest of two more.
    """
    con = duckdb.connect()
    con.execute("SET threads = 2")
    last = ", ".join(f"max(s.seen_on) FILTER (s.source = '{one}')" for one in ("medical", "bank_card", "transit"))
    query = f"""CREATE OR REPLACE TABLE joined AS SELECT r.id_number, {last}, min(s.seen_on) FILTER (s.event = 'death')
        FROM read_csv('{folder}/roll.csv', all_varchar = true) r
        LEFT JOIN read_csv('{folder}/signals.csv', all_varchar = true) s USING (id_number) GROUP BY 1"""  # noqa: S608
    began = time.process_time()
    cold = _least(con, query, times=1)
    cpu = time.process_time() - began
    print(json.dumps({"cold_s": cold, "cold_cpu_s": cpu, "warm_s": _least(con, query, times=2)}))


def blind_index(environment: dict[str, str], folder: Path) -> float:
    """Seconds of DuckDB alone to make the blind index of each number: what it costs not to compare them in clear."""
    con = duckdb.connect()
    con.execute("SET threads = 2")
    con.execute(f"CREATE TABLE numbers AS SELECT id_number FROM read_csv('{folder / 'roll.csv'}', all_varchar = true)")  # noqa: S608
    [(inner, outer)] = _runtime(environment).keys.pads()
    index = f"CREATE OR REPLACE TABLE indexes AS SELECT {_INDEX} FROM numbers"  # noqa: S608
    return _least(con, index, [outer, inner], times=3)


def _least(con: duckdb.DuckDBPyConnection, query: str, values: list[bytes] | None = None, *, times: int) -> float:
    """The seconds that a query takes, the least of so many times."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        con.execute(query, values)
        took.append(time.perf_counter() - began)
    return min(took)


def databases(folder: Path) -> Iterator[dict[str, str]]:
    """The settings of a service on each database that is here, migrated and empty."""
    settings = {
        "PUBLIC_BASE_URL": "http://127.0.0.1",
        "SESSION_SECRET": "bench",
        "TWILIO_ACCOUNT_SID": "AC",
        "TWILIO_AUTH_TOKEN": "bench",
        "STILLHERE_KEYS": KeyRing.generate_text(),
        "STILLHERE_DATA": str(folder),
    }
    upgrade(Settings.read(settings).database_url)
    yield settings
    server = os.environ.get("TEST_POSTGRES_URL")
    if server:
        with parts.postgresql(server) as url:
            yield settings | {"DATABASE_URL": url}


def city(environment: dict[str, str], folder: Path) -> None:
    """Put everybody of the roll into the database, with the present period; names are not sealed for real."""
    rt = _runtime(environment)
    con = duckdb.connect()
    [(inner, outer)] = rt.keys.pads()
    rows = con.sql(
        f"""SELECT md5(id_number) AS id, id_number, {_INDEX} AS number_index
        FROM read_csv(?, all_varchar = true) ORDER BY 1""",  # noqa: S608
        params=[outer, inner, str(folder / "roll.csv")],
    )
    now, today = utc_now(), certifying.day_of(utc_now())
    present = span(rt.regions[REGION].interval, Dates(today, today), today)
    moment = (now - timedelta(days=1)).replace(tzinfo=None).isoformat(" ", "microseconds")
    copied = rt.sessions.kw["bind"].dialect.name == "postgresql"

    def as_bytes(values: list[bytes]) -> pa.Array:
        return pa.array(["\\x" + value.hex() for value in values] if copied else values)

    for batch in rows.to_arrow_reader(_ROWS):
        count = batch.num_rows
        numbers = zip(batch["id"].to_pylist(), batch["id_number"].to_pylist(), strict=True)
        people: dict[str, Any] = {
            "id": batch["id"],
            "name_sealed": as_bytes([b"x"] * count),
            "number_sealed": as_bytes([rt.keys.seal(text.encode(), seals.number(one)) for one, text in numbers]),
            "number_index": batch["number_index"],
            "region": pa.array([REGION] * count),
            "created_at": pa.array([moment] * count),
        }
        periods = {
            "id": batch["id"],
            "person_id": batch["id"],
            "opens": pa.array([present.opens] * count),
            "due": pa.array([present.due] * count),
        }
        with rt.sessions.begin() as session:
            bulk.insert(session, Person, pa.RecordBatch.from_pydict(people))
            bulk.insert(session, Period, pa.RecordBatch.from_pydict(periods))
    with rt.sessions.begin() as session:
        session.execute(text("ANALYZE"))  # as either database does by itself after a while
    rt.sessions.kw["bind"].dispose()


def run(environment: dict[str, str], folder: Path, release: bool) -> dict[str, Any]:
    """Compare in a process of its own, and say how long it took and how much memory it had at most."""
    found = child(environment, "worked", str(folder / "signals.csv"), "yes" if release else "")
    return {"database": Settings.read(environment).database_url.partition(":")[0].partition("+")[0]} | found


def child(environment: dict[str, str], function: str, *arguments: str) -> dict[str, Any]:
    """What a function of this module prints last, called in a process of its own."""
    command = [sys.executable, "-c", _CHILD, function, *arguments]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.ClickException(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def rolled(folder: str) -> None:
    """Write down the roll for computing(): the work of a process."""
    rt = _runtime(dict(os.environ))
    runs.write_roll(rt, rt.regions[REGION], _rules(rt), Path(folder))
    print("{}")


def computing(folder: str) -> None:
    """Judge the roll, as a run does: the work of a process. Prints its seconds."""
    rt, stretches, work = _runtime(dict(os.environ)), parts.Stretches(), Path(folder)
    signals, out = [File.of(work / "signals.csv")], (work / "results", work / "rejects")
    runs.judge(rt, _rules(rt), signals, work, *out, stretches)
    print(json.dumps(stretches.took()))


def _rules(rt: Runtime) -> Rules:
    rules = Rules.of(rt.regions[REGION], certifying.day_of(rt.now()))
    assert rules is not None
    return rules


def worked(path: str, release: str) -> None:
    """The work of the process: prints seconds by stretch of work, memory at its most, and how much is stored."""
    rt, stretches = _runtime(dict(os.environ)), parts.Stretches()
    began = time.perf_counter()
    identifier = runs.run(rt, rt.regions[REGION], [Path(path)], "bench", stretches)
    ended = time.perf_counter()
    took = stretches.took()
    with rt.sessions() as session:
        mine = select(func.count()).where(ComparisonResult.run_id == identifier)
        stored, counts = session.scalars(mine).one(), session.get_one(ComparisonRun, identifier).counts
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    found = {**took, "run_s": round(ended - began, 2), "stored": stored, "counts": counts}
    found["most_mib"] = round(int(status["VmHWM"].split()[0]) / 1024)
    if release:
        releasing.release(rt, identifier, "bench")
        found["release_s"] = round(time.perf_counter() - ended, 2)
    print(json.dumps(found))


def _runtime(environment: dict[str, str]) -> Runtime:
    return Runtime.of(Settings.read(environment), lambda _job, _identifier: None)


if __name__ == "__main__":
    bench()
