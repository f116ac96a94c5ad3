"""The one place where a Runtime is put together from settings."""

from __future__ import annotations

import os

from certification.runtime import Runtime
from certification.settings import Settings
from ops.queue import producer


def runtime(settings: Settings | None = None) -> Runtime:
    """Put the service together. Raises the settings' and the regions' own errors, each of which says what to do."""
    settings = settings or Settings.read(os.environ)
    return Runtime.of(settings, producer(settings.redis_url))
