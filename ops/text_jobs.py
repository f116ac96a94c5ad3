"""The job of the text line's worker: send what waits, and find out about what nobody knows. Safe twice."""

from __future__ import annotations

import logging
import threading
import time

from certification.runtime import Runtime
from certification.settings import SettingMissing
from ops.queue import connect
from sms.outbox import SEND
from sms.pace import Pace, Tally
from sms.providers.making import providers
from sms.sending import Sender

logger = logging.getLogger(__name__)

LONGEST_S = 60.0  # well within the time that the queue gives a job

_sender: Sender | None = None
_stop = threading.Event()


def sender(rt: Runtime) -> Sender:
    """What sends, as the settings say. Raises SettingInvalid, or SettingMissing where no carrier is named."""
    redis, carriers = connect(rt.settings.redis_url), providers(rt.settings)
    if not carriers:
        raise SettingMissing("SMS_PROVIDERS")
    return Sender(rt, carriers, Pace(redis, rt.settings.sms_per_second), Tally(redis))


def use(ready: Sender, stop: threading.Event) -> None:
    """Hand the sender to the jobs of this process; the worker does so once, before it works.

    Once `stop` is set, a job ends with the batch in hand.
    """
    global _sender, _stop
    _sender, _stop = ready, stop


def send(identifier: str) -> None:
    """Send until nothing waits; what is left after LONGEST_S is a new job's. `identifier` says only who woke us."""
    if _sender is None:
        raise RuntimeError("no sender: ops.text_jobs.use() comes before the first job")
    began = time.monotonic()
    while time.monotonic() - began < LONGEST_S and not _stop.is_set():
        if not _sender.batch():
            if known := _sender.reconcile():
                logger.info("%d messages of which nothing was known are clear now", known)
            return
    _sender.rt.enqueue(SEND, identifier)
