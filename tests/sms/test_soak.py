"""A campaign while its processes are killed at points of chance: nobody is missed, nobody gets two.

`make soak` does it with 5,000 people and 50 kills.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import func, select

from certification import certifying
from certification.keys import KeyRing
from certification.runtime import Runtime
from certification.settings import Settings
from certification.store import Message, Person, Phone
from ops.embedded import free_port
from sms import outbox
from sms.outbox import Purpose
from tests.certification.comparing import residents
from tests.ops.test_worker import RedisOfOurs
from tests.sms.outbox.twiliolike import Twiliolike, twiliolike

ROUNDS = int(os.environ.get("SOAK_ROUNDS", "3"))
PEOPLE = int(os.environ.get("SOAK_PEOPLE", "200"))
KILLS = int(os.environ.get("SOAK_KILLS", "6"))
PER_SECOND = 60
FASTER = 40  # so many times as fast as ours goes the clock of the service: in a minute a list lacks nothing any more
MORNING = datetime(2026, 3, 10, 1, 30, tzinfo=UTC)
TOKEN = "token"
_PROGRAM = f"""
import sys, time
from datetime import datetime, timedelta
from ops import compose, schedule
from ops.app import create_app
from ops.serving import serve_web
from ops.worker import work_on_texts

name, began, bind = sys.argv[1], float(sys.argv[2]), sys.argv[3]
morning = datetime.fromisoformat("{MORNING.isoformat()}")

def now():
    return morning + timedelta(seconds={FASTER} * (time.time() - began))

schedule.EVERY_S = 0.5
if name == "texts":
    work_on_texts(compose.runtime(now=now))
elif name == "schedule":
    schedule.run(compose.runtime(now=now))
else:
    serve_web(lambda: create_app(compose.runtime(now=now)), bind)
"""


@dataclass(slots=True)
class Town:
    """The processes of the text line, each of which may be killed and started again."""

    environment: dict[str, str]
    bind: str
    folder: Path
    redis: RedisOfOurs
    began: float
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def now(self) -> datetime:
        """The clock of all of them."""
        return MORNING + timedelta(seconds=FASTER * (time.time() - self.began))

    def start(self, name: str) -> None:
        if name == "redis":
            return self.redis.start()
        command = [sys.executable, "-c", _PROGRAM, name, str(self.began), self.bind]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, env={**os.environ, **self.environment}, stdout=log, stderr=log, start_new_session=True
            )
        return None

    def kill(self, name: str) -> None:
        if name == "redis":
            return self.redis.kill()
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
        return None


@contextmanager
def town(database_url: str, folder: Path, carrier: Twiliolike, began: float) -> Iterator[Town]:
    """The web process, the sender and the sweep, with a Redis that forgets everything when it is killed."""
    bind, redis = f"127.0.0.1:{free_port()}", RedisOfOurs()
    environment = {
        "PUBLIC_BASE_URL": f"http://{bind}",
        "SESSION_SECRET": "secret",
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_API_BASE_URL": carrier.url,
        "SMS_FROM": "+8687112333",
        "SMS_PER_SECOND": str(PER_SECOND),
        "STILLHERE_KEYS": KeyRing.generate_text(),
        "STILLHERE_DATA": str(folder),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis.url,
    }
    made = Town(environment, bind, folder, redis, began)
    try:
        yield made
    finally:
        for name in list(made.processes):
            made.kill(name)
        redis.kill()


def campaign(rt: Runtime, people: list[str]) -> None:
    """A reminder for everybody, in the outbox."""
    for identifier in people:
        with rt.sessions.begin() as session:
            person = session.get_one(Person, identifier)
            period = certifying.current_period(session, rt, person)
            phone = session.scalars(select(Phone).where(Phone.person_id == identifier)).one()
            outbox.put(
                session,
                rt,
                reminder=f"reminder:{period.id}",
                purpose=Purpose.REMINDER,
                words="reminder.call",
                facts={"due": period.due.isoformat(), "period": period.id},
                person=person,
                phone=phone,
            )


def under_way(rt: Runtime) -> int:
    """How many messages are neither with the carrier nor given up."""
    with rt.sessions() as session:
        open_ones = Message.state.in_(["queued", "sending", "unknown"]) & Message.settled_at.is_(None)
        return session.scalars(select(func.count()).where(open_ones)).one()


@pytest.mark.parametrize(
    ("database_url", "seed"),
    [(("sqlite", "postgresql")[seed % 2], seed) for seed in range(ROUNDS)],
    indirect=["database_url"],
)
def test_nobody_is_missed_and_nobody_gets_two(database_url: str, tmp_path: Path, seed: int) -> None:
    random, began = Random(seed), time.time()

    def clock() -> datetime:
        return MORNING + timedelta(seconds=FASTER * (time.time() - began))

    with twiliolike(Random(seed), clock, TOKEN) as carrier, town(database_url, tmp_path, carrier, began) as line:
        rt = replace(Runtime.of(Settings.read(line.environment), lambda _job, _identifier: None), now=lambda: MORNING)
        campaign(rt, residents(rt, PEOPLE))
        names = ("redis", "serve", "texts", "schedule")
        for name in names:
            line.start(name)
        kills = Counter[str]()
        while under_way(rt) or sum(kills.values()) < KILLS:
            time.sleep(random.uniform(0.2, 2.5))
            if sum(kills.values()) < KILLS and carrier.taken:
                victim = random.choice(names)
                line.kill(victim)
                kills[victim] += 1
                time.sleep(random.uniform(0, 0.5))
                line.start(victim)
            assert time.time() < began + 60 + PEOPLE, (tmp_path / "texts.log").read_text()[-4000:]
        carrier.told_all()
        with rt.sessions() as session:
            messages = session.scalars(select(Message)).all()
        rt.sessions.kw["bind"].dispose()
    report = {
        "kills": dict(kills),
        "carrier": dict(carrier.happened),
        "states": dict(Counter(one.state for one in messages)),
        "sent again": sum(one.tries > 1 for one in messages),
        "seconds": round(time.time() - began),
    }
    print(report)
    got = [len(carrier.taken.get(f"+861380000{order:04d}", ())) for order in range(1, PEOPLE + 1)]
    assert Counter(got) == {1: PEOPLE}, report
    assert {one.state for one in messages} <= {"sent", "delivered"}, report
