"""A run of the comparison: begun once for the same files, gone on with where it was stopped, stored by slices."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
from sqlalchemy import Update, delete, func, select, update
from sqlalchemy.orm import Session

from certification import certifying, due, journal, opening
from certification.comparison import bulk, engines, folders, rolls, signals
from certification.comparison.folders import REJECTED, RunElsewhere
from certification.comparison.gathering import Gathering
from certification.comparison.rules import Outcome, Rules
from certification.comparison.signals import File
from certification.errors import Problem
from certification.regions import Region
from certification.runtime import Runtime
from certification.store import ComparisonResult, ComparisonRun, Person, insert_once, new_id, only_read

SLICE = 50_000  # people; a slice is written in half a second, and calls wait for no more
_RESULTS, _ROLL, _READ = "results.arrow", "roll.parquet", "read.json"
clear, subject = folders.clear, folders.subject


class NothingCompared(Problem):
    """The region's rules open no comparison."""

    def __init__(self, region: Region) -> None:
        super().__init__(
            f"{region.name}没有数据比对，请先在地区文件里写 [comparison]，并在 routes 里加上 comparison。",
            f"Nothing is compared in {region.code}: give its file a [comparison], and comparison among its routes.",
        )


class Progress(Protocol):
    """Is told what is being done, of how many, and how far it is."""

    def __call__(self, what: str, total: int | None = None) -> Callable[[int], object]:
        """Begin a stretch of work; call what it gives with each part that is done."""


def silent(what: str, total: int | None = None) -> Callable[[int], object]:  # noqa: ARG001
    """Say nothing."""
    return lambda _: None


@dataclass(frozen=True, slots=True)
class Read:
    """What was read: signals, different numbers, numbers on nobody's roll here, lines not taken, and the engine."""

    people: int
    numbers: int
    strangers: int
    rejected: int
    engine: str = field(default=engines.DUCKDB)


def run(rt: Runtime, region: Region, paths: Sequence[Path], by: str, tell: Progress = silent) -> str:
    """Compare a region's people with these files; the identifier of the run, which is ready then.

    The same files under the same rules are one run: asked for again, it goes on where it was stopped, or is only named.
    Raises NothingCompared, SignalsUnreadable, EngineUnreachable, RunElsewhere.
    """
    rules = Rules.of(region, certifying.day_of(rt.now()))
    if rules is None:
        raise NothingCompared(region)
    read = tell("读取文件 reading", sum(path.stat().st_size for path in paths if path.is_file()))
    files = list({one.sha256: one for one in (File.of(path, read) for path in paths)}.values())
    signals.look_at(files)
    with rt.sessions.begin() as session:
        row = _begun(session, rt, region, rules, files, by)
    if row.state != "running":
        return row.id
    rules = Rules.of(region, row.on) or rules
    with folders.alone(rt, row.id) as folder:
        computed, worker = (folder / _RESULTS).exists(), new_id()
        if not computed:
            clear(rt, row.id)
            try:
                _compute(rt, region, rules, files, folder, tell)
            except BaseException:  # a file that cannot be read, or the keyboard: nothing of the roll is left lying
                clear(rt, row.id)
                raise
        with rt.sessions.begin() as session:
            if not _claimed(session, row.id, worker, anew=not computed):
                clear(rt, row.id)
                return row.id
        _store(rt, row.id, worker, folder, tell)
        with rt.sessions.begin() as session:
            _ready(session, rt, row.id, worker, Read(**json.loads((folder / _READ).read_text())), by)
        clear(rt, row.id)
    return row.id


def _begun(session: Session, rt: Runtime, region: Region, rules: Rules, files: list[File], by: str) -> ComparisonRun:
    days = [(one.name, int(one.strength), (rules.on - one.earliest).days) for one in rules.sources]
    events = [rules.dead, rules.alive]
    said = [region.code, days, events, repr(rules.rule), rules.register_only, sorted(one.sha256 for one in files)]
    inputs = sha256(json.dumps(said).encode()).hexdigest()
    made = {"id": new_id(), "region": region.code, "on": rules.on, "inputs": inputs, "state": "running"}
    listed = [{"name": one.path.name, "bytes": one.size, "sha256": one.sha256} for one in files]
    if insert_once(session, ComparisonRun, **made, files=listed, counts={}, started_by=by, started_at=rt.now()):
        facts = {"region": region.code, "files": listed}
        journal.write(session, rt.now(), by, "comparison begun", subject(str(made["id"])), **facts)
    return session.scalars(select(ComparisonRun).where(ComparisonRun.inputs == inputs)).one()


def _compute(rt: Runtime, region: Region, rules: Rules, files: list[File], folder: Path, tell: Progress) -> None:
    """Judge everybody, and write down what was not taken: what is there afterwards is whole."""
    write_roll(rt, region, rules, folder, tell)
    results, rejects = folder / f"{_RESULTS}.part", folder / f"{REJECTED}.part"
    read = judge(rt, rules, files, folder, results, rejects, tell)
    (folder / _READ).write_text(json.dumps({name: getattr(read, name) for name in Read.__slots__}))
    rejects.replace(folder / REJECTED)
    results.replace(folder / _RESULTS)


def write_roll(rt: Runtime, region: Region, rules: Rules, folder: Path, tell: Progress = silent) -> None:
    """Write down in a folder who is to be judged, each with their present period."""
    with rt.sessions.begin() as session:
        rolls.prepare(session)
    with rt.sessions() as session:
        everybody = session.scalars(select(func.count()).where(Person.region == region.code)).one()
        covered, _ = session.execute(due.counted(region.code, rules.on)).one()
    done = tell("周期 periods", everybody)
    done(everybody - (opening.open_all(rt, region.code, done, on=rules.on) if covered < everybody else 0))
    with rt.sessions() as session:
        only_read(session)
        rolls.write(session, region.code, rules, folder / _ROLL, tell("名册 roll", everybody))


def judge(
    rt: Runtime, rules: Rules, files: list[File], folder: Path, results: Path, rejects: Path, tell: Progress = silent
) -> Read:
    """Judge everybody of the roll in a folder, and write down the results, and the lines that were not taken."""
    step = tell("比对 comparing", 3)
    gathering = Gathering(files, rules, rt.keys, folder)
    try:
        gathering.gather()
        step(1)
        gathering.lay_out(folder / _ROLL)
        engines.judge(gathering, "people", rules, rt.settings.comparison_engine)
        step(1)
        strangers = gathering.look_for_strangers("judged")
        rejected = _write_rejected(gathering, rejects)
        step(1)
        people = gathering.people()
        done = tell("写下 writing", people)
        engines.write(gathering, "people", results)
        done(people)
        return Read(people, gathering.numbers(), strangers, rejected, rt.settings.comparison_engine.split(":")[0])
    finally:
        gathering.con.disconnect()


def _write_rejected(gathering: Gathering, path: Path) -> int:
    lines = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:  # with the mark, spreadsheets show the Chinese
        rows = csv.writer(file)
        rows.writerow(("file", "line", "reason"))
        for one in gathering.rejected():
            rows.writerow((one.file, one.line, one.why))
            lines += 1
    return lines


def _claimed(session: Session, run_id: str, worker: str, *, anew: bool) -> bool:
    """Take a run over for this process, from one that was killed or that runs elsewhere; False when it is stored.

    `anew`: slices that were computed before are forgotten, for the roll may have changed since.
    """
    running = _mine(run_id).values(worker=worker, **({"stored_to": ""} if anew else {}))
    if session.scalar(running.returning(ComparisonRun.id)) is None:
        return False
    if anew:
        session.execute(delete(ComparisonResult).where(ComparisonResult.run_id == run_id))
    return True


def _mine(run_id: str, worker: str | None = None) -> Update:
    running = update(ComparisonRun).where(ComparisonRun.id == run_id, ComparisonRun.state == "running")
    return running if worker is None else running.where(ComparisonRun.worker == worker)


def _store(rt: Runtime, run_id: str, worker: str, folder: Path, tell: Progress) -> None:
    with pa.memory_map(str(folder / _RESULTS)) as mapped, pa.ipc.open_file(mapped) as results:
        batches = [results.get_batch(number) for number in range(results.num_record_batches)]  # nothing is read yet
        done = tell("存储 storing", sum(batch.num_rows for batch in batches))
        for batch in batches:
            for begin in range(0, batch.num_rows, SLICE):
                part = batch.slice(begin, SLICE)
                with rt.sessions.begin() as session:
                    _store_slice(session, run_id, worker, part)
                done(part.num_rows)


def _store_slice(session: Session, run_id: str, worker: str, batch: pa.RecordBatch) -> None:
    """Store a slice, or nothing where it is stored already. Raises RunElsewhere where another process took it over."""
    last = batch["person_id"][-1].as_py()
    stored_to = session.scalar(_mine(run_id, worker).values(worker=worker).returning(ComparisonRun.stored_to))
    if stored_to is None:
        raise RunElsewhere
    if stored_to >= last:
        return
    session.execute(_mine(run_id, worker).values(stored_to=last))
    rows = batch.add_column(0, "run_id", pa.array([run_id] * batch.num_rows))
    bulk.insert(session, ComparisonResult, rows)


def _ready(session: Session, rt: Runtime, run_id: str, worker: str, read: Read, by: str) -> None:
    gone = delete(ComparisonResult).where(ComparisonResult.run_id == run_id)  # erased meanwhile
    session.execute(gone.where(~select(Person.id).where(Person.id == ComparisonResult.person_id).exists()))
    counts = dict(counted(session, run_id))
    facts: dict[str, Any] = {**counts, **{name: getattr(read, name) for name in Read.__slots__}}
    values = {"state": "ready", "ready_at": rt.now(), "counts": facts}
    if session.scalar(_mine(run_id, worker).values(**values).returning(ComparisonRun.id)) is None:
        raise RunElsewhere
    journal.write(session, rt.now(), by, "comparison ready", subject(run_id), **facts)


def counted(session: Session, run_id: str) -> Counter[str]:
    """How many people a run has of each outcome."""
    outcome = ComparisonResult.outcome
    rows = session.execute(select(outcome, func.count()).where(ComparisonResult.run_id == run_id).group_by(outcome))
    return Counter({str(name): int(number) for name, number in rows})


def examples(session: Session, run_id: str, most: int) -> dict[str, list[str]]:
    """Of the outcomes that somebody has to see to, the identifiers of some of the people."""
    found = {}
    for outcome in (Outcome.CONTRADICTION, Outcome.DEATH, Outcome.UNRESOLVED):
        theirs = select(ComparisonResult.person_id).where(
            ComparisonResult.run_id == run_id, ComparisonResult.outcome == outcome.value
        )
        if people := list(session.scalars(theirs.order_by(ComparisonResult.person_id).limit(most))):
            found[outcome.value] = people
    return found
