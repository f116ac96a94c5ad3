"""Signs of life that media, workers and schedule leave in Redis, for /readyz to read."""

from __future__ import annotations

import logging
import threading

from redis.exceptions import RedisError

from ops.queue import connect

logger = logging.getLogger(__name__)

EVERY_S = 5
LIVES_S = 20
PROCESSES = ("media", "worker", "texts", "schedule")


def beat(redis_url: str, process: str) -> threading.Event:
    """Leave a sign of life every few seconds, from now until the returned event is set."""
    stop = threading.Event()
    connection = connect(redis_url)

    def run() -> None:
        while not stop.is_set():
            try:
                connection.set(f"stillhere:alive:{process}", 1, ex=LIVES_S)
            except RedisError as error:
                logger.warning("no heartbeat of %s: %s", process, error)
            stop.wait(EVERY_S)

    threading.Thread(target=run, name=f"heartbeat-{process}", daemon=True).start()
    return stop


def alive(redis_url: str) -> dict[str, bool]:
    """Say of each process whether it was heard of lately. Raises redis.RedisError when Redis is away."""
    connection = connect(redis_url)
    return {process: bool(connection.exists(f"stillhere:alive:{process}")) for process in PROCESSES}
