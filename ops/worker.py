"""The worker: one process, models loaded once, jobs one after another, whatever becomes of Redis meanwhile."""

from __future__ import annotations

import logging
import signal
import threading
from types import FrameType

from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.exceptions import StopRequested

from certification.runtime import Runtime
from ops import heartbeat, text_jobs
from ops.queue import QUEUE, SERIALIZER, TEXTS, connect, queue_of

logger = logging.getLogger(__name__)

PAUSE_S = 0.5
LONGEST_PAUSE_S = 8.0


def work(rt: Runtime) -> None:
    """Work until told to stop. A job that raises is kept by RQ and found again by the sweep.

    A SimpleWorker runs jobs in this process: models stay loaded. If it is killed its job runs again elsewhere, which
    every job allows.
    """
    from ops import jobs
    from ops.voices import Bench

    jobs.use(Bench.prepare(rt))
    stop = heartbeat.beat(rt.settings.redis_url, "worker")
    try:
        serve(rt.settings.redis_url, stop)
    finally:
        stop.set()


def work_on_texts(rt: Runtime) -> None:
    """Send messages until told to stop. No model is loaded."""
    ready, stop = text_jobs.sender(rt), heartbeat.beat(rt.settings.redis_url, "texts")
    text_jobs.use(ready, stop)
    try:
        serve(rt.settings.redis_url, stop, TEXTS)
    finally:
        stop.set()


def serve(redis_url: str, stop: threading.Event, queue: str = QUEUE) -> None:
    """Do jobs of a queue until SIGTERM or SIGINT sets `stop`. While Redis is away, look for it again and again."""
    pause = PAUSE_S
    while not stop.is_set():
        _stop_on_signals(stop)
        try:
            worker = _steady(redis_url, stop, queue)
            worker.work(logging_level="WARNING")  # comes back when told to stop, or Redis went away
            pause = PAUSE_S
        except StopRequested:
            stop.set()
        except RedisError as error:
            logger.warning("no Redis, looking again in %s s: %s", pause, error)
        _stop_on_signals(stop)  # RQ's own handlers belong to a worker that is no more
        stop.wait(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)


def _stop_on_signals(stop: threading.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())


def _steady(redis_url: str, stop: threading.Event, queue: str) -> Steady:
    connection = connect(redis_url)
    worker = Steady(
        [queue_of(connection, queue)],
        connection=connection,
        serializer=SERIALIZER,
        maintenance_interval=60,
        log_job_description=False,
    )
    worker.stop = stop
    return worker


class Steady(SimpleWorker):
    """An RQ worker that can lose Redis at any moment: it ends in good order, and leaves no thread behind."""

    max_connection_wait_time = LONGEST_PAUSE_S  # RQ's minute would keep callers waiting long after Redis is back

    stop: threading.Event

    def subscribe(self) -> None:
        """Take no commands through Redis: the thread that listens for them would outlive this worker."""

    def check_for_suspension(self, burst: bool) -> None:
        """Before each job: stop, if that was asked for while nobody here could hear it."""
        if self.stop.is_set():
            raise StopRequested
        super().check_for_suspension(burst)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """On a signal: end after the job in hand, or at once."""
        self.stop.set()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def set_shutdown_requested_date(self) -> None:
        """Tell Redis, if it is there; its absence must not end the job in hand."""
        try:
            super().set_shutdown_requested_date()  # type: ignore[no-untyped-call]
        except RedisError as error:
            logger.warning("stopping after this job, which Redis cannot be told: %s", error)

    def teardown(self) -> None:
        """Take leave of Redis, if it is there; else it forgets this worker by itself."""
        try:
            super().teardown()  # type: ignore[no-untyped-call]
        except RedisError as error:
            logger.warning("the worker ends without Redis knowing: %s", error)
