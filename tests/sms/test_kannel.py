"""Debian's Kannel with its false message centre: Chinese in two parts, receipts before the answer, replies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlencode

import pytest
import requests

from ops.embedded import free_port
from sms.providers import Accepted, Refused, Unclear
from sms.segments import measure
from tests.peers import running, wait_until
from tests.sms.conftest import LINE, REMINDER, ZHANG, TextLine
from tests.sms.gateway import FAKE_CENTRE, boxes, listens, on_the_way, provider

CENTRE = """\
group = smsc
smsc = fake
smsc-id = FAKE
port = {port}
connect-allow-ip = 127.0.0.1
"""
_RECEIVED = re.compile(r"Got message \d+: <(\S+) (\S+) (?:udh \S+ )?(?:data|text) ([^>]*)>")


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running Kannel, and the log of its message centre."""

    url: str
    log: Path

    def received(self) -> list[tuple[str, str]]:
        """The number and the words of each part that the message centre got."""
        parts = _RECEIVED.findall(self.log.read_text(errors="replace"))
        return [(to, unquote_to_bytes(data.replace("+", "%20")).decode("utf-16-be")) for _, to, data in parts]


@contextmanager
def gateway(line: TextLine, folder: Path, web: str) -> Iterator[Gateway]:
    """A Kannel that calls `line` at `web`; Mrs Zhang has written 好, which it has brought."""
    port, log = free_port(), folder / "centre.log"
    writes = ("-r", str(port), "-i", "1", "-m", "1", f"13800138000 {LINE} text 好")
    with boxes(line, folder, web, CENTRE.format(port=port)) as kannel:
        wait_until(lambda: listens(port), "Kannel waits for its message centre", folder / "bearerbox.log")
        with running(log, FAKE_CENTRE, "-H", "127.0.0.1", *writes):
            wait_until(line.texts, "the text arrives", folder / "smsbox.log")
            yield Gateway(kannel.url, log)


@pytest.fixture
def kannel(line: TextLine, tmp_path: Path) -> Iterator[Gateway]:
    """A Kannel that calls `line`."""
    with gateway(line, tmp_path, line.rt.settings.public_base_url) as running_gateway:
        yield running_gateway


def test_chinese_in_two_parts_arrives_whole(line: TextLine, kannel: Gateway) -> None:
    text = f"{REMINDER}不会回复的话，请打 12333 转人工，也可以请家人带您到社区来办。😀{'祝您身体健康！' * 3}"
    assert measure(text).segments == 2
    message = line.message("kannel")
    assert provider(line, kannel.url).send(ZHANG, text, message) == Accepted(message)
    wait_until(lambda: len(kannel.received()) == 2, "both parts arrive")
    assert "".join(part for _, part in kannel.received()) == text
    assert {to for to, _ in kannel.received()} == {ZHANG}
    wait_until(lambda: line.told(message) >= 2, "both receipts arrive, in whatever order")
    assert line.state(message) == "delivered"


def test_a_receipt_before_the_answer_is_not_lost(line: TextLine, kannel: Gateway) -> None:
    message = line.message("kannel")
    with on_the_way(kannel.url, until=lambda: line.state(message) == "delivered") as slow:
        assert provider(line, slow).send(ZHANG, REMINDER, message) == Accepted(message)
    assert line.state(message) == "delivered"


def test_the_first_text_came_with_its_number_in_full(line: TextLine, kannel: Gateway) -> None:
    assert line.texts() == [("kannel", ZHANG, "好")]


def test_a_text_waits_in_the_gateway_while_we_are_away(line: TextLine, tmp_path: Path) -> None:
    with on_the_way(line.rt.settings.public_base_url, fails=2) as web, gateway(line, tmp_path, web):
        assert line.texts() == [("kannel", ZHANG, "好")]


def test_a_wrong_password_is_no_fault_of_the_number(line: TextLine, kannel: Gateway) -> None:
    answer = provider(line, kannel.url, kannel_password="another").send(ZHANG, REMINDER, "key")
    assert answer == Refused("403", permanent=False)


def test_there_is_no_list_to_look_into(line: TextLine, kannel: Gateway) -> None:
    assert isinstance(provider(line, kannel.url).look_up(ZHANG, REMINDER, "key", line.rt.now()), Unclear)


def test_a_gateway_that_is_away_has_nothing(line: TextLine) -> None:
    answer = provider(line, f"http://127.0.0.1:{free_port()}").send(ZHANG, REMINDER, "key")
    assert isinstance(answer, Refused)
    assert not answer.permanent


@pytest.mark.parametrize(
    ("status", "answer", "state", "why"),
    [
        ("8", "ACK/", "sent", None),
        ("4", "", "sent", None),
        ("16", "NACK/0x0000000B/Invalid Destination Address", "failed", "0x0000000b"),
        ("2", "id:1 sub:001 dlvrd:000 stat:UNDELIV err:069 text:", "failed", "UNDELIV:069"),
        ("1", "id:1 stat:DELIVRD err:000 text:", "delivered", None),
        ("64", "", "sending", None),
    ],
    ids=["taken", "waiting", "refused", "not delivered", "delivered", "of no meaning"],
)
def test_every_receipt_is_understood(line: TextLine, status: str, answer: str, state: str, why: str | None) -> None:
    message = line.message("kannel")
    url = f"{line.rt.settings.public_base_url}/sms/kannel/status"
    query = {"token": line.rt.settings.kannel_token, "key": message, "status": status, "answer": answer}
    assert requests.get(url, params=query, timeout=20).status_code == 200
    assert (line.state(message), line.why(message)) == (state, why)


@pytest.mark.parametrize(
    ("words", "charset", "coding"),
    [
        ("密码 1234 😀".encode("utf-16-be"), "UTF-16BE", "2"),
        ("密码 1234 😀".encode("utf-16-be"), "", "2"),
        ("密码 1234 😀".encode(), "UTF-8", "0"),
        ("密码 1234 😀".encode("gb18030"), "GB18030", "1"),
    ],
    ids=["UTF-16", "UCS-2 unnamed", "UTF-8", "GB18030"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_text_is_read_in_whatever_it_is_written(
    line: TextLine, words: bytes, charset: str, coding: str, method: str
) -> None:
    url = f"{line.rt.settings.public_base_url}/sms/kannel"
    said: dict[str, object] = {
        "from": "8613800138000",
        "text": words,
        "charset": charset,
        "coding": coding,
        "id": "one",
    }
    token: dict[str, object] = {"token": line.rt.settings.kannel_token}
    for _ in range(2):
        if method == "GET":
            answer = requests.get(f"{url}?{urlencode(token | said)}", timeout=20)
        else:
            answer = requests.post(f"{url}?{urlencode(token)}", data=said, timeout=20)
        assert (answer.status_code, answer.text) == (200, "")
    assert line.texts() == [("kannel", ZHANG, "密码 1234 😀")]
