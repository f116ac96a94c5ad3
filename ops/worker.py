"""The worker: one process, models loaded once, jobs one after another."""

from __future__ import annotations

import logging

from rq import SimpleWorker

from certification.runtime import Runtime
from ops import heartbeat, jobs
from ops.queue import SERIALIZER, connect, queue_of
from ops.voices import Bench

logger = logging.getLogger(__name__)


def work(rt: Runtime) -> None:
    """Work until told to stop. A job that raises is kept by RQ and found again by the sweep.

    A SimpleWorker runs jobs in this process: models stay loaded. If it is killed its job runs again elsewhere, which
    every job allows.
    """
    jobs.use(Bench.prepare(rt))
    connection = connect(rt.settings.redis_url)
    stop = heartbeat.beat(rt.settings.redis_url, "worker")
    try:
        worker = SimpleWorker(
            [queue_of(connection)],
            connection=connection,
            serializer=SERIALIZER,
            maintenance_interval=60,
            log_job_description=False,
        )
        worker.work(logging_level="WARNING")
    finally:
        stop.set()
