"""Our requests against Twilio's own description of its API, as Prism checks them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from ops.embedded import free_port
from sms.providers import Absent, Accepted, Refused
from sms.providers.twilio import Twilio
from tests.peers import node_modules, running, wait_until
from tests.sms.conftest import REMINDER, ZHANG, TextLine

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[str]:
    """The address of a Prism that checks each request before it makes an answer up."""
    source = shared / "data" / "twilio-oai" / "twilio_api_v2010.json"
    if not source.is_file():
        pytest.skip("Twilio's OpenAPI file (../shared/data/twilio-oai) is not beside the project")
    program = node_modules() / "@stoplight" / "prism-cli" / "dist" / "index.js"
    folder = tmp_path_factory.mktemp("prism")
    file, log, port = folder / "twilio.json", folder / "prism.log", free_port()
    file.write_text(json.dumps(with_encodings(json.loads(source.read_text("utf-8")))))
    with running(log, "node", program, "mock", "-h", "127.0.0.1", "-p", str(port), file):
        wait_until(lambda: "is listening" in log.read_text(errors="replace"), "prism starts", log)
        yield f"http://127.0.0.1:{port}"


def with_encodings(api: Any) -> Any:
    """Say how lists stand in a form, which Twilio's file leaves open and Prism then takes for something else."""
    for path in api["paths"].values():
        for operation in path.values():
            content = operation.get("requestBody", {}).get("content", {}) if isinstance(operation, dict) else {}
            for body in content.values():
                lists = [name for name, of in body["schema"].get("properties", {}).items() if of.get("type") == "array"]
                body["encoding"] = {name: {"style": "form", "explode": True} for name in lists}
    return api


def provider(line: TextLine, prism: str, **settings: str) -> Twilio:
    return Twilio(line.with_settings(twilio_api_base_url=prism, **settings).rt.settings)


def test_what_we_send_is_as_twilio_describes_it(line: TextLine, prism: str) -> None:
    assert isinstance(provider(line, prism).send(ZHANG, REMINDER, "key"), Accepted)


def test_a_messaging_service_may_send(line: TextLine, prism: str) -> None:
    assert isinstance(provider(line, prism, sms_from="MG" + "0" * 32).send(ZHANG, REMINDER, "key"), Accepted)


def test_what_is_not_as_described_is_refused(line: TextLine, prism: str) -> None:
    answer = provider(line, prism, sms_from="MG0").send(ZHANG, REMINDER, "key")
    assert isinstance(answer, Refused)
    assert not answer.permanent


def test_prism_does_check(line: TextLine, prism: str) -> None:
    account = line.rt.settings.twilio_account_sid
    url, both = f"{prism}/2010-04-01/Accounts/{account}/Messages.json", [("MediaUrl", REMINDER), ("To", ZHANG)]
    answer = requests.post(url, data=both, auth=(account, "token"), timeout=20)
    assert not answer.ok


def test_how_we_ask_for_the_list_is_as_described(line: TextLine, prism: str) -> None:
    found = provider(line, prism).look_up(ZHANG, REMINDER, "key", datetime(2026, 1, 1, tzinfo=UTC))
    assert found == Absent()  # the messages of its example are older
