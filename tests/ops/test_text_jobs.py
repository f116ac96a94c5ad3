"""The job of the text line: sends until nothing waits, ends when told to, and is woken where something waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from redis import Redis

from certification.runtime import Runtime
from ops import text_jobs, texting
from ops.queue import TEXTS, producer, queue_of
from sms.outbox import SEND
from sms.providers import Answer, Unclear
from sms.sending import Sender
from tests.certification.conftest import Clock, Queue
from tests.sms.outbox.carrier import Stub
from tests.sms.outbox.conftest import Put, carrier, put, redis, redis_url, sender, state, wu

__all__ = ["carrier", "put", "redis", "redis_url", "sender", "wu"]

SLOW = 10


@pytest.fixture
def sweeping(rt: Runtime, redis: Redis, redis_url: str) -> Callable[[], list[tuple[str, str]]]:
    """Sweeps for the sender; the jobs that are in the queue of texts then."""
    there = replace(rt, settings=replace(rt.settings, redis_url=redis_url), enqueue=producer(redis_url))

    def deed() -> list[tuple[str, str]]:
        texting.wake_the_sender(there)
        return [(str(job.func_name), str(job.args[0])) for job in queue_of(redis, TEXTS).get_jobs()]

    return deed


def test_a_job_sends_until_nothing_waits(sender: Sender, carrier: Stub, put: Put, queue: Queue) -> None:
    ids = {put(f"answer:{n}", words="answer.wrong", facts={"left": n}) for n in range(25)}
    queue.jobs.clear()
    text_jobs.use(replace(sender, pace=replace(sender.pace, per_second=SLOW, burst_s=100)), threading.Event())
    text_jobs.send("somebody")
    assert {key for *_, key in carrier.sent} == ids
    assert queue.jobs == []


def test_a_job_that_is_told_to_end_leaves_the_rest_to_another(
    rt: Runtime, sender: Sender, carrier: Stub, put: Put, queue: Queue
) -> None:
    class Ending(Stub):
        def send(self, to: str, text: str, key: str) -> Answer:
            stop.set()
            return Stub.send(self, to, text, key)

    stop, last = threading.Event(), Ending()
    ids = [put(f"answer:{n}", words="answer.wrong", facts={"left": n}) for n in range(25)]
    queue.jobs.clear()
    slow = replace(sender.pace, per_second=SLOW)
    text_jobs.use(Sender(rt, {"stub": (last, 1)}, slow, sender.tally), stop)
    text_jobs.send("somebody")
    assert len(last.sent) == SLOW
    assert [state(rt, one).state for one in ids].count("queued") == 25 - SLOW
    assert queue.jobs == [(SEND, "somebody")]


def test_the_sweep_wakes_the_sender_once_where_something_waits(
    sweeping: Callable[[], list[tuple[str, str]]], put: Put
) -> None:
    assert sweeping() == []
    put()
    assert sweeping() == [(SEND, "sweep")]
    assert sweeping() == [(SEND, "sweep")], "one is enough"


def test_the_sweep_wakes_the_sender_for_what_is_unclear(
    sweeping: Callable[[], list[tuple[str, str]]], sender: Sender, carrier: Stub, put: Put, clock: Clock
) -> None:
    carrier.answers = [Unclear("ReadTimeout")]
    put()
    sender.batch()
    assert sweeping() == []
    clock.forward(minutes=3)
    assert sweeping() == [(SEND, "sweep")]
