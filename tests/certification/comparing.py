"""A few people of a region, and files of signals about them."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import select

from certification import certifying, people
from certification.comparison import releasing, runs
from certification.runtime import Runtime
from certification.store import ComparisonResult, ComparisonRun, Person
from tests.certification.numbers import resident_number

HEADER = ("id_number", "source", "seen_on", "event")
Signal = tuple[str, str, str, str]


def number(order: int) -> str:
    """The identity number of the resident of this order."""
    return resident_number("370202", 1930 + order // 999, 5, 15, 1 + order % 999)


def residents(rt: Runtime, count: int, region: str = "qingdao") -> list[str]:
    """So many people, each with the present period on record; their identifiers, in the order of their numbers."""
    with rt.sessions.begin() as session:
        found = [
            people.add(session, rt, id_number=number(one), name=f"吴{one}", region=region, phone=f"1380000{one:04d}")
            for one in range(1, count + 1)
        ]
        for person in found:
            certifying.current_period(session, rt, person)
        return [person.id for person in found]


def signals(path: Path, rows: Iterable[Signal]) -> Path:
    """A CSV file of signals."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


def compare(rt: Runtime, path: Path, region: str = "qingdao") -> ComparisonRun:
    """Run a comparison; the run, ready."""
    identifier = runs.run(rt, rt.regions[region], [path], "clerk")
    return run(rt, identifier)


def released(rt: Runtime, path: Path, region: str = "qingdao") -> ComparisonRun:
    """Run a comparison and release it."""
    found = compare(rt, path, region)
    releasing.release(rt, found.id, "supervisor")
    return run(rt, found.id)


def run(rt: Runtime, identifier: str) -> ComparisonRun:
    """A run as it stands."""
    with rt.sessions() as session:
        return session.get_one(ComparisonRun, identifier)


def outcomes(rt: Runtime, identifier: str) -> dict[str, str]:
    """What a run says of each person."""
    with rt.sessions() as session:
        rows = select(ComparisonResult.person_id, ComparisonResult.outcome)
        return dict(session.execute(rows.where(ComparisonResult.run_id == identifier)).all())


def closed(rt: Runtime, person_id: str) -> bool:
    """Whether somebody's present period is certified."""
    with rt.sessions() as session:
        return certifying.status(session, rt, session.get_one(Person, person_id)).closed
