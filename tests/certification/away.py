"""A database that is away for a while."""

from __future__ import annotations

from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker


class FailingOnce(sessionmaker[Session]):
    """Sessions on a database that is away the first time."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        super().__init__(**sessions.kw)
        self._away = True

    def __call__(self, **local: Any) -> Session:
        away, self._away = self._away, False
        return Session(create_engine("sqlite:////nowhere/at/all.db")) if away else super().__call__(**local)
