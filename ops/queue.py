"""The queue: RQ on Redis with JSON, and a producer that fails at once instead of queueing twice."""

from __future__ import annotations

from collections.abc import Callable

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue

from certification.runtime import QueueUnavailable

QUEUE, TEXTS = "voice", "texts"
SERIALIZER = "json"  # pickle, RQ's default, would run whatever somebody writes into Redis


def connect(redis_url: str) -> Redis:
    """Connect without silent retries: a retried command whose answer was lost would queue a job twice."""
    return Redis.from_url(redis_url, retry=Retry(NoBackoff(), 0), socket_connect_timeout=2, socket_timeout=5)


def queue_of(connection: Redis, name: str = QUEUE) -> Queue:
    """A queue, for producers and for whoever looks at its length."""
    return Queue(name, connection=connection, serializer=SERIALIZER)


def queue_for(job: str) -> str:
    """Whose queue a job goes into: voices keep no text waiting, nor texts a voice."""
    return TEXTS if job.startswith("ops.text_jobs.") else QUEUE


def producer(redis_url: str) -> Callable[[str, str], None]:
    """Give `enqueue(job, identifier)`, the only way in. Raises QueueUnavailable when Redis does not take it.

    Jobs are safe twice and found again by the sweep, so nothing here retries, and results are not kept.
    """
    connection = connect(redis_url)
    queues = {name: queue_of(connection, name) for name in (QUEUE, TEXTS)}

    def enqueue(job: str, identifier: str) -> None:
        try:
            queues[queue_for(job)].enqueue_call(
                job, args=(identifier,), timeout=120, result_ttl=0, failure_ttl=7 * 86400
            )
        except RedisError as error:
            raise QueueUnavailable(f"{job}({identifier}): {error}") from error

    return enqueue
