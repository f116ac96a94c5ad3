"""Twilio as npm `emulate` plays it: it keeps what we send, signs what it calls, and tells statuses in any order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from ops.embedded import free_port
from sms.providers import Absent, Accepted, Refused
from sms.providers.twilio import Twilio
from tests.peers import node_modules, running, wait_until
from tests.sms.conftest import LINE, REMINDER, ZHANG, TextLine


@dataclass(frozen=True, slots=True)
class Emulator:
    """Twilio, with the account of `line` and its number."""

    url: str
    account: str
    token: str

    def posts(self, path: str, **form: str) -> Any:
        """Have something happen at Twilio's side."""
        answer = requests.post(self.url + path, data=form, auth=(self.account, self.token), timeout=20)
        assert answer.ok, answer.text
        return answer.json()

    def tells(self, ref: str, status: str) -> None:
        """A message gets a status, and we are told."""
        self.posts("/_twilio/simulate/message-status", MessageSid=ref, Status=status)

    def brings(self, sender: str, body: str) -> Any:
        """Somebody writes to our number, and we are told."""
        return self.posts("/_twilio/simulate/inbound-message", To=LINE, From=sender, Body=body)

    def has(self, ref: str) -> Any:
        """A message as Twilio keeps it."""
        path = f"{self.url}/2010-04-01/Accounts/{self.account}/Messages/{ref}.json"
        return requests.get(path, auth=(self.account, self.token), timeout=20).json()


def emulator(line: TextLine, folder: Path, token: str) -> Iterator[Emulator]:
    """Run the emulator with one account and one number, whose texts are brought to us."""
    program = node_modules() / "emulate" / "dist" / "index.js"
    settings, port, log = line.rt.settings, free_port(), folder / "emulate.log"
    number = {"phone_number": LINE, "sms_url": f"{settings.public_base_url}/sms"}
    account = {"sid": settings.twilio_account_sid, "auth_token": token}
    seed = folder / "seed.json"
    seed.write_text(json.dumps({"twilio": {"account": account, "phone_numbers": [number]}}))
    with running(log, "node", program, "--service", "twilio", "--port", str(port), "--seed", seed):
        url = f"http://localhost:{port}"
        wait_until(lambda: _answers(url), "emulate starts", log)
        yield Emulator(url, settings.twilio_account_sid, token)


@pytest.fixture
def twilio(line: TextLine, tmp_path: Path) -> Iterator[Emulator]:
    """Twilio, which shares our token."""
    yield from emulator(line, tmp_path, line.rt.settings.twilio_auth_token)


@pytest.fixture
def stranger(line: TextLine, tmp_path: Path) -> Iterator[Emulator]:
    """Somebody who plays Twilio, with another token."""
    yield from emulator(line, tmp_path, "another token")


def provider(line: TextLine, emulated: Emulator) -> Twilio:
    return Twilio(line.with_settings(twilio_api_base_url=emulated.url).rt.settings)


def send(line: TextLine, twilio: Emulator, text: str = REMINDER) -> tuple[str, str]:
    """Send through our provider: our identifier and theirs."""
    message = line.message("twilio")
    answer = provider(line, twilio).send(ZHANG, text, message)
    assert isinstance(answer, Accepted)
    return message, answer.ref


def test_a_text_is_sent_as_it_stands(line: TextLine, twilio: Emulator) -> None:
    _, ref = send(line, twilio)
    kept = twilio.has(ref)
    assert (kept["to"], kept["from"], kept["body"]) == (ZHANG, LINE, REMINDER)


@pytest.mark.parametrize("known", [True, False], ids=["after our commit", "before it"])
def test_statuses_in_any_order_and_twice_end_as_delivered(line: TextLine, twilio: Emulator, known: bool) -> None:
    message, ref = send(line, twilio)
    if known:
        line.took(message, ref)
    for status in ("sending", "delivered", "sent", "delivered", "queued"):
        twilio.tells(ref, status)
        if status != "sending":
            assert line.state(message) == "delivered"


@pytest.mark.parametrize("told", ["undelivered", "failed"])
def test_what_does_not_arrive_is_failed(line: TextLine, twilio: Emulator, told: str) -> None:
    message, ref = send(line, twilio)
    line.took(message, ref)
    twilio.tells(ref, "sent")
    twilio.tells(ref, told)
    assert line.state(message) == "failed"


def test_a_broken_connection_is_looked_up_in_the_list(line: TextLine, twilio: Emulator) -> None:
    began = datetime.now(UTC)
    _, ref = send(line, twilio)
    ours = provider(line, twilio)
    assert ours.look_up(ZHANG, REMINDER, "key", began) == Accepted(ref)
    assert ours.look_up(ZHANG, REMINDER + "！", "key", began) == Absent()
    assert ours.look_up("+8613900139000", REMINDER, "key", began) == Absent()
    assert ours.look_up(ZHANG, REMINDER, "key", began + timedelta(minutes=1)) == Absent()


def test_a_reply_arrives_once_however_often_it_is_brought(line: TextLine, twilio: Emulator) -> None:
    brought = twilio.brings(ZHANG, "密码一二三四五六")
    assert line.texts() == [("twilio", ZHANG, "密码一二三四五六")]
    form = {"MessageSid": brought["sid"], "From": ZHANG, "To": LINE, "Body": "密码一二三四五六"}
    again = requests.post(
        f"{line.rt.settings.public_base_url}/sms", data=form, headers=line.signature("/sms", form), timeout=20
    )
    assert (again.status_code, again.headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
    assert again.text.endswith("<Response/>")
    assert len(line.texts()) == 1


def test_two_texts_of_the_same_words_are_two(line: TextLine, twilio: Emulator) -> None:
    twilio.brings(ZHANG, "好")
    twilio.brings(ZHANG, "好")
    assert len(line.texts()) == 2


def test_who_signs_with_another_token_is_not_heard(line: TextLine, stranger: Emulator) -> None:
    stranger.brings(ZHANG, "123456")
    assert line.texts() == []


def test_an_account_that_is_not_known_is_no_fault_of_the_number(line: TextLine, stranger: Emulator) -> None:
    answer = provider(line, stranger).send(ZHANG, REMINDER, "key")
    assert isinstance(answer, Refused)
    assert not answer.permanent


def _answers(url: str) -> bool:
    try:
        requests.get(url, timeout=2)
    except requests.RequestException:
        return False
    return True
