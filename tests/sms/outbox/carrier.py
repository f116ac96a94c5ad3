"""A carrier for tests that keeps what it is given, and fails as it is told."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime

from sms.providers import Absent, Accepted, Answer, Found


@dataclass(slots=True)
class Stub:
    """Takes every message, or answers what was laid down for it, in order; `listed`: what its list shows."""

    name: str = "stub"
    answers: list[Answer] = field(default_factory=list)
    sent: list[tuple[str, str, str]] = field(default_factory=list)  # number, text, our identifier
    blind: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, to: str, text: str, key: str) -> Answer:
        """Take a message, or answer what was laid down. What is unclear was taken unless the list is to lack it."""
        with self._lock:
            answer = self.answers.pop(0) if self.answers else Accepted(f"SM{key}")
            self.sent.append((to, text, key))
            return answer

    def look_up(self, to: str, text: str, key: str, since: datetime) -> Found:  # noqa: ARG002
        """What the list says; a blind one lacks everything."""
        there = not self.blind and (to, text, key) in self.sent
        return Accepted(f"SM{key}") if there else Absent()
