"""What was recorded and published in the console, as each process of the line says it within seconds."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from certification.runtime import Runtime
from certification.store import PromptVersion, PublishedPrompt, only_read

logger = logging.getLogger(__name__)

FRESH_S = 5
"""Seconds after which a process asks again what is published."""


@dataclass(frozen=True, slots=True)
class Live:
    """What the line says: the version's identifier, and the sentence that was read."""

    version: str
    sentence: str


class Published:
    """The published versions by dialect and name; audio is fetched when it is first asked for, and kept.

    When the database is not there, what was known goes on: a line that is asked to speak must not fall silent.
    """

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt
        self._lock = Lock()
        self._live: dict[tuple[str, str], Live] = {}
        self._audio: dict[str, bytes] = {}
        self._asked: datetime | None = None

    def live(self, dialect: str, name: str) -> Live | None:
        """What is published for a sentence of a dialect."""
        self._look()
        return self._live.get((dialect, name))

    def audio(self, one: Live) -> bytes | None:
        """µ-law at 8 kHz; None when it cannot be had now."""
        found = self._audio.get(one.version)
        if found is None:
            try:
                with self._rt.sessions() as session:
                    only_read(session)
                    found = session.scalar(select(PromptVersion.audio).where(PromptVersion.id == one.version))
            except SQLAlchemyError:
                logger.exception("the audio of prompt version %s cannot be read", one.version)
                return None
            if found is None:
                return None
            self._audio[one.version] = found  # which may be another's by now, without what was withdrawn
        return found

    def _look(self) -> None:
        now = self._rt.now()
        with self._lock:
            if self._asked is not None and abs(now - self._asked) < timedelta(seconds=FRESH_S):
                return
            self._asked = now
        try:
            self._live = self._read()
        except SQLAlchemyError:
            logger.exception("published prompts cannot be read; those known before go on")
            return
        known = {one.version for one in self._live.values()}
        self._audio = {version: audio for version, audio in self._audio.items() if version in known}

    def _read(self) -> dict[tuple[str, str], Live]:
        found = select(
            PublishedPrompt.dialect, PublishedPrompt.name, PublishedPrompt.version_id, PromptVersion.sentence
        ).join(PromptVersion, PromptVersion.id == PublishedPrompt.version_id)
        with self._rt.sessions() as session:
            only_read(session)
            return {
                (dialect, name): Live(version, sentence) for dialect, name, version, sentence in session.execute(found)
            }
