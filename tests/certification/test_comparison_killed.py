"""The comparison killed at points of chance: nothing is lost, nothing is there twice. `make soak` kills oftener."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import func, select, update

from certification import certifying
from certification.comparison import runs
from certification.comparison.releasing import LADDER_DAYS
from certification.comparison.rules import Outcome
from certification.keys import KeyRing
from certification.runtime import Runtime, utc_now
from certification.settings import Settings
from certification.store import Case, Climb, ComparisonResult, ComparisonRun, Evidence, JournalEntry, Period
from tests.certification.comparing import Signal, number, residents, signals

ROUNDS = int(os.environ.get("SOAK_ROUNDS", "3"))
PEOPLE = 240
_PROGRAM = """
import sys
from certification.comparison import releasing, runs
from ops.cli import main
runs.SLICE = releasing.SLICE = 10
print("begun", flush=True)
main(sys.argv[1:])
"""


def service(database_url: str, folder: Path) -> dict[str, str]:
    """The settings of a service on this database."""
    return {
        "PUBLIC_BASE_URL": "https://line.example",
        "SESSION_SECRET": "secret",
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": "token",
        "STILLHERE_KEYS": KeyRing.generate_text(),
        "STILLHERE_DATA": str(folder),
        "DATABASE_URL": database_url,
    }


def started(environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    """A command in a process of its own, once its libraries are loaded."""
    command = [sys.executable, "-c", _PROGRAM, *arguments]
    child = subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline() == "begun\n"
    return child


def killed(environment: dict[str, str], after_s: float, *arguments: str) -> bool:
    """Whether a command was still at work so many seconds after it began, and was killed."""
    child = started(environment, *arguments)
    time.sleep(after_s)
    child.kill()
    child.communicate()
    return child.returncode < 0


def took(environment: dict[str, str], *arguments: str) -> float:
    """Let a command end by itself; its seconds."""
    child = started(environment, *arguments)
    began = time.monotonic()
    child.communicate()
    assert child.returncode == 0
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("database_url", "seed"),
    [(("sqlite", "postgresql")[seed % 2], seed) for seed in range(ROUNDS)],
    indirect=["database_url"],
)
def test_killed_anywhere_it_is_done_once(database_url: str, tmp_path: Path, seed: int) -> None:
    random, environment = Random(seed), service(database_url, tmp_path)
    rt = Runtime.of(Settings.read(environment), lambda _job, _identifier: None)
    people = residents(rt, PEOPLE)
    day = certifying.day_of(utc_now())
    with rt.sessions.begin() as session:  # whatever is left of this month
        session.execute(update(Period).values(due=day + timedelta(days=LADDER_DAYS)))
    kinds = [random.choice(list(Outcome)[:1] * 3 + [Outcome.UNRESOLVED, Outcome.DEATH]) for _ in people]
    rows: list[Signal] = [
        (number(order), "medical", day.isoformat(), "death" if kind is Outcome.DEATH else "seen")
        for order, kind in enumerate(kinds, start=1)
        if kind is not Outcome.UNRESOLVED
    ]
    path = signals(tmp_path / "signals.csv", rows)
    run = ("compare", "run", "--region", "qingdao", "--signals", str(path))
    killed(environment, random.uniform(0, 2.5), *run)
    whole = took(environment, *run)
    with rt.sessions() as session:
        [identifier] = session.scalars(select(ComparisonRun.id))
        assert runs.counted(session, identifier) == Counter(kind.value for kind in kinds)
        assert session.scalars(select(func.count()).select_from(Evidence)).one() == 0
    release = ("compare", "release", identifier, "--by", "supervisor")
    killed(environment, random.uniform(0, max(0.5, whole / 2)), *release)
    took(environment, *release)
    wanted = Counter(kinds)
    with rt.sessions() as session:

        def rows_of(table: type) -> int:
            return session.scalars(select(func.count()).select_from(table)).one()

        assert session.get_one(ComparisonRun, identifier).state == "released"
        assert rows_of(ComparisonResult) == PEOPLE
        assert rows_of(Evidence) == wanted[Outcome.CERTIFIED]
        assert rows_of(Climb) == wanted[Outcome.UNRESOLVED]
        assert rows_of(Case) == wanted[Outcome.DEATH]
        closed = session.scalars(select(func.count()).where(Period.closed_at.is_not(None))).one()
        assert closed == wanted[Outcome.CERTIFIED]
        slices = select(func.count()).where(JournalEntry.action == "comparison slice releasing")
        assert session.scalars(slices).one() == PEOPLE // 10
    assert not list((tmp_path / runs.FOLDER / identifier).glob("*.parquet*"))
    rt.sessions.kw["bind"].dispose()
