"""The sweep: what fell between a commit and the queue, and calls whose end nobody reported."""

from __future__ import annotations

import logging
from datetime import timedelta

from redis.exceptions import RedisError
from sqlalchemy import select

from certification import journal
from certification.runtime import QueueUnavailable, Runtime
from certification.store import Assessment, Call
from ops import heartbeat
from ops.queue import connect, queue_of

logger = logging.getLogger(__name__)

EVERY_S = 5
ASSESSMENT_LATE = timedelta(seconds=10)
CALL_SILENT = timedelta(minutes=10)


def run(rt: Runtime) -> None:
    """Sweep every few seconds until the process is told to stop."""
    stop = heartbeat.beat(rt.settings.redis_url, "schedule")
    while not stop.is_set():
        sweep(rt)
        stop.wait(EVERY_S)


def sweep(rt: Runtime) -> None:
    """Queue what waits too long, end calls that went silent. Safe at any time, and beside another sweep."""
    try:
        if queue_of(connect(rt.settings.redis_url)).count == 0:  # else the worker is merely busy
            requeue_assessments(rt)
    except (QueueUnavailable, RedisError) as error:
        logger.warning("queue unreachable, the next sweep tries again: %s", error)
    end_silent_calls(rt)


def requeue_assessments(rt: Runtime) -> int:
    """Queue again every assessment that is still pending; a job that comes twice does nothing the second time."""
    with rt.sessions() as session:
        late = list(
            session.scalars(
                select(Assessment.id).where(
                    Assessment.state == "pending", Assessment.asked_at < rt.now() - ASSESSMENT_LATE
                )
            )
        )
    for identifier in late:
        rt.enqueue("ops.jobs.assess", identifier)
    return len(late)


def end_silent_calls(rt: Runtime) -> int:
    """Write down as dropped each call of which nothing was heard for long: its status callback was lost."""
    with rt.sessions.begin() as session:
        silent = list(
            session.scalars(select(Call).where(Call.ended_at.is_(None), Call.touched_at < rt.now() - CALL_SILENT))
        )
        for call in silent:
            call.ended_at = rt.now()
            journal.write(session, rt.now(), actor="schedule", action="call found ended", subject=call.id)
    return len(silent)
