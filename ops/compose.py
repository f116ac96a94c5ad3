"""The one place where a Runtime is put together from settings."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from redis import Redis
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from certification import canary
from certification.runtime import DIALECTS, Runtime, utc_now
from certification.settings import SettingInvalid, Settings
from ivr.dialects import HOME, dialects
from ops.queue import connect, producer
from sms.providers import configured

logger = logging.getLogger(__name__)


def settings() -> Settings:
    """What the environment says, with addresses that can be read. Raises SettingMissing or SettingInvalid."""
    return _checked(Settings.read(os.environ))


def runtime(given: Settings | None = None, now: Callable[[], datetime] = utc_now) -> Runtime:
    """Put the service together. Raises the settings', keys' and regions' own errors, each of which says what to do.

    A database that is away stops nobody here: a web process starts, and says on /readyz what it lacks.
    """
    rt = replace(put_together(settings() if given is None else _checked(given)), now=now)
    try:
        canary.check(rt.sessions, rt.keys, rt.now())
    except SQLAlchemyError as error:
        logger.info("the key ring is not compared with the database's: %s", error)
    finally:
        rt.sessions.kw["bind"].dispose()  # or a server that forks would share our connection with its children
    return rt


def put_together(found: Settings) -> Runtime:
    """A Runtime whose key ring is not yet compared with the database's."""
    return replace(Runtime.of(found, producer(found.redis_url)), dialects=spoken())


def spoken() -> dict[str, tuple[str, ...]]:
    """Everything the line speaks, with what it is called in Mandarin."""
    called = dialects()[HOME].words["menu"]
    return {
        code: tuple(dict.fromkeys((*DIALECTS.get(code, ()), one.name, *called.get(code, ()))))
        for code, one in dialects().items()
    }


def _checked(found: Settings) -> Settings:
    try:
        make_url(found.database_url)
    except (ArgumentError, ValueError):
        raise SettingInvalid(
            "DATABASE_URL",
            "应为 postgresql://用户:密码@主机:端口/库名",
            "write postgresql://USER:PASSWORD@HOST:PORT/NAME or sqlite:///PATH",
        ) from None
    redis_at(found.redis_url)
    configured.carriers(found)
    return found


def redis_at(url: str) -> Redis:
    """The Redis at this address, not yet asked anything. Raises SettingInvalid when it is no address."""
    try:
        return connect(url)
    except ValueError:
        raise SettingInvalid(
            "REDIS_URL", "应为 redis://主机:端口/0", "write redis://HOST:PORT/0, or rediss:// or unix:// and the rest"
        ) from None
