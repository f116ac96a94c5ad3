"""Who is due, whom to remind, what to suspend; a month's periods opened, a campaign planned: in a city of two million.

`python -m ops.bench.city` measures this alone; on SQLite in a temporary folder, and on the PostgreSQL server at
TEST_POSTGRES_URL, whose user may create databases.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import click
from sqlalchemy import Executable, text
from sqlalchemy.orm import Session

from certification import due, opening, reminders
from certification.certifying import day_of
from certification.ladder import climbing
from certification.periods import Interval
from certification.regions import Region, Regions
from certification.runtime import Runtime
from certification.store import only_read, open_sessions
from certification.suspension import histories
from ops.bench import parts, results
from sms import campaigns, planning, recipients

PEOPLE = 2_000_000
OVERDUE = 0.01
CERTIFIED = 0.4
MOBILES = 0.8
NOW = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
_YEAR = timedelta(days=365)
_ROUNDS = 3
_ROWS = 100_000


def queries(people: int = PEOPLE) -> dict[str, object]:
    """Seconds on SQLite, and on PostgreSQL where there is one."""
    found: dict[str, object] = {"city_people": people}
    with parts.database() as rt:
        found |= {f"{name}_sqlite_s": value for name, value in measured(build(rt, people), people).items()}
    server = os.environ.get("TEST_POSTGRES_URL")
    if not server:
        return found | {"city_postgresql": "not measured: set TEST_POSTGRES_URL"}
    with parts.database() as rt, parts.postgresql(server) as url:
        there = build(replace(rt, sessions=open_sessions(url)), people)
        found |= {f"{name}_postgresql_s": value for name, value in measured(there, people).items()}
        there.sessions.kw["bind"].dispose()
    return found


def measured(rt: Runtime, people: int) -> dict[str, float]:
    """Seconds of each, in the city that build() made of so many people; a hundredth of them is overdue."""
    region, today = rt.regions.default, day_of(rt.now())
    found = dict[str, float]()
    with rt.sessions() as session:
        only_read(session)
        for name, query in asked(session, region, today).items():
            cpu, wall = time.process_time(), parts.seconds(partial(_ask, session, query), _ROUNDS)
            found |= {name: wall, f"{name}_cpu": (time.process_time() - cpu) / (_ROUNDS + 1)}  # of ours, no server's
        found["whom_to_put_on_the_ladder"] = parts.seconds(partial(climbing.overdue, session, rt), _ROUNDS)
    monthly = replace(rt, regions=_asking(Interval.MONTH), now=lambda: NOW + 2 * _YEAR)  # everybody's period is over
    began = time.perf_counter()
    assert opening.open_all(monthly, region.code) == people
    found["opening_a_month"] = time.perf_counter() - began
    began = time.perf_counter()
    assert opening.open_all(monthly, region.code) == 0
    found["opening_nothing"] = time.perf_counter() - began
    return {name: round(value, 3) for name, value in (found | campaigned(rt)).items()}


def campaigned(rt: Runtime) -> dict[str, float]:
    """Seconds to plan and to release the reminders of everybody at once, as where a quarter ends; and the messages."""
    region, today = rt.regions.default, day_of(rt.now())
    last = {"due": today + timedelta(days=region.reminders.days_before[0]), "opens": today - _YEAR}
    with rt.sessions.begin() as session:
        session.execute(text("DELETE FROM periods WHERE id NOT LIKE 'b00000000%'"))
        ends_alike = "UPDATE periods SET due = :due, opens = :opens, closed_at = NULL"
        session.execute(text(ends_alike), last)
    _tidy(rt)
    with rt.sessions() as session:
        only_read(session)
        foreseeing = parts.seconds(partial(recipients.foreseen, session, rt, region, today), 1)
    began = time.perf_counter()
    identifier = planning.plan(rt, region, today, "bench")
    planned = time.perf_counter()
    messages = campaigns.release(replace(rt, enqueue=lambda *_: None), identifier, "bench")
    took = {"planning_a_campaign": planned - began, "releasing_it": time.perf_counter() - planned}
    return {"foreseeing_a_campaign": foreseeing, **took, "campaign_messages": messages}


def _tidy(rt: Runtime) -> None:
    """What PostgreSQL does by itself, minutes after two million rows were changed in a way that no day brings."""
    engine = rt.sessions.kw["bind"]
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (ANALYZE) periods"))


def asked(session: Session, region: Region, today: date) -> dict[str, Executable]:
    """The three questions of every day, each a single statement."""
    return {
        "who_is_due": due.counted(region.code, today),
        "whom_to_remind": reminders.to_remind(session, region, today),
        "what_to_suspend": histories.overdue(session, region.code, today),
    }


def _ask(session: Session, query: Executable) -> None:
    session.execute(query).all()


def _city(rt: Runtime) -> Runtime:
    begun = time.monotonic()  # the clock goes on: what is put down later has a later identifier, as in life
    return replace(rt, regions=_asking(Interval.YEAR), now=lambda: NOW + timedelta(seconds=time.monotonic() - begun))


def _asking(interval: Interval) -> Regions:
    region: Region = Regions.load().default.model_copy(update={"interval": interval})
    return Regions({region.code: region}, region.code)


Sealed = Callable[[str], tuple[bytes, str | None, bytes, str]]
"""Of somebody, by identifier: their name and its index, their number and its index."""


def _nameless(one: str) -> tuple[bytes, str | None, bytes, str]:
    return b"-", None, b"-", one * 2


def build(rt: Runtime, people: int, sealed: Sealed = _nameless) -> Runtime:
    """Fill the database, and give its runtime: each with last year's period and this one's, most with a mobile."""
    rt = _city(rt)
    random = Random(20261127)  # noqa: S311 - the same city each time
    region, today = rt.regions.default.code, day_of(rt.now())
    ids = sorted(f"{random.getrandbits(128):032x}" for _ in range(people))
    made = "2026-01-01 00:00:00.000000+00:00"[: 26 if rt.sessions.kw["bind"].dialect.name == "sqlite" else None]
    fill(
        rt,
        "people(id, region, created_at, name_sealed, name_index, number_sealed, number_index)",
        ((one, region, made, *sealed(one)) for one in ids),
    )
    numbered = ((one, f"{number:032x}") for number, one in enumerate(ids) if random.random() < MOBILES)
    fill(
        rt,
        "phones(id, person_id, number_sealed, number_index, kind, holder)",
        ((number, one, b"-", one * 2, "mobile", "self") for one, number in numbered),
    )
    fill(rt, "periods(id, person_id, opens, due, closed_at)", _periods(ids, today, made, random))
    if rt.sessions.kw["bind"].dialect.name == "postgresql":
        with rt.sessions.begin() as session:
            session.execute(text("ANALYZE"))
    return rt


def _periods(ids: Iterable[str], today: date, made: str, random: Random) -> Iterator[tuple[str | None, ...]]:
    """The earlier before the later, as years write them."""
    lives = [(one, today + timedelta(days=random.randrange(365)), random.random()) for one in ids]
    for number, (one, last, chance) in enumerate(lives):
        opens, before = last - 2 * _YEAR, last - _YEAR
        yield f"a{number:031x}", one, opens.isoformat(), before.isoformat(), None if chance < OVERDUE else made
    for number, (one, last, chance) in enumerate(lives):
        opens = last - _YEAR + timedelta(days=1)
        yield f"b{number:031x}", one, opens.isoformat(), last.isoformat(), made if chance > 1 - CERTIFIED else None


def fill(rt: Runtime, into: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Put rows into a table with its columns, as fast as the database takes them."""
    with rt.sessions.begin() as session:
        cursor: Any = session.connection().connection.cursor()
        if session.get_bind().dialect.name == "postgresql":
            with cursor.copy(f"COPY {into} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join("?" * (into.count(",") + 1))
        cursor.executemany(f"INSERT INTO {into} VALUES ({marks})", rows)  # noqa: S608


@click.command()
@click.option("--people", default=PEOPLE, show_default=True)
@click.option("--save", is_flag=True, help="keep the result in docs/bench, with date and commit")
def bench(people: int, save: bool) -> None:
    """Measure, and print one JSON object."""
    found = queries(people) | {"machine": results.machine(), "load": round(os.getloadavg()[1], 1)}
    click.echo(json.dumps(results.keep(found, "city-") if save else found))


if __name__ == "__main__":
    bench()
