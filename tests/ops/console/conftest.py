"""The console in a web process, with a clock that the test holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest
from flask import Flask
from playwright.sync_api import Browser as Chromium

from certification.runtime import Runtime
from ops.app import create_app
from tests.certification.conftest import clock, queue, wu
from tests.certification.conftest import rt as domain
from tests.ops.console.browser import Browser, Hire, hire
from tests.ops.console.chromium import launched, served

__all__ = ["clock", "domain", "queue", "wu"]


@pytest.fixture
def rt(domain: Runtime) -> Runtime:
    """The runtime of the domain's tests, with tries counted in this process."""
    return replace(domain, settings=replace(domain.settings, redis_url="memory://"))


@pytest.fixture
def app(rt: Runtime) -> Flask:
    """The web process without a server around it."""
    return create_app(rt)


@pytest.fixture
def browser(app: Flask, rt: Runtime) -> Browser:
    """A browser in which nobody signed in yet."""
    return Browser(app, rt)


@pytest.fixture
def another(app: Flask, rt: Runtime) -> Callable[[str], Browser]:
    """One more browser, at an address."""
    return partial(Browser, app, rt)


@pytest.fixture
def hired(rt: Runtime) -> Hire:
    """Opens an account."""
    return partial(hire, rt)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """One Chromium for all tests of a module."""
    with launched() as found:
        yield found


@pytest.fixture
def url(rt: Runtime) -> Iterator[str]:
    """The console's address, served."""
    with served(rt) as address:
        yield address
