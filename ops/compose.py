"""The one place where a Runtime is put together from settings."""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime

from certification.keys import KeyRing
from certification.regions import Regions
from certification.runtime import Runtime
from certification.settings import Settings
from certification.store import open_sessions
from ops.queue import producer


def runtime(settings: Settings | None = None) -> Runtime:
    """Put the service together. Raises the settings' and the regions' own errors, each of which says what to do."""
    settings = settings or Settings.read(os.environ)
    return Runtime(
        settings=settings,
        sessions=open_sessions(settings.database_url),
        keys=KeyRing.from_text(settings.keys),
        regions=Regions.load(settings.regions),
        enqueue=producer(settings.redis_url),
        now=lambda: datetime.now(UTC),
        random=secrets.SystemRandom(),
    )
