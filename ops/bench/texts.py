"""A campaign of reminders to a carrier that takes 20 ms for each: is the configured pace held, and memory flat?

`python -m ops.bench.texts` measures this alone, in any size: on SQLite in a temporary folder, and on the PostgreSQL
server at TEST_POSTGRES_URL, whose user may create databases.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click
from sqlalchemy import func, insert, select, text

from certification import seals
from certification.runtime import Runtime
from certification.settings import Settings
from certification.store import Base, Campaign, Message, Period, Person, Phone
from ops.bench import results
from ops.bench.comparison import databases
from ops.embedded import redis_server
from ops.queue import connect
from sms.outbox import PRIORITY, Purpose
from sms.pace import Pace, Tally
from sms.providers import Absent, Accepted, Answer, Found
from sms.sending import Sender

MESSAGES, PER_SECOND = 200_000, 200
PROCESSES = 2  # a process group of the worker
TAKES_S = 0.02
NOW = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)  # ten in the morning, however late it is where this is measured
LOOK_EVERY_S = 5.0
_ROWS = 10_000


class Slow:
    """A carrier that takes its time, and everything."""

    name = "slow"

    def send(self, to: str, text: str, key: str) -> Answer:
        """Take it."""
        del to, text
        time.sleep(TAKES_S)
        return Accepted(key)

    def look_up(self, to: str, text: str, key: str, since: datetime) -> Found:
        """There is nothing unclear."""
        del to, text, key, since
        return Absent()


@dataclass(frozen=True, slots=True)
class Share:
    """What one process did: messages, the moments it began and ended, its processor's time, and memory as it went."""

    sent: int
    began: float
    ended: float
    cpu_s: float
    mib: list[float]


def figures(messages: int = MESSAGES, per_second: int = PER_SECOND) -> dict[str, object]:
    """What `make bench` says of it, on each database that is here."""
    return {f"texts_{name}": value for one in measured(messages, per_second) for name, value in one.items()}


def measured(messages: int, per_second: int) -> Iterator[dict[str, Any]]:
    """On each database in turn: messages a second, the share of the configured pace, MiB early and late."""
    with tempfile.TemporaryDirectory() as name, redis_server(Path(name) / "redis") as redis_url:
        for environment in databases(Path(name)):
            prepare(_runtime(environment), messages)
            connect(redis_url).flushall()
            with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
                jobs = [pool.submit(send_all, environment, redis_url, per_second) for _ in range(PROCESSES)]
                shares = [job.result() for job in jobs]
            took = max(one.ended for one in shares) - min(one.began for one in shares)
            rt = _runtime(environment)
            with rt.sessions() as session:
                left = session.scalars(select(func.count()).where(Message.state != "sent")).one()
                segments = session.scalars(select(func.sum(Message.segments)).where(Message.state == "sent")).one() or 0
            rt.sessions.kw["bind"].dispose()
            early, late = (max(one.mib[int(part * (len(one.mib) - 1))] for one in shares) for part in (0.2, 1))
            found = {
                "messages": messages,
                "not_sent": left,
                "seconds": round(took, 1),
                "rate": round(sum(one.sent for one in shares) / took, 1),
                "of_configured": round(segments / took / per_second, 3),  # which is in segments
                "cores": round(sum(one.cpu_s for one in shares) / took, 2),
                "mib_early": round(early, 1),
                "mib_late": round(late, 1),
            }
            database = Settings.read(environment).database_url.partition(":")[0].partition("+")[0]
            yield {f"{database}_{name}": value for name, value in found.items()}


def prepare(rt: Runtime, messages: int) -> None:
    """A released campaign of one reminder for each of so many people, on mobiles of their own."""
    region, day = rt.regions.default.code, NOW.date()
    with rt.sessions.begin() as session:
        campaign = Campaign(
            region=region, on=day, name="bench", state="released", counts={}, planned_by="bench", planned_at=NOW
        )
        session.add(campaign)
    for first in range(0, messages, _ROWS):
        rows: dict[type[Base], list[dict[str, Any]]] = {Person: [], Phone: [], Period: [], Message: []}
        for number in range(first, min(first + _ROWS, messages)):
            one, due = f"{number:032x}", day + timedelta(days=14)
            sealed = rt.keys.seal(f"+86138{number:08d}".encode(), seals.phone(one))
            person: dict[str, Any] = {
                "id": one,
                "region": region,
                "name_sealed": b"-",
                "number_sealed": b"-",
                "number_index": one,
            }
            rows[Person].append(person | {"created_at": NOW})
            phone = {"id": one, "person_id": one, "number_sealed": sealed, "number_index": one}
            rows[Phone].append(phone | {"kind": "mobile", "holder": "self"})
            rows[Period].append({"id": one, "person_id": one, "opens": day - timedelta(days=300), "due": due})
            message: dict[str, Any] = {
                "id": one,
                "reminder": f"reminder:{one}",
                "campaign_id": campaign.id,
                "person_id": one,
            }
            message |= {"phone_id": one, "purpose": Purpose.REMINDER.value, "priority": PRIORITY[Purpose.REMINDER]}
            message |= {"words": "reminder.call", "facts": {"due": due.isoformat(), "period": one}}
            rows[Message].append(message | {"state": "queued", "not_before": NOW - timedelta(hours=1), "events": []})
        with rt.sessions.begin() as session:
            for table, values in rows.items():
                session.execute(insert(table), values)
    with rt.sessions.begin() as session:
        session.execute(text("ANALYZE"))  # as either database does by itself after a while
    rt.sessions.kw["bind"].dispose()


def send_all(environment: dict[str, str], redis_url: str, per_second: int) -> Share:
    """The work of one process: until nothing waits."""
    began, moment = time.time(), time.monotonic()
    rt = replace(_runtime(environment), now=lambda: NOW + timedelta(seconds=time.monotonic() - moment))
    redis = connect(redis_url)
    sender = Sender(rt, {"slow": (Slow(), 1)}, Pace(redis, per_second), Tally(redis))
    sent, mib, look = 0, list[float](), 0.0
    while taken := sender.batch():
        sent += taken
        if time.monotonic() > look:
            mib.append(_mib())
            look = time.monotonic() + LOOK_EVERY_S
    return Share(sent, began, time.time(), time.process_time(), [*mib, _mib()])


def _mib() -> float:
    """The memory of this process that is its own."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _runtime(environment: dict[str, str]) -> Runtime:
    return Runtime.of(Settings.read(environment), lambda _job, _identifier: None)


@click.command()
@click.option("--messages", default=MESSAGES, show_default=True)
@click.option("--per-second", default=PER_SECOND, show_default=True, help="the configured pace")
@click.option("--save", is_flag=True, help="keep the result in docs/bench, with date and commit")
def bench(messages: int, per_second: int, save: bool) -> None:
    """Measure, and print one JSON object."""
    found = figures(messages, per_second) | {"machine": results.machine(), "load": round(os.getloadavg()[1], 1)}
    click.echo(json.dumps(results.keep(found, "texts-") if save else found))


if __name__ == "__main__":
    bench()
