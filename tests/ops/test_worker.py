"""The worker's process: it outlives Redis, waits for it, and ends when told to, whether Redis is there or not."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from ops.embedded import free_port, redis_program
from ops.queue import producer

SERVE = "from ops.heartbeat import beat; from ops.worker import serve; serve({url!r}, beat({url!r}, 'worker'))"


def hold(folder: str) -> None:
    """A job that takes until the test lets it go."""
    (Path(folder) / "begun").touch()
    wait_until((Path(folder) / "go").exists)
    (Path(folder) / "done").touch()


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        time.sleep(0.1)
    raise AssertionError(f"not within a minute: {true}")


@dataclass(slots=True)
class RedisOfOurs:
    """A real Redis that keeps nothing, always at the same port."""

    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        arguments = [str(redis_program()), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
        wait_until(self.answers)

    def answers(self) -> bool:
        with Redis.from_url(self.url) as client:
            try:
                return bool(client.ping())
            except RedisError:
                return False

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=10)


@dataclass(frozen=True, slots=True)
class WorkerProcess:
    """A worker without models, in a process of its own."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self, what: str) -> bool:
        return what in self.log.read_text()

    def ends_on(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


@pytest.fixture
def redis() -> Iterator[RedisOfOurs]:
    """A Redis that is not started yet."""
    ours = RedisOfOurs()
    yield ours
    ours.kill()


@pytest.fixture
def worker(redis: RedisOfOurs, tmp_path: Path) -> Iterator[WorkerProcess]:
    """A worker started while Redis is away, and waiting for it."""
    log = tmp_path / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-c", SERVE.format(url=redis.url)], stderr=output)
    started = WorkerProcess(process, log)
    try:
        wait_until(lambda: started.said("no Redis") or process.poll() is not None)
        yield started
    finally:
        process.kill()
        process.wait(timeout=10)


def job(redis: RedisOfOurs, folder: Path, name: str) -> Path:
    """A folder whose job is in the queue, and in the worker's hands."""
    mine = folder / name
    mine.mkdir()
    producer(redis.url)("tests.ops.test_worker.hold", str(mine))
    wait_until((mine / "begun").exists)
    return mine


def lets_go(job: Path) -> None:
    (job / "go").touch()
    wait_until((job / "done").exists)


def test_the_worker_waits_for_redis_and_outlives_it(redis: RedisOfOurs, worker: WorkerProcess, tmp_path: Path) -> None:
    assert worker.process.poll() is None, "it was started without"
    redis.start()
    first = job(redis, tmp_path, "first")
    redis.kill()
    lets_go(first)
    wait_until(lambda: worker.said("ends without Redis knowing") or worker.process.poll() is not None)
    assert worker.process.poll() is None
    redis.start()
    lets_go(job(redis, tmp_path, "second"))
    assert worker.ends_on(signal.SIGTERM) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_waits_for_redis_ends_when_told_to(worker: WorkerProcess, number: signal.Signals) -> None:
    assert worker.ends_on(number) == 0


@pytest.mark.parametrize("there", [True, False], ids=["Redis there", "Redis away"])
def test_a_worker_that_is_told_to_end_finishes_its_job(
    redis: RedisOfOurs, worker: WorkerProcess, tmp_path: Path, there: bool
) -> None:
    redis.start()
    held = job(redis, tmp_path, "held")
    if not there:
        redis.kill()
    worker.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert worker.process.poll() is None
    lets_go(held)
    assert worker.process.wait(timeout=30) == 0
