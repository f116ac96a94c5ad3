"""A running service and a switch in front of it."""

from collections.abc import Iterator

import pytest

from ops.switch import Switch
from tests.ops.switch.service import ACCOUNT, TOKEN, Service, running


@pytest.fixture
def service() -> Iterator[Service]:
    with running(Service()) as service:
        yield service


@pytest.fixture
def switch(service: Service) -> Iterator[Switch]:
    with Switch(service.url, ACCOUNT, TOKEN, pace=20.0) as switch:
        yield switch
