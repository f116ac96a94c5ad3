"""The comparison killed at points of chance: nothing is lost, nothing is there twice. `make soak` does so oftener."""

from __future__ import annotations

import json
import os
import pkgutil
import signal
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from itertools import count
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import func, select, update

from certification import certifying, comparison, journal
from certification.comparison import folders, runs
from certification.comparison.releasing import LADDER_DAYS
from certification.comparison.rules import Outcome
from certification.keys import KeyRing
from certification.runtime import Runtime, utc_now
from certification.settings import Settings
from certification.store import Case, Climb, ComparisonResult, ComparisonRun, Evidence, JournalEntry, Period, only_read
from ops.cli import main
from ops.commands import comparing
from tests.certification.comparing import Signal, number, residents, signals

ROUNDS = 2 * int(os.environ["SOAK_ROUNDS"]) if "SOAK_ROUNDS" in os.environ else 3
"""On SQLite and PostgreSQL by turns; SOAK_ROUNDS: so many on each."""
PEOPLE, SLICE = 160, 2
COMPUTED_S = 2.5  # a run has come to storing before that
_BETWEEN_S = 0.02  # a few slices' time: it dies within one, or between two
_NEVER = (0, 0.0)
_SERVER = get_context("forkserver")
_SERVER.set_forkserver_preload([__name__])  # the libraries of a comparison take seconds to load


class DyingBars(comparing.Bars):
    """Ends the process `after_s` after so many slices; the system does it, whatever it is at: nothing is tidied up."""

    slices, after_s = _NEVER

    def __call__(self, what: str, total: int | None = None) -> Callable[[int], object]:
        """Begin the next bar."""
        update, left = super().__call__(what, total), count(self.slices, -1)
        if not self.slices or what.split()[-1] not in ("storing", "releasing", "undoing"):
            return update
        next(left)

        def done(part: int) -> None:
            update(part)
            if next(left) == 0:
                signal.setitimer(signal.ITIMER_REAL, self.after_s)

        return done


def work(environment: dict[str, str], arguments: tuple[str, ...], death: tuple[int, float]) -> None:
    """What a process of a command's own does."""
    os.environ.update(environment)
    DyingBars.slices, DyingBars.after_s = death
    comparing.Bars = DyingBars  # type: ignore[misc]
    for one in pkgutil.iter_modules(comparison.__path__, f"{comparison.__name__}."):
        if "SLICE" in (names := vars(import_module(one.name))):
            names["SLICE"] = SLICE
    with Path(os.devnull).open("w") as sys.stdout:
        main(arguments)


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


def started(
    environment: dict[str, str], arguments: tuple[str, ...], death: tuple[int, float] = _NEVER
) -> ForkServerProcess:
    """A command in a process of its own. `death`: after so many slices, and so long after that."""
    child = _SERVER.Process(target=work, args=(environment, arguments, death))
    child.start()
    return child


def killed_within(environment: dict[str, str], random: Random, first: int, last: int, *arguments: str) -> None:
    """Let a command die somewhere after one of these slices of its own."""
    child = started(environment, arguments, (random.randint(first, last), random.uniform(1e-4, _BETWEEN_S)))
    child.join()
    assert child.exitcode == -signal.SIGALRM


def killed_anywhere(environment: dict[str, str], random: Random, *arguments: str) -> None:
    """Kill a command at some moment, in its first slices at the latest."""
    child = started(environment, arguments, (1, 1e-4))
    child.join(random.uniform(0, COMPUTED_S))
    child.kill()
    child.join()
    assert child.exitcode in (-signal.SIGKILL, -signal.SIGALRM)


def ended(environment: dict[str, str], *arguments: str) -> None:
    """Let a command end by itself."""
    child = started(environment, arguments)
    child.join()
    assert child.exitcode == 0


class Roll:
    """People of whom this is said in a file, and what is on record of a run over it."""

    def __init__(self, rt: Runtime, folder: Path, random: Random) -> None:
        self.rt, self.people = rt, sorted(residents(rt, PEOPLE))
        day = certifying.day_of(utc_now())
        with rt.sessions.begin() as session:  # whatever is left of this month
            session.execute(update(Period).values(due=day + timedelta(days=LADDER_DAYS)))
        kinds = [random.choice([Outcome.CERTIFIED] * 3 + [Outcome.UNRESOLVED, Outcome.DEATH]) for _ in self.people]
        rows: list[Signal] = [
            (number(order), "medical", day.isoformat(), "death" if kind is Outcome.DEATH else "seen")
            for order, kind in enumerate(kinds, start=1)
            if kind is not Outcome.UNRESOLVED
        ]
        self.path, self.wanted = signals(folder / "signals.csv", rows), Counter(kind.value for kind in kinds)

    def run(self) -> ComparisonRun:
        """The one run there is."""
        with self.rt.sessions() as session:
            only_read(session)
            return session.scalars(select(ComparisonRun)).one()

    def midway(self, state: str, to: str) -> None:
        """Hold that a run was stopped in the middle of its slices."""
        run = self.run()
        assert run.state == state and self.people[0] < getattr(run, to) < self.people[-1]

    def count(self, table: type, *conditions: object) -> int:
        """How many rows of a table are so."""
        with self.rt.sessions() as session:
            rows = select(func.count()).select_from(table).where(*conditions)  # type: ignore[arg-type]
            return session.scalars(rows).one()

    def slices(self, state: str) -> Counter[str]:
        """What the journal says of all slices together; that there is one entry for each."""
        said = select(JournalEntry).where(JournalEntry.action == f"comparison slice {state}")
        with self.rt.sessions() as session:
            entries = session.scalars(said).all()
            assert len(entries) == PEOPLE // SLICE
            return sum((Counter(_numbers(one.detail)) for one in entries), Counter[str]())


def _numbers(detail: str) -> dict[str, int]:
    return {name: value for name, value in json.loads(detail).items() if isinstance(value, int)}


@pytest.mark.parametrize(
    ("database_url", "seed"),
    [(("sqlite", "postgresql")[seed % 2], seed) for seed in range(ROUNDS)],
    indirect=["database_url"],
)
def test_killed_anywhere_it_is_done_once(database_url: str, tmp_path: Path, seed: int) -> None:
    random, environment = Random(seed), service(database_url, tmp_path)
    rt = Runtime.of(Settings.read(environment), lambda _job, _identifier: None)
    roll = Roll(rt, tmp_path, random)
    wanted, most = roll.wanted, PEOPLE // SLICE
    run = ("compare", "run", "--region", "qingdao", "--signals", str(roll.path))
    killed_anywhere(environment, random, *run)
    killed_within(environment, random, 1, most // 2, *run)
    roll.midway("running", "stored_to")
    ended(environment, *run)
    identifier = roll.run().id
    with rt.sessions() as session:
        assert runs.counted(session, identifier) == wanted
    assert (roll.count(ComparisonResult), roll.count(Evidence), roll.run().state) == (PEOPLE, 0, "ready")

    release = ("compare", "release", identifier, "--by", "supervisor")
    killed_within(environment, random, 1, most // 2, *release)
    roll.midway("releasing", "released_to")
    ended(environment, *release)
    certified, unresolved, dead = (wanted[one] for one in (Outcome.CERTIFIED, Outcome.UNRESOLVED, Outcome.DEATH))
    assert (roll.run().state, roll.count(ComparisonResult)) == ("released", PEOPLE)
    assert (roll.count(Evidence), roll.count(Climb), roll.count(Case)) == (certified, unresolved, dead)
    assert roll.count(Period, Period.closed_at.is_not(None)) == certified
    told = {"people": PEOPLE, "evidence": certified, "closed": certified, "climbs": unresolved, "cases": dead}
    assert roll.slices("releasing") == Counter(told)

    undo = ("compare", "undo", identifier, "--by", "supervisor", "--reason", "why")
    killed_within(environment, random, 1, most // 2, *undo)
    roll.midway("undoing", "undone_to")
    ended(environment, *undo)
    assert (roll.run().state, roll.count(ComparisonResult)) == ("undone", PEOPLE)
    assert roll.count(Evidence) == roll.count(Evidence, Evidence.withdrawn_at.is_not(None)) == certified
    assert (roll.count(Period, Period.closed_at.is_not(None)), roll.count(Climb)) == (0, 0)
    assert roll.count(Case) == roll.count(Case, Case.verdict == "undone") == dead
    told = {"people": PEOPLE, "withdrawn": certified, "reopened": certified, "climbs": unresolved, "cases": dead}
    assert roll.slices("undoing") == Counter(told)
    with rt.sessions() as session:
        assert isinstance(journal.verify(session), journal.Verified)
    assert not list((tmp_path / folders.FOLDER / identifier).glob("*.parquet*"))
    rt.sessions.kw["bind"].dispose()
