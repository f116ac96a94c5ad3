"""One running service for all conversations, and a switch that calls it eight times faster than life."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.service import running
from ops.switch import Switch
from ops.voices import Bench
from tests.conversations.speakers import Speaker
from tests.conversations.town import Town

PACE = 8.0
REGION = """
name = "{name}"
interval = "quarter"
recording_days = 90
holidays = []
dialects = ["mandarin", "cantonese", "sichuanese"]

[operator]
number = "087112333"
hours = ["{opens}", "{closes}"]
days = [{days}]

[evidence]
needs = "live"
lesser = {{ counts = "possession", backed_by = "live", months = 12 }}

[voice]
max_fmr = 0.01
failures_in_24h = 3
failures_in_period = 5

[how]
mandarin = "打这个电话，跟着读几个词。"
cantonese = "打呢个电话，跟住读几个词。"
sichuanese = "打这个电话，跟到念几个词。"
"""
OPERATOR = "+8687112333"


@pytest.fixture(scope="session")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two regions: `open`, whose operator always answers, and `closed`, whose operator never does."""
    folder = tmp_path_factory.mktemp("regions")
    days = {"open": "1, 2, 3, 4, 5, 6, 7", "closed": ""}
    for name, on in days.items():
        text = REGION.format(name=name, opens="00:00", closes="23:59:59", days=on)
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory, regions: Path) -> Iterator[Town]:
    """The running service with a switch in front."""
    folder = tmp_path_factory.mktemp("service")
    # These test the way, not the models, of which each takes a real caller for another thing once in a hundred calls.
    settings = {"STILLHERE_REGIONS": str(regions), "ONLY_NOTED": "synthetic,several_voices"}
    with running(folder, settings) as service, switch_for(service.environment) as switch:
        switch.phone(OPERATOR).will("answer", talk_s=2.0)
        yield Town(service, switch, Bench.prepare(service.runtime()))


def switch_for(environment: dict[str, str]) -> Switch:
    """A switch in front of a service that runs with these settings."""
    return Switch(
        base_url=environment["PUBLIC_BASE_URL"],
        account_sid=environment["TWILIO_ACCOUNT_SID"],
        auth_token=environment["TWILIO_AUTH_TOKEN"],
        pace=PACE,
    )


@pytest.fixture
def speaker(shared: Path) -> Speaker:
    """The caller of most conversations: one whom the models know well, since these test the way, not the models."""
    return Speaker(shared, "s25")
