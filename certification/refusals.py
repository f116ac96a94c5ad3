"""Requests refused at the door: counted at once, journalled in sums, so that a stranger cannot grow the journal."""

from __future__ import annotations

import atexit
import logging
import threading
from collections import Counter

from sqlalchemy.exc import SQLAlchemyError

from certification import journal
from certification.runtime import Runtime

logger = logging.getLogger(__name__)

EVERY_S = 2.0
ACTION = "unsigned request refused"


class Refusals:
    """Counts refusals by route; a moment later a timer journals how many there were, at most once in EVERY_S."""

    def __init__(self, rt: Runtime, every_s: float = EVERY_S) -> None:
        self._rt = rt
        self._every_s = every_s
        self._lock = threading.Lock()
        self._counted: Counter[str] = Counter()
        self._timer: threading.Timer | None = None
        atexit.register(self.write)

    def count(self, route: str) -> None:
        """Count a refusal; nothing is looked up or stored while the stranger waits."""
        logger.warning("%s: %s", ACTION, route)
        with self._lock:
            self._counted[route] += 1
            self._wait()

    def write(self) -> bool:
        """Journal what was counted since the last time. False when it could not be: it is kept for the next time."""
        with self._lock:
            counted, self._counted = self._counted, Counter()
        if not counted:
            return True
        try:
            with self._rt.sessions.begin() as session:
                for route, times in counted.items():
                    journal.write(session, self._rt.now(), "carrier", ACTION, route, times=times)
        except SQLAlchemyError as error:
            logger.warning("%s: %d to be journalled later: %s", ACTION, counted.total(), error)
            with self._lock:
                self._counted += counted
            return False
        return True

    def _wait(self) -> None:
        """Have the timer run, once; the lock is held."""
        if self._timer is None:
            self._timer = threading.Timer(self._every_s, self._write_in_time)
            self._timer.daemon = True
            self._timer.start()

    def _write_in_time(self) -> None:
        with self._lock:
            self._timer = None
        if not self.write():
            with self._lock:
                self._wait()
